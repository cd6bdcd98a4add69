"""Bundles that come in: the entries of a batch or transaction as what each asks for.

*Source*: R4 http.html#transaction; security sheet INP-03, B12, B14, B15, B21.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from app.fhir import json_patch
from app.fhir.errors import Invalid, Issue, MediaType, Refusal, TooManyEntries
from app.fhir.json import JsonObject
from app.fhir.structure import check
from app.fhir.tables import r4

MAX_ENTRIES = 500
READS = ("GET", "HEAD")
METHODS = (*READS, "POST", "PUT", "DELETE", "PATCH")
# Type, Type/id, Type/id/_history/2, Type/_search, $operation ... and a query behind
_ADDRESS = re.compile(
    r"((?:[A-Za-z0-9\-.]{1,64}|_history|_search|\$[a-z\-]{1,64})"
    r"(?:/(?:[A-Za-z0-9\-.]{1,64}|_history|_search|\$[a-z\-]{1,64})){0,4})(?:\?(.{1,8000}))?",
    re.ASCII,
)

# Keeps the place of each entry's resource while the envelope is checked.
_STAND_IN: JsonObject = {"resourceType": "Basic", "code": {"text": "a resource"}}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `method` on `path`, such as ("Task", "1"), with `query` (of a search or a condition); what comes with
    it. `patch` are the bytes of a JSON Patch."""

    index: int
    method: str
    path: tuple[str, ...]
    query: str | None = None
    full_url: str | None = None
    resource: JsonObject | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    if_none_exist: str | None = None
    if_modified_since: str | None = None
    patch: bytes = b""
    # why an entry of a batch is no request; it is answered with that, the others are carried out
    refused: Refusal | None = None

    @property
    def type(self) -> str:
        """`Bundle` where there is nothing that it asks for."""
        return self.path[0] if self.path else "Bundle"

    @property
    def id(self) -> str | None:
        return self.path[1] if len(self.path) > 1 and self.path[1][0] not in "_$" else None

    @property
    def calls(self) -> bool:
        """Whether it calls an operation, `$validate` say."""
        return bool(self.path) and self.path[-1].startswith("$")

    @property
    def at(self) -> str:
        return f"Bundle.entry[{self.index}]"


def read_bundle(tree: JsonObject, most: int = MAX_ENTRIES) -> tuple[str, tuple[Entry, ...]]:
    """(`batch` or `transaction`, its entries). The envelope is checked, the resources inside are not. Raises
    TooManyEntries, Structure, Invalid ... with the entry's place; what is wrong with one entry of a batch is that
    entry's affair (`refused`), unless it is what no client means well."""
    entries = tree.get("entry", [])
    if type(entries) is list and len(entries) > most:
        raise TooManyEntries("bundle-entries", f"A Bundle may have at most {most} entries.", "Bundle.entry")
    _refuse_what_nobody_means(entries)
    # bdl-7 forgives a fullUrl that occurs with two versions; in what is asked for, one fullUrl is one resource.
    issues = [
        issue
        for issue in check("Bundle", _envelope(tree, entries))
        if issue.rule != "bdl-7" and issue.severity == "error"
    ]
    if issues:
        raise Refusal.of_issues(issues)
    kind: str = tree["type"]
    if kind not in ("batch", "transaction"):
        raise Invalid("bundle-type", "A Bundle that is posted here is a batch or a transaction.", "Bundle.type")
    read = _entry if kind == "transaction" else _entry_by_itself
    found = tuple(read(index, entry) for index, entry in enumerate(entries))
    _check_distinct(found, changes=kind == "transaction")
    return kind, found


def at_entry(issues: Iterable[Issue], index: int) -> list[Issue]:
    """The same issues, seen from the Bundle: `Task.status` becomes `Bundle.entry[3].resource.status`."""
    place = f"Bundle.entry[{index}].resource"
    return [replace(issue, at=".".join([place, *issue.at.split(".")[1:]])) for issue in issues]


def _refuse_what_nobody_means(entries: Any) -> None:
    """A method that FHIR does not know, an address that leads elsewhere, a Bundle in a Bundle: such a Bundle is refused
    whole. *Source*: security sheet B14, B21."""
    for index, entry in enumerate(entries if type(entries) is list else ()):
        at = f"Bundle.entry[{index}]"
        request = entry.get("request") if type(entry) is dict else None
        method, url = (request.get("method"), request.get("url")) if type(request) is dict else (None, None)
        if type(method) is str and method not in METHODS:
            raise Invalid("bundle-method", f"request.method is one of {', '.join(METHODS)}.", f"{at}.request.method")
        if type(url) is str and _leads_elsewhere(url.partition("?")[0]):
            raise Invalid("bundle-url", _URL, f"{at}.request.url")
        resource = entry.get("resource") if type(entry) is dict else None
        if type(resource) is dict and resource.get("resourceType") == "Bundle":
            raise Invalid("bundle-nested", _NESTED, f"{at}.resource")


def _leads_elsewhere(path: str) -> bool:
    return path.startswith("/") or ":" in path or "//" in path or "\\" in path or ".." in path.split("/")


_NESTED = "A Bundle may not come inside a batch or transaction."
_URL = "request.url is Type, Type/id or Type?query, relative to the base."


def _envelope(tree: JsonObject, entries: Any) -> JsonObject:
    if type(entries) is not list or not entries:
        return tree
    bare = [{**e, "resource": _STAND_IN} if type(e) is dict and "resource" in e else e for e in entries]
    return {**tree, "entry": bare}


def _entry_by_itself(index: int, tree: JsonObject) -> Entry:
    """*Source*: R4 http.html#brules."""
    try:
        return _entry(index, tree)
    except Refusal as refusal:
        return Entry(index, tree["request"]["method"], (), full_url=tree.get("fullUrl"), refused=refusal)


def _entry(index: int, tree: JsonObject) -> Entry:
    request = tree["request"]
    entry = Entry(
        index=index,
        method=request["method"],
        path=(),
        full_url=tree.get("fullUrl"),
        resource=tree.get("resource"),
        if_match=request.get("ifMatch"),
        if_none_match=request.get("ifNoneMatch"),
        if_none_exist=request.get("ifNoneExist"),
        if_modified_since=request.get("ifModifiedSince"),
    )
    address = _ADDRESS.fullmatch(request.get("url", "").removesuffix("?"))
    path = tuple(address[1].split("/")) if address else ()
    if address is None or not (path[0][0] in "_$" or path[0] in r4().resource_types):
        raise Invalid("bundle-url", _URL, f"{entry.at}.request.url")
    entry = replace(entry, path=path, query=address[2])
    _check_entry(entry)
    if entry.method == "PATCH":
        return replace(entry, resource=None, patch=_patch(entry))
    return entry


def _check_entry(entry: Entry) -> None:
    resource, at = entry.resource, entry.at
    if entry.method in ("POST", "PUT") and not entry.calls:
        _check_written(entry)
    elif entry.method in (*READS, "DELETE") and resource is not None:
        raise Invalid("bundle-resource", _RESOURCE, f"{at}.resource")
    plain = len(entry.path) == (2 if entry.id else 1) and entry.type[0] not in "_$"
    if entry.method == "POST" and not entry.calls and (entry.query or not plain or entry.id):
        raise Invalid("bundle-url", "A POST goes to a type, its condition into ifNoneExist.", f"{at}.request.url")
    if entry.method in ("PUT", "DELETE", "PATCH") and not (plain and (entry.id or entry.query)):
        raise Invalid("bundle-url", "This method needs Type/id or a condition.", f"{at}.request.url")
    if entry.if_none_exist is not None and entry.method != "POST":
        raise Invalid("bundle-condition", "ifNoneExist belongs to POST.", f"{at}.request.ifNoneExist")


def _check_written(entry: Entry) -> None:
    resource = entry.resource
    if resource is None:
        raise Invalid("bundle-resource", _RESOURCE, f"{entry.at}.resource")
    if type(resource) is not dict or resource.get("resourceType") != entry.type:
        raise Invalid("bundle-resource", "The resource must be of the type in request.url.", f"{entry.at}.resource")
    if entry.method == "PUT" and entry.id and resource.get("id") != entry.id:
        raise Invalid("bundle-id", _ID, f"{entry.at}.resource.id")


_RESOURCE = "POST and PUT carry a resource, GET, HEAD and DELETE none."
_ID = "The resource's id must be the one in request.url."


def _patch(entry: Entry) -> bytes:
    """The patch that a Binary carries. *Source*: R4 http.html#patch, at its end."""
    binary = entry.resource if type(entry.resource) is dict else {}
    data = binary.get("data")
    if binary.get("resourceType") != "Binary" or type(data) is not str:
        raise Invalid("bundle-resource", _PATCH, f"{entry.at}.resource")
    if binary.get("contentType") != json_patch.MEDIA_TYPE:
        raise MediaType("media-type", f"send {json_patch.MEDIA_TYPE}", f"{entry.at}.resource.contentType")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("bundle-resource", "The data of a Binary is base64.", f"{entry.at}.resource.data") from error


_PATCH = "A PATCH carries a Binary with contentType and, in base64, the data of a JSON Patch."


def _check_distinct(entries: tuple[Entry, ...], *, changes: bool) -> None:
    """No two entries may be one resource by fullUrl, nor in a transaction by what they change."""
    urls: set[str] = set()
    changed: set[tuple[str, str]] = set()
    for entry in entries:
        if entry.full_url and entry.full_url in urls:
            raise Invalid("bundle-duplicate", "Another entry has this fullUrl.", f"{entry.at}.fullUrl")
        urls.add(entry.full_url or "")
        if changes and entry.id and entry.method not in READS and not entry.calls:
            if (entry.type, entry.id) in changed:
                raise Invalid("bundle-duplicate", "Another entry changes the same resource.", f"{entry.at}.request.url")
            changed.add((entry.type, entry.id))
