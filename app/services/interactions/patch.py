"""patch: JSON Patch on what stands there now, also conditionally. *Source*: R4 http.html#patch."""

from app.fhir import json_patch
from app.fhir.errors import MediaType, Refusal
from app.services.caller import Caller
from app.services.criteria import criterion_of
from app.services.interactions.bodies import media_type
from app.services.interactions.written import written_response
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse, if_match
from app.services.write import write
from app.services.writing import Criterion, Entry


async def patch(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with the new version; the whole patch is carried out or nothing of it."""
    type_name, *named = request.path
    version = if_match(request.headers)
    wanted = None if named else criterion_of(network, type_name, list(request.query))
    if media_type(request) != json_patch.MEDIA_TYPE:
        raise MediaType("media-type", f"a patch is {json_patch.MEDIA_TYPE}")
    body = await request.read_body(network.settings.max_resource_bytes)
    entry = patched_entry(network, type_name, named[0] if named else None, wanted, body)
    entry.if_match = version
    await write(network, caller, [entry])
    return written_response(network, caller, request.headers, entry)


def patched_entry(
    network: Network, type_name: str, fhir_id: str | None, wanted: Criterion | None, body: bytes, at: str = ""
) -> Entry:
    """An update whose resource is made once it is known what stands there."""
    id = network.ids.next()
    entry = Entry(type_name, {}, "update", fhir_id or str(id), id, at=at, criterion=wanted)
    try:
        entry.patch = json_patch.read(body)
    except Refusal as refusal:
        raise type(refusal).of_issues([entry.placed(issue) for issue in refusal.issues]) from None
    return entry
