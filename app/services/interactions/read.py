"""read: the current version of a resource, or 304 for who has it. *Source*: R4 http.html#read, #cread."""

from app.fhir import subset
from app.fhir.errors import Deleted, NotFound, Value
from app.services.caller import Caller
from app.services.interactions.reading import reading
from app.services.network import Network
from app.services.projection import projection
from app.services.requests import FhirRequest, FhirResponse, unchanged, version_headers
from app.store import resources
from app.store.resources import Stored


async def read(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with the body as stored, or the same 404 for what is missing and what is hidden."""
    type_name, fhir_id = request.path
    act = caller.act(network.ids, "read", type_name)
    async with reading(network, caller, request) as unit:
        return answer(network, await resources.read(unit, act, type_name, fhir_id), request)


def answer(network: Network, stored: Stored | None, request: FhirRequest | None = None) -> FhirResponse:
    """Of a version that was found. Raises NotFound or Deleted; the request says what the client has, and wants."""
    if stored is None:
        raise NotFound("not-found", "there is no such resource")
    if stored.deleted:
        raise Deleted("deleted", "this resource was deleted")
    headers = version_headers(network.base, stored)
    if request is not None and unchanged(request.headers, stored):
        return FhirResponse(304, b"", headers, stored.last_updated)
    part = subset.asked(request.query) if request is not None and request.query else None
    if part is not None and part.summary == "count":
        raise Value("summary-count", "one resource is not counted; _summary=count is for searches", "_summary")
    body = projection(stored)
    return FhirResponse(200, subset.subset(body, part) if part else body, headers, stored.last_updated)
