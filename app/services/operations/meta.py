"""$meta: the profiles, tags and security labels of a resource, of a type, or of all that the caller sees.

It reads only: labels change through the resource itself. *Source*: R4 resource-operation-meta.html.
"""

from dataclasses import replace
from itertools import product

from app.fhir import json
from app.fhir.errors import TooCostly
from app.fhir.json import JsonObject
from app.fhir.search_terms import refuse_building
from app.services.caller import Caller
from app.services.interactions.computed import COMPUTED
from app.services.interactions.permit import scoped
from app.services.interactions.read import answer
from app.services.interactions.reading import reading
from app.services.network import Network
from app.services.operations.inputs import inputs
from app.services.operations.operation import Operation
from app.services.projection import projection
from app.services.requests import FhirRequest, FhirResponse
from app.store import audit, labels, resources

# element of Meta -> the parameter under which every type indexes it
SOURCES = {"profile": "_profile", "security": "_security", "tag": "_tag"}


async def meta(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with Parameters that hold one Meta; of a hidden resource the same 404 as of none."""
    await inputs(request, (), network.settings.max_resource_bytes)
    *where, _ = request.path
    found = await (_of_one(network, caller, request) if len(where) == 2 else _of_many(network, caller, request, where))
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "return", "valueMeta": found}]}
    if not found:  # an empty object does not exist in FHIR
        parameters = {"resourceType": "Parameters"}
    return FhirResponse(200, json.dump(parameters))


async def _of_one(network: Network, caller: Caller, request: FhirRequest) -> JsonObject:
    type_name, fhir_id, _ = request.path
    computed = COMPUTED.get((type_name, "read"))
    if computed is not None:
        read = await computed(network, caller, replace(request, path=(type_name, fhir_id), query=(), headers={}))
        labels_of: JsonObject = json.parse(read.body).get("meta", {})
        return labels_of
    act = caller.act(network.ids, "meta", type_name)
    async with network.store.unit(caller.members) as unit:
        stored = await resources.read(unit, act, type_name, fhir_id)
    answer(network, stored)
    tree = json.parse(projection(stored)) if stored else {}
    found: JsonObject = tree.get("meta", {})
    return found


async def _of_many(network: Network, caller: Caller, request: FhirRequest, where: list[str]) -> JsonObject:
    """What many resources say is found by a search, so that their types must be ones the caller may search, too."""
    for name in where:
        scoped(caller, name, "rs")
    registry = await network.asking_by_now()
    types = where or [name for name in registry.types if caller.allows(name, "r") and caller.allows(name, "s")]
    named = {}
    for name, (element, code) in product(types, SOURCES.items()):
        refuse_building(registry.types[name], code)
        named[network.numbers[name][code]] = element
    async with reading(network, caller, request, searching=True) as unit:
        await audit.write(unit, caller.act(network.ids, "meta", where[0] if where else None), "done")
        used = await labels.used(unit, named)
    if len(used) > labels.MOST:
        too_many = f"more than {labels.MOST} labels are in use here; ask of a type or of a resource, or search by one"
        raise TooCostly("meta-labels", too_many)
    found: JsonObject = {}
    for element, system, value in used:
        coding = {"system": system, "code": value} if system else {"code": value}
        found.setdefault(element, []).append(value if element == "profile" else coding)
    return {element: found[element] for element in SOURCES if element in found}


OPERATION = Operation(
    name="meta",
    levels=("system", "type", "instance"),
    types=(),
    affects_state=False,
    definition_url="http://hl7.org/fhir/OperationDefinition/Resource-meta",
    handler=meta,
)
