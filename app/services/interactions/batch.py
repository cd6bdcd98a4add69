"""batch: every entry by itself, as if it had been sent alone. *Source*: R4 http.html#transaction."""

from http import HTTPStatus

from app.fhir import bundles, json
from app.fhir.bundles import Answer
from app.fhir.errors import Issue, Refusal
from app.fhir.outcomes import operation_outcome
from app.fhir.requests import Entry as Asked
from app.log import log
from app.services.caller import Caller
from app.services.faults import UNEXPECTED, database_away
from app.services.interactions.entries import Ask, answered, as_answer
from app.services.network import Network
from app.services.refused import note_refused
from app.services.requests import FhirRequest, FhirResponse
from app.services.statuses import status_of
from app.store.trouble import AWAY


async def batch(
    network: Network, caller: Caller, request: FhirRequest, entries: tuple[Asked, ...], ask: Ask
) -> FhirResponse:
    """200 with a batch-response; a refused entry has its own status and OperationOutcome. `ask` answers a request."""
    answers = [await _one(network, caller, request, each, ask) for each in entries]
    return FhirResponse(200, bundles.response("batch-response", answers))


async def _one(network: Network, caller: Caller, request: FhirRequest, each: Asked, ask: Ask) -> Answer:
    """A fault of ours is this entry's alone, too: what the others did is stored, and their answers must arrive."""
    try:
        return await _asked(network, caller, request, each, ask)
    except AWAY as trouble:
        log.warning("database_trouble", error=type(trouble).__name__)
        away = database_away()
        return _not_done(status_of(away), away.issues)
    except Exception:
        log.exception("unexpected")
        return _not_done(500, (UNEXPECTED,))


async def _asked(network: Network, caller: Caller, request: FhirRequest, each: Asked, ask: Ask) -> Answer:
    try:
        if each.refused is not None:
            raise each.refused
        return as_answer(await answered(network, caller, each, request.headers, ask))
    except Refusal as refusal:
        await note_refused(network, caller, f"batch {each.method}", each.type, refusal)
        return _not_done(status_of(refusal), refusal.issues)


def _not_done(status: int, issues: tuple[Issue, ...]) -> Answer:
    outcome = json.dump(operation_outcome(issues))
    return Answer(status=f"{status} {HTTPStatus(status).phrase}", outcome=outcome)
