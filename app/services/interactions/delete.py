"""delete, also of the one resource that a condition finds. Its versions stay in its history.

What was deleted before, and what a condition does not find, is answered like a delete; what is hidden or was never
there is the same 404. *Source*: R4 http.html#delete, #cdelete; security sheet B36.
"""

from app.fhir.errors import MethodNotAllowed
from app.services.caller import Caller
from app.services.criteria import ASIDE, criterion_of
from app.services.interactions.written import written_response
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse, if_match
from app.services.write import write
from app.services.writing import Criterion, Entry

MAY_CHOOSE = frozenset({"identifier", "_id"}) | ASIDE


async def delete(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """204; 409 with the reason while something stands on it."""
    type_name, *named = request.path
    wanted = None if named else _criterion(network, type_name, request.query)
    entry = deleted_entry(network, type_name, named[0] if named else None, wanted)
    entry.if_match = if_match(request.headers)
    await write(network, caller, [entry])
    return written_response(network, caller, request.headers, entry)


def deleted_entry(
    network: Network, type_name: str, fhir_id: str | None, wanted: Criterion | None, at: str = ""
) -> Entry:
    id = network.ids.next()
    return Entry(type_name, {}, "delete", fhir_id or str(id), id, at=at, criterion=wanted)


def _criterion(network: Network, type_name: str, query: tuple[tuple[str, str], ...]) -> Criterion:
    """A delete of whatever a search finds is not offered at all."""
    known = network.registry.types[type_name].parameters
    if any(name.split(":")[0] in known and name not in MAY_CHOOSE for name, _ in query):
        raise MethodNotAllowed("conditional-delete", "a delete goes by Type/id, identifier=system|value or _id=id")
    return criterion_of(network, type_name, list(query))
