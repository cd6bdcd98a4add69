"""load: what stands there now, locked until the write is done, and is it what the sender has seen.

*Source*: R4 http.html#concurrency; security sheet REL-02, decision 4.
"""

from app.fhir import json
from app.fhir.errors import IfMatchRequired, NotFound, VersionConflict
from app.services.writing import Entry, Write
from app.store import resources

IF_MATCH_TYPES = frozenset({"Task", "ServiceRequest", "Consent"})


async def load(write: Write) -> None:
    """Fills before and before_tree of every update; hidden and missing are the same 404."""
    updates = [entry for entry in write.entries if entry.interaction == "update"]
    if not updates:
        return
    found = await resources.current(write.unit, [entry.key for entry in updates], lock=True)
    for entry in updates:
        before = found.get(entry.key)
        if before is None:
            raise NotFound("not-found", "there is no such resource", entry.at)
        _same_version(write, entry, before.version)
        entry.before, entry.id = before, before.id
        entry.before_tree = json.parse(before.body)


def _same_version(write: Write, entry: Entry, version: int) -> None:
    if entry.if_match is None:
        if write.caller.require_if_match and entry.type in IF_MATCH_TYPES:
            message = 'send If-Match with the version that you read, as in W/"3"'
            raise IfMatchRequired("if-match-required", message, entry.at)
    elif entry.if_match != version:
        raise VersionConflict("version-conflict", "somebody changed it since: read it and send again", entry.at)
