"""vread: one version of a resource, as far back as the caller's part in it reaches; 410 for the one that deleted it.

*Source*: R4 http.html#vread.
"""

from app.fhir.errors import NotFound
from app.services.caller import Caller
from app.services.interactions.read import answer
from app.services.interactions.reading import reading
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse
from app.store import resources

MAX_DIGITS = 9


async def vread(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    type_name, fhir_id, _, version = request.path
    if not (version.isascii() and version.isdigit() and len(version) <= MAX_DIGITS):
        raise NotFound("not-found", "there is no such resource")
    act = caller.act(network.ids, "vread", type_name)
    async with reading(network, caller, request) as unit:
        return answer(network, await resources.vread(unit, act, type_name, fhir_id, int(version)), request)
