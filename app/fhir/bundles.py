"""Bundles that go out, put together from stored bytes without reading them again, and the stamp that a stored
resource gets.

*Source*: R4 bundle.html, http.html#search, #transaction-response, resource.html#Meta.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from app.fhir.json import JsonObject, dump


@dataclass(frozen=True, slots=True)
class Found:
    """One resource of a searchset: its stored bytes; `mode` is match, include or outcome."""

    type: str
    id: str
    body: bytes
    mode: str = "match"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one entry. `status` is `201 Created`; `body` the resource's bytes, `outcome` an
    OperationOutcome's."""

    status: str
    location: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body: bytes | None = None
    outcome: bytes | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """One version in a history: what was done, when, and the bytes that it left; none where it took them away."""

    type: str
    id: str
    version: int
    last_updated: datetime
    interaction: str
    body: bytes


# what was done -> the method, whether it went to an id, the status that it had
_DONE = {
    "create": ("POST", False, "201 Created"),
    "update": ("PUT", True, "200 OK"),
    # of what had been deleted
    "restore": ("PUT", True, "201 Created"),
    "patch": ("PATCH", True, "200 OK"),
    "delete": ("DELETE", True, "204 No Content"),
}


def history(
    entries: Iterable[Past],
    *,
    base: str,
    links: Sequence[tuple[str, str]],
    total: int | None = None,
    warning: bytes | None = None,
) -> bytes:
    """A history, newest first. `warning` is an OperationOutcome and comes as that of an entry about the request itself:
    each entry of a history has a request and a response. *Source*: R4 http.html#history, bundle.html (bdl-3, bdl-4)."""
    head: JsonObject = {"resourceType": "Bundle", "type": "history"}
    if total is not None:
        head["total"] = total
    head["link"] = [{"relation": relation, "url": url} for relation, url in links]
    parts = [_past(entry, base) for entry in entries]
    if warning is not None:
        asked = {"method": "GET", "url": links[0][1].removeprefix(f"{base}/")}
        parts.append(b'{"request":%b,"response":{"status":"200 OK","outcome":%b}}' % (dump(asked), warning))
    return _with_entries(head, parts)


def _past(entry: Past, base: str) -> bytes:
    method, to_id, status = _DONE[entry.interaction]
    address = f"{entry.type}/{entry.id}"
    parts = [b'"fullUrl":%b' % dump(f"{base}/{address}")]
    if entry.body:
        parts.append(b'"resource":%b' % entry.body)
    parts.append(b'"request":%b' % dump({"method": method, "url": address if to_id else entry.type}))
    etag, moment = f'W/"{entry.version}"', instant(entry.last_updated)
    parts.append(b'"response":%b' % dump({"status": status, "etag": etag, "lastModified": moment}))
    return b"{%b}" % b",".join(parts)


def searchset(
    entries: Iterable[Found],
    *,
    base: str,
    links: Sequence[tuple[str, str]],
    total: int | None = None,
    warning: bytes | None = None,
) -> bytes:
    """A searchset. `links` are (relation, url), self first; `warning` an OperationOutcome about what was passed
    over."""
    parts = [
        b'{"fullUrl":%b,"resource":%b,"search":{"mode":"%b"}}'
        % (dump(f"{base}/{entry.type}/{entry.id}"), entry.body, entry.mode.encode())
        for entry in entries
    ]
    if warning is not None:  # it has no address; a name made from its words will do, for each entry must have one
        name = dump(f"urn:uuid:{uuid5(NAMESPACE_OID, warning.decode())}")
        parts.append(b'{"fullUrl":%b,"resource":%b,"search":{"mode":"outcome"}}' % (name, warning))
    head: JsonObject = {"resourceType": "Bundle", "type": "searchset"}
    if total is not None:
        head["total"] = total
    head["link"] = [{"relation": relation, "url": url} for relation, url in links]
    return _with_entries(head, parts)


def response(kind: str, answers: Iterable[Answer]) -> bytes:
    """A `transaction-response` or `batch-response`, one entry for each entry of the request, in its order."""
    return _with_entries({"resourceType": "Bundle", "type": kind}, [_answer(answer) for answer in answers])


def stamp(tree: JsonObject, id_: str, version: str, last_updated: datetime) -> JsonObject:
    """A copy that says who it is: `id`, `meta.versionId`, `meta.lastUpdated`; every other member stays as it was,
    in its place. What was absent comes in FHIR's order, behind `resourceType`."""
    sent = tree.get("meta")
    meta = {"versionId": version, "lastUpdated": instant(last_updated)}
    stamped = {"resourceType": tree["resourceType"], "id": id_, "meta": {**meta, **sent, **meta} if sent else meta}
    if "id" in tree and "meta" in tree:
        return {**tree, **stamped}
    return {**stamped, **{name: value for name, value in tree.items() if name not in stamped}}


def instant(moment: datetime) -> str:
    """A moment as FHIR writes it, in UTC to the millisecond, which is what most clients keep; stamps of one resource
    are at least that far apart."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _answer(answer: Answer) -> bytes:
    fields = {
        "status": answer.status,
        "location": answer.location,
        "etag": answer.etag,
        "lastModified": answer.last_modified,
    }
    reply: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    text = dump(reply)
    if answer.outcome is not None:
        text = b'%b,"outcome":%b}' % (text[:-1], answer.outcome)
    resource = b'"resource":%b,' % answer.body if answer.body is not None else b""
    return b'{%b"response":%b}' % (resource, text)


def _with_entries(head: JsonObject, parts: list[bytes]) -> bytes:
    if not parts:  # an empty array is not allowed
        return dump(head)
    return b'%b,"entry":[%b]}' % (dump(head)[:-1], b",".join(parts))
