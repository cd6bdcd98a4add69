"""How a value of each data type is read for the index: one small closure for a parameter and the place it looks at.

*Source*: R4 search.html, chapters token, reference, date, string, uri.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.fhir import dates
from app.fhir.errors import Value
from app.fhir.folding import folded
from app.fhir.index_rows import DateValue, IndexValues, ReferenceValue, StringValue, TokenValue, UriValue
from app.fhir.paths import Leaf
from app.fhir.references import Local, Remote, parse_reference
from app.fhir.tables import r4

Read = Callable[[Any, IndexValues, str], None]


def reader(param: str, kind: str, leaf: Leaf) -> Read:
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


def _primitive_token(param: str, leaf: Leaf) -> Read:
    """A code whose value set has one system belongs to that system, though JSON does not say so."""
    systems = r4().codes.get(leaf.codes, {})
    system = next(iter(systems)) if len(systems) == 1 else None

    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is str:
            _add(found.tokens, TokenValue(param, system, value))
        elif type(value) is bool:
            _add(found.tokens, TokenValue(param, None, "true" if value else "false"))

    return read


def _pair_token(member: str) -> Callable[[str, Leaf], Read]:
    """A data type with `system` and a member that holds the value."""

    def make(param: str, _: Leaf) -> Read:
        def read(value: Any, found: IndexValues, base: str) -> None:
            if type(value) is dict:
                text = _text(value, member)
                if text is not None:
                    _add(found.tokens, TokenValue(param, _text(value, "system"), text))

        return read

    return make


def _concept_token(param: str, leaf: Leaf) -> Read:
    coding = _pair_token("code")(param, leaf)

    def read(value: Any, found: IndexValues, base: str) -> None:
        codings = value.get("coding") if type(value) is dict else None
        if type(codings) is list:
            for item in codings:
                coding(item, found, base)

    return read


def _reference(param: str, only: str) -> Read:
    def read(value: Any, found: IndexValues, base: str) -> None:
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

    return read


def _target(text: str, base: str) -> tuple[str | None, str | None]:
    try:
        target = parse_reference(text, base)
    except Value:
        return None, None
    if isinstance(target, Local):
        return target.type, target.id
    return (target.type, None) if isinstance(target, Remote) else (None, None)


def _canonical(param: str) -> Read:
    """A canonical is found with its version and without."""

    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is str:
            for text in dict.fromkeys((value, value.partition("|")[0])):
                _add(found.references, ReferenceValue(param, text, None, None, None, None))

    return read


def _interval(value: Any) -> dates.Interval | None:
    try:
        return dates.interval(value) if type(value) is str else None
    except Value:
        return None


def _date(param: str) -> Read:
    def read(value: Any, found: IndexValues, base: str) -> None:
        interval = _interval(value)
        if interval:
            _add(found.dates, DateValue(param, *interval))

    return read


def _period(param: str) -> Read:
    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is dict:
            start, end = _interval(value.get("start")), _interval(value.get("end"))
            if start or end:
                _add(
                    found.dates,
                    DateValue(param, start[0] if start else dates.EARLIEST, end[1] if end else dates.LATEST),
                )

    return read


def _timing(param: str) -> Read:
    """From the first event to the last, or the bounds of the repetition."""
    bounds = _period(param)

    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is not dict:
            return
        events = value.get("event")
        intervals = [interval for event in events if (interval := _interval(event))] if type(events) is list else []
        repeat = value.get("repeat")
        if intervals:
            _add(found.dates, DateValue(param, min(start for start, _ in intervals), max(end for _, end in intervals)))
        elif type(repeat) is dict:
            bounds(repeat.get("boundsPeriod"), found, base)

    return read


def _uri(param: str) -> Read:
    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is str:
            _add(found.uris, UriValue(param, value))

    return read


def _string(param: str) -> Read:
    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is str and value.strip():
            _add(found.strings, StringValue(param, folded(value), value))

    return read


def _parts(*names: str) -> Callable[[str], Read]:
    """Each part of a name or an address is found by itself."""

    def make(param: str) -> Read:
        string = _string(param)

        def read(value: Any, found: IndexValues, base: str) -> None:
            if type(value) is dict:
                for name in names:
                    part = value.get(name)
                    for text in part if type(part) is list else (part,):
                        string(text, found, base)

        return read

    return make


_TOKENS: Mapping[str, Callable[[str, Leaf], Read]] = {
    "CodeableConcept": _concept_token,
    "Coding": _pair_token("code"),
    "Identifier": _pair_token("value"),
    "ContactPoint": _pair_token("value"),
}
_DATES: Mapping[str, Callable[[str], Read]] = {"Period": _period, "Timing": _timing}
_STRINGS: Mapping[str, Callable[[str], Read]] = {
    "HumanName": _parts("family", "given", "text", "prefix", "suffix"),
    "Address": _parts("text", "line", "city", "district", "state", "postalCode", "country"),
}
