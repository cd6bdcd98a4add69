"""transaction: all or nothing; urn:uuid references become the ids that the resources get.

*Source*: R4 http.html#transaction, #trules.
"""

from http import HTTPStatus

from app.fhir import bundles, json
from app.fhir.bundles import Answer
from app.fhir.errors import Forbidden, Invalid, NotFound, NotSupported, TooLong
from app.fhir.references import rewrite
from app.fhir.requests import Entry as Asked
from app.services.caller import Caller
from app.services.interactions.create import created_entry, created_response
from app.services.interactions.read import read
from app.services.interactions.search import search
from app.services.interactions.update import updated_entry, updated_response
from app.services.interactions.vread import vread
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse, if_match, query_pairs
from app.services.write import write
from app.services.writing import Entry
from app.store.pool import Unit


async def transaction(network: Network, caller: Caller, entries: tuple[Asked, ...]) -> FhirResponse:
    """200 with a transaction-response in the order of the request; any refusal leaves nothing behind."""
    planned = {each.index: plan(network, caller, each) for each in entries if each.method != "GET"}
    _resolve(entries, planned)
    _refuse_same_condition(planned)
    answers: list[FhirResponse] = []

    async def read_too(unit: Unit | None) -> None:
        answers[:] = [await respond(network, caller, each, planned.get(each.index), unit) for each in entries]

    if planned:
        # creates, then updates, then reads, which see the outcome and can still end it
        await write(
            network, caller, sorted(planned.values(), key=lambda entry: entry.interaction != "create"), read_too
        )
    else:
        await read_too(None)
    return FhirResponse(200, bundles.response("transaction-response", [as_answer(each) for each in answers]))


def plan(network: Network, caller: Caller, each: Asked) -> Entry:
    """What an entry that writes will do. Raises Forbidden, NotFound or NotSupported."""
    _served(network, each)
    at = f"Bundle.entry[{each.index}].resource"
    resource = each.resource
    if resource is not None and len(json.dump(resource)) > network.settings.max_resource_bytes:
        raise TooLong("resource-too-long", f"a resource has at most {network.settings.max_resource_bytes} bytes", at)
    if each.method == "POST" and resource is not None:
        entry = created_entry(network, each.type, resource, each.if_none_exist, at)
    elif each.method == "PUT" and resource is not None and each.id is not None and each.query is None:
        version = if_match({"if-match": each.if_match} if each.if_match else {})
        entry = updated_entry(network, each.type, each.id, resource, version, at)
    else:
        raise NotSupported("bundle-method", "a Bundle may POST Type, PUT Type/id and GET", _request_at(each))
    entry.full_url = each.full_url or ""
    _scope(caller, each, "c" if entry.interaction == "create" else "u")
    return entry


async def respond(
    network: Network, caller: Caller, each: Asked, entry: Entry | None, unit: Unit | None = None
) -> FhirResponse:
    """The answer to one entry: of what was written, or of a read or search. A transaction reads in its own `unit`."""
    if entry is not None:
        written = created_response if entry.interaction == "create" else updated_response
        return written(network, caller, entry)
    _served(network, each)
    path = tuple(part for part in (each.type, each.id, "_history" if each.version else None, each.version) if part)
    query = tuple(query_pairs(each.query or ""))
    handler = search if each.id is None else vread if each.version else read
    _scope(caller, each, "s" if each.id is None else "r")
    return await handler(network, caller, FhirRequest("GET", path, query, {}, _no_body, unit))


def as_answer(response: FhirResponse) -> Answer:
    headers = response.headers
    return Answer(
        status=f"{response.status} {HTTPStatus(response.status).phrase}",
        location=headers.get("Location"),
        etag=headers.get("ETag"),
        body=response.body or None,
    )


def _served(network: Network, each: Asked) -> None:
    if each.type not in network.registry.types:
        message = "this resource type is not served; /fhir/metadata lists those that are"
        raise NotFound("type-not-served", message, _request_at(each))


def _scope(caller: Caller, each: Asked, letter: str) -> None:
    if not caller.allows(each.type, letter):
        message = f"the access token's scopes do not hold system/{each.type}.{letter}"
        raise Forbidden("scope", message, _request_at(each))


def _resolve(entries: tuple[Asked, ...], planned: dict[int, Entry]) -> None:
    """fullUrl -> the id that its entry has or gets, in every reference of the transaction."""
    mapping = {
        each.full_url: "/".join(planned[each.index].key) for each in entries if each.full_url and each.index in planned
    }
    for entry in planned.values():
        entry.tree = rewrite(entry.tree, mapping)


def _refuse_same_condition(planned: dict[int, Entry]) -> None:
    """One identifier, one entry: which of two would win is nobody's guess."""
    seen: set[tuple[str, str, str]] = set()
    for entry in planned.values():
        if entry.condition is not None:
            name = (entry.type, *entry.condition)
            if name in seen:
                raise Invalid("bundle-same-condition", "two entries create under the same identifier", entry.at)
            seen.add(name)


def _request_at(each: Asked) -> str:
    return f"Bundle.entry[{each.index}].request"


async def _no_body(_: int) -> bytes:
    return b""
