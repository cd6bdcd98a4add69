"""load: what stands there now, locked until the write is done, and is it what the sender has seen.

*Source*: R4 http.html#concurrency, #upsert; security sheet REL-02, decision 4.
"""

from typing import Literal

from app.fhir import json
from app.fhir.errors import Deleted, IfMatchRequired, NotFound, TooCostly, VersionConflict
from app.services.requests import covers
from app.services.writing import Entry, Write
from app.store import resources
from app.store.resources import Stored

IF_MATCH_TYPES = frozenset({"Task", "ServiceRequest", "Consent"})


async def load(write: Write) -> None:
    """Fills before and before_tree of all that changes something; hidden and missing are the same 404.

    An update by a client that chooses ids creates what is not there, and brings back what was deleted.
    """
    wanted = [entry for entry in write.changing if entry.interaction != "create"]
    if not wanted:
        return
    await _refuse_too_much(write, wanted)
    lock: Literal["change", "delete"] = "delete" if wanted[0].interaction == "delete" else "change"
    found = await resources.current(write.unit, [entry.key for entry in wanted], lock=lock)
    for entry in wanted:
        before = found.get(entry.key)
        if before is None:
            _not_there(entry)
        elif before.deleted:
            await _gone(write, entry, before)
        else:
            _same_version(write, entry, before.version)
            entry.before, entry.id = before, before.id
            entry.before_tree = json.parse(before.body)


async def _refuse_too_much(write: Write, wanted: list[Entry]) -> None:
    """What a few words of many entries would have us read, compare and keep in mind at once."""
    settings = write.network.settings
    most, documents = settings.max_bundle_bytes, any(entry.type == "Binary" for entry in wanted)
    largest = max(settings.max_resource_bytes, settings.max_binary_bytes if documents else 0)
    if not write.whole or len(wanted) * largest <= most:
        return
    if await resources.weight(write.unit, [entry.key for entry in wanted]) > most:
        raise TooCostly("transaction-weight", f"what a transaction changes has at most {most} bytes", "Bundle.entry")


def _not_there(entry: Entry) -> None:
    if not entry.may_create:
        raise NotFound("not-found", "there is no such resource", entry.at)
    if entry.if_match is not None:
        raise _conflict(entry)
    entry.interaction = "create"


async def _gone(write: Write, entry: Entry, before: Stored) -> None:
    if entry.interaction == "delete":
        entry.nothing_there = True
    elif not entry.may_create:
        raise Deleted("deleted", "this resource was deleted", entry.at)
    elif entry.if_match not in (None, before.version):
        raise _conflict(entry)
    else:
        last = await resources.last(write.unit, before.id)
        entry.deleted_tree = json.parse(last.body) if last else None
    entry.before, entry.id = before, before.id


def _same_version(write: Write, entry: Entry, version: int) -> None:
    if covers(entry.if_none_match, version):
        raise VersionConflict("version-exists", "this version, or any, is there already", entry.at)
    if entry.if_match is None:
        if write.caller.require_if_match and entry.type in IF_MATCH_TYPES:
            message = 'send If-Match with the version that you read, as in W/"3"'
            raise IfMatchRequired("if-match-required", message, entry.at)
    elif entry.if_match != version:
        raise _conflict(entry)


def _conflict(entry: Entry) -> VersionConflict:
    return VersionConflict("version-conflict", "somebody changed it since: read it and send again", entry.at)
