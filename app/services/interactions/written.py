"""What a write is answered: status, headers, and as much of the resource as the client wants and may see.

*Source*: R4 http.html#create, #update, #delete, #ops; security sheet SCO-02 (a scope to write is none to read).
"""

from collections.abc import Mapping

from app.fhir import json
from app.fhir.errors import Issue
from app.fhir.outcomes import operation_outcome
from app.services.caller import Caller
from app.services.interactions.prefer import returning
from app.services.network import Network
from app.services.projection import projection
from app.services.requests import FhirResponse, version_headers
from app.services.writing import Entry
from app.store.resources import Stored

DONE = {
    "create": ("created", "the resource was created"),
    "update": ("updated", "the resource was updated"),
    "patch": ("patched", "the resource was patched"),
    "delete": ("deleted", "the resource was deleted"),
}


def written_response(network: Network, caller: Caller, headers: Mapping[str, str], entry: Entry) -> FhirResponse:
    """201, 200 or 204. What a conditional create found is answered as if it had been read."""
    wanted = returning(headers)
    if entry.nothing_there:
        return _of_nothing(wanted)
    stored = entry.existing or stored_of(entry)
    # an address to read it at, where the client does not know one yet
    addressed = entry.is_new or entry.act == "create" or (entry.criterion is not None and entry.act != "delete")
    sent = version_headers(network.base, stored, location=addressed)
    status = 201 if entry.changed and entry.is_new and entry.act != "delete" else 200
    if wanted == "OperationOutcome":
        return FhirResponse(status, _outcome(network, entry), sent, stored.last_updated)
    if entry.act == "delete":
        return FhirResponse(204, b"", sent, stored.last_updated)
    shown = wanted == "representation" and caller.allows(entry.type, "r")
    return FhirResponse(status, projection(stored) if shown else b"", sent, stored.last_updated)


def stored_of(entry: Entry) -> Stored:
    """What a write has just stored, as a reader would find it."""
    if entry.last_updated is None:
        raise ValueError("this entry has not been written")
    gone = entry.interaction == "delete"
    return Stored(entry.id, entry.type, entry.fhir_id, entry.version, entry.last_updated, gone, entry.body)


def _of_nothing(wanted: str) -> FhirResponse:
    """*Source*: R4 http.html#delete: what is not there is answered as if it had just been deleted."""
    if wanted != "OperationOutcome":
        return FhirResponse(204)
    issue = Issue("informational", "delete-nothing", "there was nothing to delete", severity="information")
    return FhirResponse(200, json.dump(operation_outcome([issue])))


def _outcome(network: Network, entry: Entry) -> bytes:
    """What was done, and what its sender might do better."""
    rule, message = DONE[entry.act] if entry.changed else ("found", "the resource was there already")
    issues = [Issue("informational", rule, message, severity="information")]
    if entry.changed and entry.interaction != "delete":
        told = (*entry.notes, *network.conformance.gaps(entry.type, entry.tree))
        issues += [entry.placed(issue) for issue in told]
    return json.dump(operation_outcome(issues))
