"""Which member stands behind a reference: its Organization, or one that a role, a service or a branch belongs to.

Leading back only routes; it gives nobody rights. A posted copy with a member's identifier leads to that member.
"""

from typing import Any

from app.fhir import json
from app.fhir.references import Local, Remote, Target, parse_reference
from app.services.network import Network
from app.store import connections, members, resources
from app.store.members import MemberRow
from app.store.pool import Unit

# where each type says to which organization it belongs
BELONGS_TO = {"Organization": "partOf", "PractitionerRole": "organization", "HealthcareService": "providedBy"}
MAX_STEPS = 5


async def member_behind(network: Network, unit: Unit, reference: dict[str, Any]) -> MemberRow | None:
    """The member that `reference` (a Reference: literal, identifier or both) leads to within five steps, or None."""
    for _ in range(MAX_STEPS):
        found = await _by_identifier(network, unit, [reference.get("identifier", {})])
        if found is not None:
            return found
        if "reference" not in reference:
            return None
        target = parse_reference(reference["reference"], network.base)
        found = await _itself(unit, target)
        if found is not None:
            return found
        copy = await _resource(unit, target)
        if copy is None or copy.type not in BELONGS_TO:
            return None
        member = (await members.get(unit, [copy.id])).get(copy.id)
        if member is not None:
            return member
        tree = json.parse(copy.body)
        if copy.type == "Organization":
            found = await _by_identifier(network, unit, tree.get("identifier", []))
            if found is not None:
                return found
        reference = tree.get(BELONGS_TO[copy.type], {})
    return None


async def _by_identifier(network: Network, unit: Unit, identifiers: list[dict[str, Any]]) -> MemberRow | None:
    number = network.numbers["Organization"]["identifier"]
    for identifier in identifiers:
        if "value" in identifier:
            system = identifier.get("system", "")
            found = await members.by_identifier(unit, number, system, identifier["value"])
            if found is not None:
                return found
    return None


async def _itself(unit: Unit, target: Target) -> MemberRow | None:
    """Most references name the member's own Organization: one question answers them."""
    if isinstance(target, Local) and target.type == "Organization":
        return await members.by_fhir_id(unit, target.id)
    return None


async def _resource(unit: Unit, target: Target) -> resources.Stored | None:
    match target:
        case Local(type=type_name, id=fhir_id):
            return (await resources.current(unit, [(type_name, fhir_id)])).get((type_name, fhir_id))
        case Remote(base=base, type=type_name, id=remote_id):
            known = (await connections.by_bases(unit, [base])).get(base)
            local = await connections.local_copy(unit, known.id, type_name, remote_id) if known else None
            return (await resources.by_ids(unit, [local])).get(local) if local else None
    return None
