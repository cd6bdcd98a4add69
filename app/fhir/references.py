"""References: what a text points to, and where they stand in a tree. *Source*: R4 references.html."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.fhir.errors import Value
from app.fhir.tables import r4

_LITERAL = re.compile(r"([A-Z][A-Za-z]{0,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/([A-Za-z0-9\-.]{1,64}))?", re.ASCII)
_URN = re.compile(
    r"urn:(?:uuid:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|oid:[0-2](?:\.[0-9]{1,40}){1,40})", re.ASCII
)
_ABSOLUTE = re.compile(r"https?://[^\s/?#]+", re.ASCII | re.IGNORECASE)
_MEMBERS = frozenset(
    stem + name for name in ("reference", "type", "identifier", "display", "id", "extension") for stem in ("", "_")
)


@dataclass(frozen=True, slots=True)
class Local:
    """A resource of this server: `Task/1`, or the same under our own base."""

    type: str
    id: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Remote:
    """A resource under another server's base (without the last slash); whether we know that base, the caller
    decides."""

    base: str
    type: str
    id: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Urn:
    """`urn:uuid:...` or `urn:oid:...`: another entry of the same Bundle."""

    text: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """A contained resource's id without the `#`; empty for the containing resource itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Conditional:
    """`Patient?identifier=...`: to be resolved by a search, inside a transaction only."""

    type: str
    query: str


@dataclass(frozen=True, slots=True)
class Absolute:
    """A URL that does not have the form of a FHIR resource's address."""

    url: str


Target = Local | Remote | Urn | Fragment | Conditional | Absolute


@dataclass(frozen=True, slots=True)
class Reference:
    """A Reference with a `reference` in a tree: where it is, the object itself, and the text as written."""

    path: str
    holder: dict[str, Any]
    text: str


def parse_reference(text: str, base: str) -> Target:
    """What a reference's text points to, seen from the server at `base`. Raises Value when it has no form that R4
    knows."""
    literal = _LITERAL.fullmatch(text)
    if literal and literal[1] in r4().resource_types:
        return Local(literal[1], literal[2], literal[3])
    if text.startswith("#"):
        return Fragment(text[1:])
    if _URN.fullmatch(text):
        return Urn(text)
    if _ABSOLUTE.match(text) and not any(c.isspace() for c in text):
        return _absolute(text, base)
    kind, question, query = text.partition("?")
    if question and query and kind in r4().resource_types:
        return Conditional(kind, query)
    raise Value(
        "reference-form",
        "A reference is Type/id, an absolute http(s) URL, urn:uuid, urn:oid or #id of a contained resource.",
    )


def type_of(text: str) -> str | None:
    """The resource type that a literal reference names, relative or absolute; None when its text does not tell."""
    if text.startswith(("urn:", "#")):
        return None
    try:
        target = parse_reference(text, "")
    except Value:
        return None
    return target.type if isinstance(target, (Local, Remote, Conditional)) else None


def target_of(text: str, base: str) -> tuple[str | None, str | None]:
    """(type, id) of a resource of this server, (type, None) of another's; (None, None) of what is neither."""
    try:
        target = parse_reference(text, base)
    except Value:
        return None, None
    if isinstance(target, Local):
        return target.type, target.id
    return (target.type, None) if isinstance(target, Remote) else (None, None)


def each_reference(type_name: str, tree: Mapping[str, Any]) -> Iterator[Reference]:
    """Every Reference that has a `reference`, in document order, in extensions and contained resources too; `#x`
    ones are left out."""
    stack: list[tuple[str, Any]] = [(type_name, tree)]
    while stack:
        path, node = stack.pop()
        if type(node) is list:
            stack.extend((f"{path}[{i}]", node[i]) for i in range(len(node) - 1, -1, -1))
        elif type(node) is dict:
            text = node.get("reference")
            if type(text) is str and not text.startswith("#") and _is_reference(node):
                yield Reference(path, node, text)
            stack.extend(
                (f"{path}.{name}", value) for name, value in reversed(node.items()) if type(value) in (dict, list)
            )


def _absolute(text: str, base: str) -> Target:
    head, slash, tail = _split_address(text)
    literal = _LITERAL.fullmatch(tail) if slash else None
    if literal is None or literal[1] not in r4().resource_types:
        return Absolute(text)
    if base and head == base.rstrip("/"):
        return Local(literal[1], literal[2], literal[3])
    return Remote(head, literal[1], literal[2], literal[3])


def _split_address(text: str) -> tuple[str, str, str]:
    """(base, "/", "Type/id[/_history/version]") of an absolute address, cut from the right."""
    parts = text.split("/")
    tail = 4 if len(parts) > 4 and parts[-2] == "_history" else 2
    if len(parts) < 3 + tail:
        return text, "", ""
    return "/".join(parts[:-tail]), "/", "/".join(parts[-tail:])


def _is_reference(node: Mapping[str, Any]) -> bool:
    # A few others have a primitive called `reference` (Expression, DetectedIssue), always beside members that a
    # Reference does not have.
    return node.keys() <= _MEMBERS
