"""create, also conditionally by identifier. *Source*: R4 http.html#create, #ccreate."""

from app.fhir import search_values
from app.fhir.errors import NotSupported, UnknownParameter
from app.fhir.json import JsonObject
from app.fhir.search_values import TokenMatch
from app.services.caller import Caller
from app.services.interactions.bodies import resource_of
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse, query_pairs, version_headers
from app.services.write import write
from app.services.writing import Entry
from app.store.resources import Stored


async def create(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """201 with the stored resource; 200 with the one that is there already when the condition finds it."""
    (type_name,) = request.path
    tree = await resource_of(request, type_name, network.settings.max_resource_bytes)
    entry = created_entry(network, type_name, tree, request.headers.get("if-none-exist"))
    await write(network, caller, [entry])
    return created_response(network, caller, entry)


def created_entry(network: Network, type_name: str, tree: JsonObject, if_none_exist: str | None, at: str = "") -> Entry:
    """An entry under a new id; the id that the sender gave its resource is only a name it has elsewhere."""
    id = network.ids.next()
    sent_id = tree.get("id", "") if isinstance(tree.get("id", ""), str) else ""
    condition = _condition(network, type_name, if_none_exist, at) if if_none_exist is not None else None
    return Entry(type_name, tree, "create", str(id), id, at=at, condition=condition, sent_id=sent_id)


def created_response(network: Network, caller: Caller, entry: Entry) -> FhirResponse:
    """A scope to create is none to read: without it the answer has headers and no body."""
    stored = entry.existing or stored_of(entry)
    headers = version_headers(network.base, stored, location=True)
    body = stored.body if caller.allows(entry.type, "r") else b""
    return FhirResponse(200 if entry.existing else 201, body, headers)


def stored_of(entry: Entry) -> Stored:
    """What a write has just stored, as a reader would find it."""
    if entry.last_updated is None:
        raise ValueError("this entry has not been written")
    return Stored(entry.id, entry.type, entry.fhir_id, entry.version, entry.last_updated, False, entry.body)


def _condition(network: Network, type_name: str, text: str, at: str) -> tuple[str, str]:
    """(system, value) of the one condition that is understood; any other parameter would be a guess."""
    if "identifier" not in network.registry.types[type_name].parameters:
        raise NotSupported("if-none-exist", f"{type_name} has no identifier to create conditionally by", at)
    pairs = query_pairs(text.lstrip("?"))
    if len(pairs) != 1 or pairs[0][0] != "identifier":
        raise UnknownParameter("if-none-exist", "If-None-Exist is identifier=system|value and nothing else", at)
    matches = search_values.tokens("identifier", pairs[0][1])
    if len(matches) == 1 and isinstance(matches[0], TokenMatch):
        token = matches[0]
        if token.value and (token.system or token.no_system):
            return token.system or "", token.value
    raise UnknownParameter("if-none-exist", "If-None-Exist names one identifier with its system: system|value", at)
