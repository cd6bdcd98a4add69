"""update, also conditionally; by a client that chooses ids, of what is not there yet.

*Source*: R4 http.html#update, #cond-update, #upsert.
"""

from app.fhir.errors import Invalid, Value
from app.fhir.json import JsonObject
from app.fhir.primitives import check_of
from app.services.caller import Caller
from app.services.criteria import criterion_of
from app.services.interactions.bodies import limit_of, resource_of
from app.services.interactions.written import written_response
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse, if_match, if_none_match
from app.services.write import write
from app.services.writing import Criterion, Entry


async def update(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with the new version; 201 where it created. Ids are ours to give, but for clients registered otherwise."""
    type_name, *named = request.path
    version, none_match = if_match(request.headers), if_none_match(request.headers)
    wanted = None if named else criterion_of(network, type_name, list(request.query))
    tree = await resource_of(request, type_name, limit_of(network, type_name))
    if wanted is None:
        entry = updated_entry(network, type_name, named[0], tree, version)
    else:
        entry = conditional_entry(network, type_name, wanted, tree, version)
    entry.if_none_match, entry.may_create = none_match, caller.may_assign_ids
    await write(network, caller, [entry])
    return written_response(network, caller, request.headers, entry)


def updated_entry(
    network: Network, type_name: str, fhir_id: str, tree: JsonObject, version: int | None, at: str = ""
) -> Entry:
    if tree.get("id") != fhir_id:
        raise Invalid("id-differs", "the id in the body is the id in the address", at or f"{type_name}.id")
    # the key is found by the write; until then it is a new one that nothing refers to
    return Entry(type_name, tree, "update", fhir_id, network.ids.next(), at=at, if_match=version)


def conditional_entry(
    network: Network, type_name: str, wanted: Criterion, tree: JsonObject, version: int | None, at: str = ""
) -> Entry:
    """Which resource it is, the write finds; the id in the body, where there is one, must be that one's."""
    id, sent_id = network.ids.next(), tree.get("id")
    if sent_id is not None and check_of("id")(sent_id) is not None:
        raise Value("id-form", "an id has 1 to 64 letters, digits, hyphens and points", at or f"{type_name}.id")
    return Entry(type_name, tree, "update", str(id), id, at=at, if_match=version, criterion=wanted)
