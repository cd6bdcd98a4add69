"""update: a new version of a resource; If-Match is honoured. *Source*: R4 http.html#update."""

from app.fhir.errors import Invalid
from app.fhir.json import JsonObject
from app.services.caller import Caller
from app.services.interactions.bodies import resource_of
from app.services.interactions.create import stored_of
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse, if_match, version_headers
from app.services.write import write
from app.services.writing import Entry


async def update(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with the new version. Ids are ours to assign, so an unknown one is 404."""
    type_name, fhir_id = request.path
    version = if_match(request.headers)
    tree = await resource_of(request, type_name, network.settings.max_resource_bytes)
    entry = updated_entry(network, type_name, fhir_id, tree, version)
    await write(network, caller, [entry])
    return updated_response(network, caller, entry)


def updated_entry(
    network: Network, type_name: str, fhir_id: str, tree: JsonObject, version: int | None, at: str = ""
) -> Entry:
    if tree.get("id") != fhir_id:
        raise Invalid("id-differs", "the id in the body is the id in the address", at or f"{type_name}.id")
    # the key is found by the write; until then it is a new one that nothing refers to
    return Entry(type_name, tree, "update", fhir_id, network.ids.next(), at=at, if_match=version)


def updated_response(network: Network, caller: Caller, entry: Entry) -> FhirResponse:
    stored = stored_of(entry)
    body = stored.body if caller.allows(entry.type, "r") else b""
    return FhirResponse(200, body, version_headers(network.base, stored))
