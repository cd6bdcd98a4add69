"""$validate: what a create, an update or a delete would be told. The write's own steps judge it, and all is undone.

So nothing can pass here that a write refuses, nor the other way round. Profiles that a resource declares are not judged
yet; asking for one by name is refused, so that nobody takes silence for a yes.
*Source*: R4 resource-operation-validate.html.
"""

from dataclasses import replace

from app.fhir import json
from app.fhir.errors import Invalid, Issue, NotSupported, Refusal, Required, Value
from app.fhir.json import JsonObject
from app.fhir.outcomes import operation_outcome
from app.services.caller import Caller
from app.services.interactions.create import created_entry
from app.services.interactions.delete import deleted_entry
from app.services.interactions.permit import permit
from app.services.interactions.update import updated_entry
from app.services.network import Network
from app.services.operations.inputs import Inputs, inputs
from app.services.operations.operation import Operation
from app.services.requests import FhirRequest, FhirResponse, if_match, if_none_match
from app.services.write import write
from app.services.writing import Entry
from app.store import audit
from app.store.pool import Unit

# mode -> the scope that the same write needs
MODES = {"create": "c", "update": "u", "delete": "d"}
INPUTS = ("mode", "profile", "resource")
FINE = Issue(
    "informational",
    "validate-fine",
    "nothing is wrong with it by R4 and the rules of this network; declared profiles were not judged",
    severity="information",
)


class _Undone(Exception):
    """Ends the transaction of a write that was only to be judged."""


async def validate(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with an OperationOutcome, whatever it finds; 4xx where there is nothing to judge."""
    type_name, *rest = request.path
    given = await inputs(request, INPUTS, network.settings.max_resource_bytes)
    fhir_id = rest[0] if len(rest) == 2 else None
    mode = given.one("mode") or ("update" if fhir_id else "create")
    _refuse(network, caller, type_name, mode, given, fhir_id)
    entry = _entry(network, type_name, mode, given.resource, fhir_id, if_match(request.headers))
    if mode == "update":
        entry.if_none_match, entry.may_create = if_none_match(request.headers), caller.may_assign_ids
    issues = await _judged(network, replace(caller, require_if_match=False), entry)
    async with network.store.unit(caller.members) as unit:
        await audit.write(unit, caller.act(network.ids, "validate", type_name, mode), "done")
    return FhirResponse(200, json.dump(operation_outcome(issues or (FINE,))))


def _refuse(network: Network, caller: Caller, type_name: str, mode: str, given: Inputs, fhir_id: str | None) -> None:
    if mode not in MODES:
        raise Value("validate-mode", f"mode is {' or '.join(MODES)}", "mode")
    permit(network, caller, type_name, mode, MODES[mode])
    if given.one("profile") not in (None, f"http://hl7.org/fhir/StructureDefinition/{type_name}"):
        raise NotSupported("validate-profile", "this server does not judge by this profile; leave it out", "profile")
    if mode == "delete" and fhir_id is None:
        raise Invalid("validate-delete", "a delete is judged at the resource: Type/id/$validate?mode=delete", "mode")
    if mode != "delete" and given.resource is None:
        raise Required("validate-resource", "send the resource, alone or as 'resource' in Parameters", "resource")


def _entry(
    network: Network,
    type_name: str,
    mode: str,
    resource: JsonObject | None,
    fhir_id: str | None,
    version: int | None,
) -> Entry:
    if mode == "delete":
        entry = deleted_entry(network, type_name, fhir_id, None)
        entry.if_match = version
        return entry
    tree = resource or {}
    if tree.get("resourceType") != type_name:
        raise Invalid("resource-type-differs", f"this address takes {type_name}", "resourceType")
    if mode == "create":
        return created_entry(network, type_name, tree, None)
    named = fhir_id or tree.get("id")
    if not isinstance(named, str):
        raise Required("validate-id", "an update is of a resource that has an id", f"{type_name}.id")
    return updated_entry(network, type_name, named, tree, version)


async def _judged(network: Network, caller: Caller, entry: Entry) -> tuple[Issue, ...]:
    async def undo(_: Unit) -> None:
        raise _Undone

    try:
        await write(network, caller, [entry], undo)
    except Refusal as refusal:
        return refusal.issues
    except _Undone:
        pass
    return ()


OPERATION = Operation(
    name="validate",
    levels=("type", "instance"),
    types=(),
    affects_state=False,
    definition_url="http://hl7.org/fhir/OperationDefinition/Resource-validate",
    handler=validate,
    letter=None,
)
