"""Bundles that come in: the entries of a batch or transaction as what each asks for.

*Source*: R4 http.html#transaction; security sheet INP-03, B12, B14, B15, B21.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from app.fhir.errors import Invalid, Issue, Refusal, TooManyEntries
from app.fhir.json import JsonObject
from app.fhir.structure import check
from app.fhir.tables import r4

MAX_ENTRIES = 500
_ADDRESS = re.compile(
    r"([A-Z][A-Za-z]{0,63})(?:/([A-Za-z0-9\-.]{1,64})(?:/_history/([A-Za-z0-9\-.]{1,64}))?)?(?:\?(.{1,8000}))?",
    re.ASCII,
)

# Keeps the place of each entry's resource while the envelope is checked.
_STAND_IN: JsonObject = {"resourceType": "Basic", "code": {"text": "a resource"}}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `method` on `type`, `id`, `version` or `query` (of a search or a condition); what comes with it."""

    index: int
    method: str
    type: str
    id: str | None
    version: str | None
    query: str | None
    full_url: str | None
    resource: JsonObject | None
    if_match: str | None
    if_none_match: str | None
    if_none_exist: str | None


def read_bundle(tree: JsonObject, most: int = MAX_ENTRIES) -> tuple[str, tuple[Entry, ...]]:
    """(`batch` or `transaction`, its entries). The envelope is checked, the resources inside are not. Raises
    TooManyEntries, Structure, Invalid ... with the entry's place."""
    entries = tree.get("entry", [])
    if type(entries) is list and len(entries) > most:
        raise TooManyEntries("bundle-entries", f"A Bundle may have at most {most} entries.", "Bundle.entry")
    # bdl-7 forgives a fullUrl that occurs with two versions; in what is asked for, one fullUrl is one resource.
    issues = [issue for issue in check("Bundle", _envelope(tree, entries)) if issue.rule != "bdl-7"]
    if issues:
        raise Refusal.of_issues(issues)
    kind: str = tree["type"]
    if kind not in ("batch", "transaction"):
        raise Invalid("bundle-type", "A Bundle that is posted here is a batch or a transaction.", "Bundle.type")
    found = tuple(_entry(index, entry) for index, entry in enumerate(entries))
    _check_distinct(found, changes=kind == "transaction")
    return kind, found


def at_entry(issues: Iterable[Issue], index: int) -> list[Issue]:
    """The same issues, seen from the Bundle: `Task.status` becomes `Bundle.entry[3].resource.status`."""
    place = f"Bundle.entry[{index}].resource"
    return [replace(issue, at=".".join([place, *issue.at.split(".")[1:]])) for issue in issues]


def _envelope(tree: JsonObject, entries: Any) -> JsonObject:
    if type(entries) is not list or not entries:
        return tree
    bare = [{**e, "resource": _STAND_IN} if type(e) is dict and "resource" in e else e for e in entries]
    return {**tree, "entry": bare}


def _entry(index: int, tree: JsonObject) -> Entry:
    request = tree["request"]
    address = _ADDRESS.fullmatch(request["url"])
    if address is None or address[1] not in r4().resource_types:
        raise Invalid(
            "bundle-url",
            "request.url is Type, Type/id or Type?query, relative to the base.",
            f"{_at(index)}.request.url",
        )
    entry = Entry(
        index=index,
        method=request["method"],
        type=address[1],
        id=address[2],
        version=address[3],
        query=address[4],
        full_url=tree.get("fullUrl"),
        resource=tree.get("resource"),
        if_match=request.get("ifMatch"),
        if_none_match=request.get("ifNoneMatch"),
        if_none_exist=request.get("ifNoneExist"),
    )
    _check_entry(entry)
    return entry


def _check_entry(entry: Entry) -> None:
    resource, at = entry.resource, _at(entry.index)
    writes = entry.method in ("POST", "PUT")
    if entry.method != "PATCH" and writes != (resource is not None):
        raise Invalid("bundle-resource", "POST and PUT carry a resource, GET, HEAD and DELETE none.", f"{at}.resource")
    if writes and (type(resource) is not dict or resource.get("resourceType") != entry.type):
        raise Invalid("bundle-resource", "The resource must be of the type in request.url.", f"{at}.resource")
    if resource is not None and entry.type == "Bundle":
        raise Invalid("bundle-nested", "A Bundle may not come inside a batch or transaction.", f"{at}.resource")
    if entry.method == "POST" and (entry.id or entry.query):
        raise Invalid("bundle-url", "A POST goes to a type, its condition into ifNoneExist.", f"{at}.request.url")
    if entry.method in ("PUT", "DELETE", "PATCH") and (entry.version or not (entry.id or entry.query)):
        raise Invalid("bundle-url", "This method needs Type/id or a condition.", f"{at}.request.url")
    if entry.method == "PUT" and entry.id and resource is not None and resource.get("id") != entry.id:
        raise Invalid("bundle-id", "The resource's id must be the one in request.url.", f"{at}.resource.id")
    if entry.if_none_exist and entry.method != "POST":
        raise Invalid("bundle-condition", "ifNoneExist belongs to POST.", f"{at}.request.ifNoneExist")


def _check_distinct(entries: tuple[Entry, ...], *, changes: bool) -> None:
    """No two entries may be one resource by fullUrl, nor in a transaction by what they change."""
    urls: set[str] = set()
    changed: set[tuple[str, str]] = set()
    for entry in entries:
        if entry.full_url and entry.full_url in urls:
            raise Invalid("bundle-duplicate", "Another entry has this fullUrl.", f"{_at(entry.index)}.fullUrl")
        urls.add(entry.full_url or "")
        if changes and entry.id and entry.method not in ("GET", "HEAD"):
            if (entry.type, entry.id) in changed:
                raise Invalid(
                    "bundle-duplicate", "Another entry changes the same resource.", f"{_at(entry.index)}.request.url"
                )
            changed.add((entry.type, entry.id))


def _at(index: int) -> str:
    return f"Bundle.entry[{index}]"
