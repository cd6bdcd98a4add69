"""read: the current version of a resource. *Source*: R4 http.html#read."""

from app.fhir.errors import Deleted, NotFound
from app.services.caller import Caller
from app.services.interactions.reading import reading
from app.services.network import Network
from app.services.projection import projection
from app.services.requests import FhirRequest, FhirResponse, version_headers
from app.store import resources
from app.store.resources import Stored


async def read(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with the body as stored, or the same 404 for what is missing and what is hidden."""
    type_name, fhir_id = request.path
    act = caller.act(network.ids, "read", type_name)
    async with reading(network, caller, request) as unit:
        return answer(network, await resources.read(unit, act, type_name, fhir_id))


def answer(network: Network, stored: Stored | None) -> FhirResponse:
    if stored is None:
        raise NotFound("not-found", "there is no such resource")
    if stored.deleted:
        raise Deleted("deleted", "this resource was deleted")
    return FhirResponse(200, projection(stored), version_headers(network.base, stored))
