"""batch: every entry by itself, as if it had been sent alone. *Source*: R4 http.html#transaction."""

from http import HTTPStatus

from app.fhir import bundles, json
from app.fhir.bundles import Answer
from app.fhir.errors import Refusal
from app.fhir.outcomes import operation_outcome
from app.fhir.requests import Entry as Asked
from app.services.caller import Caller
from app.services.interactions.entries import Ask, answered, as_answer
from app.services.network import Network
from app.services.refused import note_refused
from app.services.requests import FhirRequest, FhirResponse
from app.services.statuses import status_of


async def batch(
    network: Network, caller: Caller, request: FhirRequest, entries: tuple[Asked, ...], ask: Ask
) -> FhirResponse:
    """200 with a batch-response; a refused entry has its own status and OperationOutcome. `ask` answers a request."""
    answers = [await _one(network, caller, request, each, ask) for each in entries]
    return FhirResponse(200, bundles.response("batch-response", answers))


async def _one(network: Network, caller: Caller, request: FhirRequest, each: Asked, ask: Ask) -> Answer:
    try:
        return as_answer(await answered(network, caller, each, request.headers, ask))
    except Refusal as refusal:
        await note_refused(network, caller, f"batch {each.method}", each.type, refusal)
        status = status_of(refusal)
        outcome = json.dump(operation_outcome(refusal.issues))
        return Answer(status=f"{status} {HTTPStatus(status).phrase}", outcome=outcome)
