"""Who asks, as a role: one for each clinician, kept as her chart says that she is reached.

*Source*: SDOH Clinical Care 3.0.0, PractitionerRole (a requester says how it is reached).
"""

from app.domain.referral.task import PROFILE
from app.fhir import json
from app.fhir.json import JsonObject
from app.fhir.models import authored
from app.services.launch.session import Launched
from app.services.network import Network
from app.services.writing import Criterion, Entry, change, new
from app.store import claims, resources
from app.store.pool import Unit
from app.store.resources import Stored

TYPE = "PractitionerRole"
# what may change from one referral to the next
TOLD = ("practitioner", "telecom")


async def role(
    network: Network,
    unit: Unit,
    launched: Launched,
    *,
    practitioner: JsonObject,
    reached: list[JsonObject],
    known: bool,
) -> Entry:
    """The role, to be written with the referral: new, or as it is told now.

    `practitioner` is a Reference, `reached` ContactPoints. `known`: her own record was read; where it was not, what an
    earlier one said stands.
    """
    name = (f"{network.base}/clinician", launched.caller.client_id or str(launched.id))
    tree = authored(
        {
            "resourceType": TYPE,
            "meta": {"profile": [PROFILE + "SDOHCC-practitionerrole"]},
            "identifier": [{"system": name[0], "value": name[1]}],
            "active": True,
            "practitioner": practitioner,
            "organization": {"reference": f"Organization/{launched.member}"},
            "telecom": reached,
        }
    )
    stored = await _stored(network, unit, launched, name) if known else None
    if stored is not None:
        before = json.parse(stored.body)
        if any(before.get(each) != tree[each] for each in TOLD):
            return change(stored, tree)
    entry = new(network, tree)
    entry.criterion = Criterion(*name)
    return entry


async def _stored(network: Network, unit: Unit, launched: Launched, name: tuple[str, str]) -> Stored | None:
    number = network.numbers[TYPE]["identifier"]
    found = await claims.authored_with_identifier(unit, sorted(launched.caller.members), TYPE, number, *name)
    return (await resources.by_ids(unit, found, lock=True)).get(found[0]) if len(found) == 1 else None
