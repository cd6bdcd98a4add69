"""What of a referral its recipient needs, and no more: the person, who asks, why, and what the sender attached.

The source's own ServiceRequest and Task stay with the source and the network; the filler order says the same.
*Source*: product sheet G06 (minimum necessary); SDOH Clinical Care 3.0.0, ServiceRequest and Task references.
"""

from typing import Any

from app.domain.referral.waiting import WHY_WAITING
from app.fhir import json
from app.fhir.errors import BusinessRule
from app.fhir.json import JsonObject
from app.services.lookups.resolve import resolve
from app.services.network import Network
from app.services.referrals.filler import GOAL_EXTENSION
from app.services.referrals.source import Source
from app.store import participations
from app.store.pool import Unit
from app.store.referrals import ReferralRow
from app.store.resources import Stored
from app.store.visibility import EVERYBODY

# one hop further: who stands behind a role
BEHIND = {"PractitionerRole": ("practitioner", "organization"), "RelatedPerson": ("patient",)}
NEVER = frozenset({"Task", "ServiceRequest"})


async def gather(network: Network, unit: Unit, source_task: JsonObject, request: JsonObject) -> list[Stored]:
    """The resources, as the network holds them, that a child Task's recipient gets to see."""
    found = await resolve(network, unit, _named(source_task, request))
    behind = [
        reference
        for stored in found.values()
        for name in BEHIND.get(stored.type, ())
        if (reference := json.parse(stored.body).get(name, {}).get("reference"))
    ]
    found |= await resolve(network, unit, behind)
    return [stored for stored in found.values() if stored.type not in NEVER]


async def what_is_shown(network: Network, unit: Unit, row: ReferralRow, source: Source) -> list[Stored]:
    """What a recipient gets to see: of the senders' own resources, about one person. Raises BusinessRule."""
    persons = [source.task_tree.get("for", {}), source.request_tree.get("subject", {})]
    named = [person["reference"] for person in persons if person.get("reference", "#")[0] != "#"]
    keys = [set(await resolve(network, unit, [reference])) for reference in named]
    if len(keys) == 2 and all(keys) and not keys[0] & keys[1]:
        raise BusinessRule("persons-differ", WHY_WAITING["persons-differ"])
    found = await gather(network, unit, source.task_tree, source.request_tree)
    # a member may refer on what it sees as a recipient, but not give it away
    await unit.also_for(row.sources)
    roles = await participations.roles(unit, [*row.sources, EVERYBODY], [stored.id for stored in found])
    shown = [stored for stored in found if roles.get(stored.id, set()) & {"author", "directory"}]
    if not {stored.id for stored in shown} & set().union(*keys):
        raise BusinessRule("person-of-another", WHY_WAITING["person-of-another"])
    return shown


def _named(source_task: JsonObject, request: JsonObject) -> list[str]:
    holders: list[dict[str, Any]] = [
        source_task.get("for", {}),
        source_task.get("requester", {}),
        *(item.get("valueReference", {}) for item in source_task.get("input", ())),
        request.get("subject", {}),
        request.get("requester", {}),
        *request.get("reasonReference", ()),
        *request.get("supportingInfo", ()),
        *(each.get("valueReference", {}) for each in request.get("extension", ()) if each.get("url") == GOAL_EXTENSION),
    ]
    return [holder["reference"] for holder in holders if holder.get("reference", "#")[0] != "#"]
