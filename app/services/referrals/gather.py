"""What of a referral its recipient needs, and no more: the person, who asks, why, and what the sender attached.

The source's own ServiceRequest and Task stay with the source and the network; the filler order says the same.
*Source*: product sheet G06 (minimum necessary); SDOH Clinical Care 3.0.0, ServiceRequest and Task references.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from app.fhir import json
from app.fhir.json import JsonObject
from app.fhir.references import Local, Remote, parse_reference
from app.services.network import Network
from app.services.referrals.filler import GOAL_EXTENSION
from app.store import connections, resources
from app.store.pool import Unit
from app.store.resources import Stored

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


async def resolve(network: Network, unit: Unit, references: Iterable[str]) -> dict[UUID, Stored]:
    """What literal references lead to: our own resources and our copies of remote ones."""
    keys: list[tuple[str, str]] = []
    copies: list[UUID] = []
    for text in dict.fromkeys(references):
        match parse_reference(text, network.base):
            case Local(type=type_name, id=fhir_id):
                keys.append((type_name, fhir_id))
            case Remote(base=base, type=type_name, id=remote_id):
                known = (await connections.by_bases(unit, [base])).get(base)
                local = await connections.local_copy(unit, known.id, type_name, remote_id) if known else None
                copies += [local] if local else []
    found = {stored.id: stored for stored in (await resources.current(unit, keys)).values()}
    return found | await resources.by_ids(unit, copies)


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
