"""What the search index keeps of a resource: the values of its search parameters, by kind.

Each parameter's paths are compiled once to small walkers (a few microseconds a resource; FHIRPath took fifty times as long). Values of a
wrong shape are passed over, because another system's copy may be kept with its mistakes.

*Source*: R4 search.html, chapters token, reference, date, string, uri.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from app.fhir import dates
from app.fhir.errors import Value
from app.fhir.folding import folded
from app.fhir.paths import Leaf, Step, leaves
from app.fhir.references import Local, Remote, parse_reference
from app.fhir.registry import READABLE, ResourceType
from app.fhir.tables import r4


class TokenValue(NamedTuple):
    """A code, identifier or boolean; `system` is None when there is none, not when it is unknown."""

    param: str
    system: str | None
    value: str


class ReferenceValue(NamedTuple):
    """A reference: `text` as written; `type` when known; `id` only of a resource of this server; the logical identifier when given."""

    param: str
    text: str
    type: str | None
    id: str | None
    identifier_system: str | None
    identifier_value: str | None


class DateValue(NamedTuple):
    """[start, end) in UTC; an open end of a Period is the store's first or last instant."""

    param: str
    start: datetime
    end: datetime


class StringValue(NamedTuple):
    """A text as it stands and as searches compare it."""

    param: str
    folded: str
    exact: str


class UriValue(NamedTuple):
    """A URI, compared to the letter."""

    param: str
    value: str


@dataclass(slots=True)
class IndexValues:
    """All values of one resource; a value that occurs twice is kept once."""

    tokens: list[TokenValue] = field(default_factory=list)
    references: list[ReferenceValue] = field(default_factory=list)
    dates: list[DateValue] = field(default_factory=list)
    strings: list[StringValue] = field(default_factory=list)
    uris: list[UriValue] = field(default_factory=list)


Emit = Callable[[Any, IndexValues, str], None]
Walker = Callable[[Mapping[str, Any], IndexValues, str], None]


def extract(resource_type: ResourceType, tree: Mapping[str, Any], base: str) -> IndexValues:
    """The values of every search parameter of the type; `base` tells which absolute references are our own."""
    found = IndexValues()
    for walk in _walkers(resource_type):
        walk(tree, found, base)
    return found


@lru_cache(maxsize=None)
def _walkers(resource_type: ResourceType) -> tuple[Walker, ...]:
    walkers = []
    for parameter in resource_type.parameters.values():
        for path in parameter.paths:
            for leaf in leaves(resource_type.name, path):
                if leaf.kind.code in READABLE[parameter.kind]:
                    walkers.append(_walker(leaf.steps, _emit(parameter.code, parameter.kind, leaf)))
    return tuple(walkers)


def _walker(steps: tuple[Step, ...], emit: Emit) -> Walker:
    name, then = steps[0].name, emit if len(steps) == 1 else _guarded(_walker(steps[1:], emit))

    def one(node: Mapping[str, Any], found: IndexValues, base: str) -> None:
        value = node.get(name)
        if value is not None:
            then(value, found, base)

    def many(node: Mapping[str, Any], found: IndexValues, base: str) -> None:
        value = node.get(name)
        if type(value) is list:
            for item in value:
                then(item, found, base)

    return many if steps[0].repeats else one


def _guarded(walk: Walker) -> Emit:
    def below(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is dict:
            walk(value, found, base)

    return below


def _emit(param: str, kind: str, leaf: Leaf) -> Emit:
    if kind == "token":
        return _TOKENS.get(leaf.kind.code, _primitive_token)(param, leaf)
    if kind == "reference":
        return _canonical(param) if leaf.kind.code == "canonical" else _reference(param, leaf.only)
    if kind == "date":
        return _DATES.get(leaf.kind.code, _date)(param)
    return _uri(param) if kind == "uri" else _STRINGS.get(leaf.kind.code, _string)(param)


def _add(values: list[Any], value: Any) -> None:
    if value not in values:
        values.append(value)


def _text(node: Mapping[str, Any], name: str) -> str | None:
    value = node.get(name)
    return value if type(value) is str else None


def _primitive_token(param: str, leaf: Leaf) -> Emit:
    """A code whose value set has one system belongs to that system, though JSON does not say so."""
    systems = r4().codes.get(leaf.codes, {})
    system = next(iter(systems)) if len(systems) == 1 else None

    def emit(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is str:
            _add(found.tokens, TokenValue(param, system, value))
        elif type(value) is bool:
            _add(found.tokens, TokenValue(param, None, "true" if value else "false"))

    return emit


def _pair_token(member: str) -> Callable[[str, Leaf], Emit]:
    """A data type with `system` and a member that holds the value."""

    def make(param: str, _: Leaf) -> Emit:
        def emit(value: Any, found: IndexValues, base: str) -> None:
            if type(value) is dict:
                text = _text(value, member)
                if text is not None:
                    _add(found.tokens, TokenValue(param, _text(value, "system"), text))

        return emit

    return make


def _concept_token(param: str, leaf: Leaf) -> Emit:
    coding = _pair_token("code")(param, leaf)

    def emit(value: Any, found: IndexValues, base: str) -> None:
        codings = value.get("coding") if type(value) is dict else None
        if type(codings) is list:
            for item in codings:
                coding(item, found, base)

    return emit


def _reference(param: str, only: str) -> Emit:
    def emit(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is not dict:
            return
        text = _text(value, "reference") or ""
        kind, id_ = _target(text, base) if text else (None, None)
        kind = kind or _text(value, "type")
        identifier = value.get("identifier")
        system, logical = (
            (_text(identifier, "system"), _text(identifier, "value")) if type(identifier) is dict else (None, None)
        )
        if (only and kind != only) or text.startswith("#") or not (text or logical):
            return
        _add(found.references, ReferenceValue(param, text, kind, id_, system, logical))

    return emit


def _target(text: str, base: str) -> tuple[str | None, str | None]:
    try:
        target = parse_reference(text, base)
    except Value:
        return None, None
    if isinstance(target, Local):
        return target.type, target.id
    return (target.type, None) if isinstance(target, Remote) else (None, None)


def _canonical(param: str) -> Emit:
    """A canonical is found with its version and without."""

    def emit(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is str:
            for text in dict.fromkeys((value, value.partition("|")[0])):
                _add(found.references, ReferenceValue(param, text, None, None, None, None))

    return emit


def _interval(value: Any) -> dates.Interval | None:
    try:
        return dates.interval(value) if type(value) is str else None
    except Value:
        return None


def _date(param: str) -> Emit:
    def emit(value: Any, found: IndexValues, base: str) -> None:
        interval = _interval(value)
        if interval:
            _add(found.dates, DateValue(param, *interval))

    return emit


def _period(param: str) -> Emit:
    def emit(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is dict:
            start, end = _interval(value.get("start")), _interval(value.get("end"))
            if start or end:
                _add(
                    found.dates,
                    DateValue(param, start[0] if start else dates.EARLIEST, end[1] if end else dates.LATEST),
                )

    return emit


def _timing(param: str) -> Emit:
    """From the first event to the last, or the bounds of the repetition."""
    bounds = _period(param)

    def emit(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is not dict:
            return
        events = value.get("event")
        intervals = [interval for event in events if (interval := _interval(event))] if type(events) is list else []
        repeat = value.get("repeat")
        if intervals:
            _add(found.dates, DateValue(param, min(start for start, _ in intervals), max(end for _, end in intervals)))
        elif type(repeat) is dict:
            bounds(repeat.get("boundsPeriod"), found, base)

    return emit


def _uri(param: str) -> Emit:
    def emit(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is str:
            _add(found.uris, UriValue(param, value))

    return emit


def _string(param: str) -> Emit:
    def emit(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is str and value.strip():
            _add(found.strings, StringValue(param, folded(value), value))

    return emit


def _parts(*names: str) -> Callable[[str], Emit]:
    """Each part of a name or an address is found by itself."""

    def make(param: str) -> Emit:
        string = _string(param)

        def emit(value: Any, found: IndexValues, base: str) -> None:
            if type(value) is dict:
                for name in names:
                    part = value.get(name)
                    for text in part if type(part) is list else (part,):
                        string(text, found, base)

        return emit

    return make


_TOKENS: Mapping[str, Callable[[str, Leaf], Emit]] = {
    "CodeableConcept": _concept_token, "Coding": _pair_token("code"), "Identifier": _pair_token("value"), "ContactPoint": _pair_token("value"),
}  # fmt: skip
_DATES: Mapping[str, Callable[[str], Emit]] = {"Period": _period, "Timing": _timing}
_STRINGS: Mapping[str, Callable[[str], Emit]] = {
    "HumanName": _parts("family", "given", "text", "prefix", "suffix"),
    "Address": _parts("text", "line", "city", "district", "state", "postalCode", "country"),
}
