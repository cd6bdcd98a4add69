"""$validate: what a create, an update or a delete would be told. The write's own steps judge it, and all is undone.

So nothing can pass here that a write refuses, nor the other way round. Beside the refusals come warnings: codes that a
profile only suggests, elements that it wants supported, references to what does not fit. `mode=profile`, or an address
of an instance without a resource in the body, judges what is stored. Of a Bundle that is made to be posted, what the
base would refuse it for is told, too.
*Source*: R4 resource-operation-validate.html; http.html#transaction.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from app.fhir import json, structure
from app.fhir.errors import Invalid, Issue, NotSupported, ReferenceNotFound, Refusal, Required, Value
from app.fhir.json import JsonObject
from app.fhir.outcomes import operation_outcome
from app.fhir.places import expression
from app.fhir.references import Urn, each_reference, parse_reference
from app.fhir.requests import READS, at_entry, read_bundle
from app.fhir.requests import Entry as Asked
from app.services.caller import Caller
from app.services.interactions.computed import COMPUTED_TYPES
from app.services.interactions.create import created_entry
from app.services.interactions.delete import deleted_entry
from app.services.interactions.permit import permit
from app.services.interactions.read import answer
from app.services.interactions.update import updated_entry
from app.services.knowledge import Known
from app.services.network import Network
from app.services.operations.inputs import Inputs, inputs
from app.services.operations.operation import Operation
from app.services.profiles.judge import judge, named
from app.services.projection import projection
from app.services.requests import FhirRequest, FhirResponse, if_match, if_none_match
from app.services.steps.references import NO_SUCH_ENTRY
from app.services.write import write
from app.services.writing import Entry
from app.store import audit, resources
from app.store.pool import Unit

# mode -> the scope that the same write needs; "profile" writes nothing and reads what is stored
MODES = {"create": "c", "update": "u", "delete": "d", "profile": "r"}
INTERACTIONS = {"profile": "read"}
INPUTS = ("mode", "profile", "resource")
FINE = Issue(
    "informational",
    "validate-fine",
    "nothing is wrong with it by R4, its profiles and the rules of this network",
    severity="information",
)


class _Undone(Exception):
    """Ends the transaction of a write that was only to be judged."""


async def validate(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with an OperationOutcome, whatever it finds; 4xx where there is nothing to judge."""
    type_name, *rest = request.path
    limits = network.settings
    most = limits.max_bundle_bytes if type_name == "Bundle" else limits.max_resource_bytes
    given = await inputs(request, INPUTS, most)
    fhir_id = rest[0] if len(rest) == 2 else None
    stored = fhir_id is not None and given.resource is None
    mode = given.one("mode") or ("profile" if stored else "update" if fhir_id else "create")
    _refuse(network, caller, type_name, mode, given, fhir_id)
    profiles = tuple(given.values.get("profile", ()))
    if type_name == "Bundle":
        return await _bundle(network, caller, given.resource, profiles)
    if mode == "profile":
        issues = await _stored(network, caller, type_name, fhir_id or "", profiles)
    else:
        entry = _entry(network, type_name, mode, given.resource, fhir_id, if_match(request.headers))
        entry.profiles, entry.follows = profiles, True
        if mode == "update":
            entry.if_none_match, entry.may_create = if_none_match(request.headers), caller.may_assign_ids
        issues = await _judged(network, replace(caller, require_if_match=False), entry)
    async with network.store.unit(caller.members) as unit:
        await audit.write(unit, caller.act(network.ids, "validate", type_name, mode), "done")
    return FhirResponse(200, json.dump(operation_outcome(issues or (FINE,))))


async def _bundle(network: Network, caller: Caller, tree: JsonObject | None, profiles: tuple[str, ...]) -> FhirResponse:
    """A Bundle is no endpoint: it is judged with all its entries, and what they refer to beside and behind it."""
    if tree is None or tree.get("resourceType") != "Bundle":
        raise Required("validate-resource", "send the Bundle, alone or as 'resource' in Parameters", "resource")
    known = Known(network.conformance.value_sets, network.base, {}, dict(named(tree)))
    async with network.store.unit(caller.members) as unit:
        await audit.write(unit, caller.act(network.ids, "validate", "Bundle"), "done")
        issues = judge(network.conformance, tree, known, profiles)
        while await known.learn(unit):
            issues = judge(network.conformance, tree, known, profiles)
    found = tuple(dict.fromkeys((*_of_posting(network, tree), *issues)))
    return FhirResponse(200, json.dump(operation_outcome(found or (FINE,))))


def _of_posting(network: Network, tree: JsonObject) -> Iterable[Issue]:
    """What the base would refuse a batch or a transaction for before it looks into the entries, and references to
    entries that are not in it. In a batch none can refer to another."""
    if tree.get("type") not in ("batch", "transaction"):
        return ()
    try:
        kind, entries = read_bundle(tree, network.settings.max_bundle_entries)
    except Refusal as refusal:
        return refusal.issues
    written = [each for each in entries if each.method not in READS and not each.calls]
    there = {each.full_url for each in written} if kind == "transaction" else set()
    refused = [issue for each in entries if each.refused is not None for issue in each.refused.issues]
    return [*refused, *(issue for each in written for issue in _leading_nowhere(network, each, there))]


def _leading_nowhere(network: Network, each: Asked, there: Collection[str | None]) -> list[Issue]:
    found: list[Issue] = []
    for reference in each_reference(each.type, each.resource or {}):
        try:
            target = parse_reference(reference.text, network.base)
        except Value:  # the structure's own problem
            continue
        if isinstance(target, Urn) and target.text not in there:
            found += ReferenceNotFound("reference-not-in-bundle", NO_SUCH_ENTRY, expression(reference.path)).issues
    return at_entry(found, each.index)


def _refuse(network: Network, caller: Caller, type_name: str, mode: str, given: Inputs, fhir_id: str | None) -> None:
    if mode not in MODES:
        raise Value("validate-mode", f"mode is {' or '.join(MODES)}", "mode")
    if type_name not in OPERATION.beyond:
        permit(network, caller, type_name, INTERACTIONS.get(mode, mode), MODES[mode])
    for url in given.values.get("profile", ()):
        about = network.conformance.profiles.is_about(url.partition("|")[0], type_name)
        if about is None:
            message = "this profile is not known here: baton profiles list names those that are"
            raise NotSupported("validate-profile", message, "profile")
        if version := network.conformance.profiles.other_version(url):
            raise NotSupported("validate-profile", f"of this profile version {version} is known here", "profile")
        if not about:
            raise Invalid("profile-type", f"this address judges by profiles of {type_name} only", "profile")
    if mode in ("delete", "profile") and fhir_id is None:
        raise Invalid("validate-stored", "what is stored is judged at its address: Type/id/$validate", "mode")
    if mode == "profile" and given.resource is not None:
        raise Invalid("validate-stored", "mode=profile judges what is stored; leave the resource out", "resource")
    if mode not in ("delete", "profile") and given.resource is None:
        raise Required("validate-resource", "send the resource, alone or as 'resource' in Parameters", "resource")


async def _stored(
    network: Network, caller: Caller, type_name: str, fhir_id: str, profiles: tuple[str, ...]
) -> tuple[Issue, ...]:
    act = caller.act(network.ids, "read", type_name)
    async with network.store.unit(caller.members) as unit:
        stored = await resources.read(unit, act, type_name, fhir_id)
        answer(network, stored)
        tree = json.parse(projection(stored)) if stored is not None else {}
        known = Known(network.conformance.value_sets, network.base, {(type_name, fhir_id): tree})
        judged = network.conformance.check(type_name, tree, known, profiles, follows=True)
        while await known.learn(unit):
            judged = network.conformance.check(type_name, tree, known, profiles, follows=True)
    return (*structure.check(type_name, tree), *judged, *network.conformance.gaps(type_name, tree, profiles))


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
    """The refusals, then what else would be said."""

    async def undo(_: Unit) -> None:
        raise _Undone

    refused: tuple[Issue, ...] = ()
    try:
        await write(network, caller, [entry], undo)
    except Refusal as refusal:
        refused = refusal.issues
    except _Undone:
        pass
    gaps = network.conformance.gaps(entry.type, entry.tree, entry.profiles) if entry.interaction != "delete" else ()
    return (*refused, *entry.notes, *gaps)


OPERATION = Operation(
    name="validate",
    levels=("type", "instance"),
    types=(),
    affects_state=False,
    definition_url="http://hl7.org/fhir/OperationDefinition/Resource-validate",
    handler=validate,
    letter=None,
    beyond=("Bundle",),
    never=COMPUTED_TYPES,
)
