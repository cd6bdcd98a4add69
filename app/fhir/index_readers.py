"""How a value of each data type is read for the index: one small closure for a parameter and the place it looks at.

*Source*: R4 search.html, chapters token, reference, date, string, uri.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.fhir import dates, index_quantities
from app.fhir.errors import Value
from app.fhir.folding import folded
from app.fhir.index_rows import DateValue, IndexValues, PairValue, ReferenceValue, StringValue, TokenValue, UriValue
from app.fhir.paths import Leaf
from app.fhir.references import target_of
from app.fhir.tables import r4

Read = Callable[[Any, IndexValues, str], None]


def reader(param: str, kind: str, leaf: Leaf) -> Read:
    if kind in ("quantity", "number"):
        return (index_quantities.quantity if kind == "quantity" else index_quantities.number)(param, leaf.kind.code)
    if kind == "token":
        return _TOKENS.get(leaf.kind.code, _primitive_token)(param, leaf)
    if kind == "reference":
        return _canonical(param) if leaf.kind.code == "canonical" else _reference(param, leaf.only)
    if kind == "date":
        return _DATES.get(leaf.kind.code, _date)(param)
    if kind == "uri":
        return _canonical_uri(param) if leaf.kind.code == "canonical" else _uri(param)
    return _STRINGS.get(leaf.kind.code, _string)(param)


def _text(node: Mapping[str, Any], name: str) -> str | None:
    value = node.get(name)
    return value if type(value) is str else None


def _primitive_token(param: str, leaf: Leaf) -> Read:
    """A code whose value set has one system belongs to that system, though JSON does not say so; R4 compares what is a
    plain string without case."""
    systems = r4().codes.get(leaf.codes, {})
    system = next(iter(systems)) if len(systems) == 1 else None
    any_case = leaf.kind.code == "string"

    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is str:
            found.tokens.append(TokenValue(param, system, value.casefold() if any_case else value))
        elif type(value) is bool:
            found.tokens.append(TokenValue(param, None, "true" if value else "false"))

    return read


def _coding(param: str, _: Leaf) -> Read:
    words = _string(param)

    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is dict:
            system, code = _text(value, "system"), _text(value, "code")
            if system or code:
                found.tokens.append(TokenValue(param, system, code or ""))
            words(value.get("display"), found, base)

    return read


def _concept(param: str, leaf: Leaf) -> Read:
    coding, words = _coding(param, leaf), _string(param)

    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is dict:
            for item in _items(value, "coding"):
                coding(item, found, base)
            words(value.get("text"), found, base)

    return read


def _identifier(param: str, _: Leaf) -> Read:
    """Its system and value, and the value with each code of its type (`:of-type`)."""
    words = _string(param)

    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is not dict:
            return
        system, number = _text(value, "system"), _text(value, "value")
        if system or number:
            found.tokens.append(TokenValue(param, system, number or ""))
        kind = value.get("type")
        if type(kind) is dict:
            words(kind.get("text"), found, base)
            for coding in _items(kind, "coding"):
                code = _text(coding, "code") if type(coding) is dict else None
                if code and number:
                    found.pairs.append(PairValue(param, _text(coding, "system"), code, None, number))

    return read


def _contact(param: str, _: Leaf) -> Read:
    """R4: what a ContactPoint's number belongs to plays no part."""

    def read(value: Any, found: IndexValues, base: str) -> None:
        number = _text(value, "value") if type(value) is dict else None
        if number:
            found.tokens.append(TokenValue(param, None, number))

    return read


def _items(node: Mapping[str, Any], name: str) -> list[Any]:
    value = node.get(name)
    return value if type(value) is list else []


def _reference(param: str, only: str) -> Read:
    """One that leads nowhere (words, something contained) is kept too, for `:missing`."""

    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is not dict:
            return
        text = _text(value, "reference") or ""
        kind, id_ = target_of(text, base) if text else (None, None)
        kind = kind or _text(value, "type")
        identifier = value.get("identifier")
        system, logical = (
            (_text(identifier, "system"), _text(identifier, "value")) if type(identifier) is dict else (None, None)
        )
        if only and kind != only:
            return
        found.references.append(ReferenceValue(param, text, kind, id_, system, logical))

    return read


def _canonical(param: str) -> Read:
    """A canonical is found with its version and without."""

    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is str:
            for text in dict.fromkeys((value, value.partition("|")[0])):
                found.references.append(ReferenceValue(param, text, None, None, None, None))

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
            found.dates.append(DateValue(param, *interval))

    return read


def _period(param: str) -> Read:
    def read(value: Any, found: IndexValues, base: str) -> None:
        limits = _limits(value)
        if limits:
            found.dates.append(DateValue(param, *limits))

    return read


def _limits(period: Any) -> dates.Interval | None:
    """What a Period covers; an open end is the first or last instant."""
    if type(period) is not dict:
        return None
    start, end = _interval(period.get("start")), _interval(period.get("end"))
    if not start and not end:
        return None
    return start[0] if start else dates.EARLIEST, end[1] if end else dates.LATEST


def _timing(param: str) -> Read:
    """The outer limits: from the first of its events and its bounds to the last (R4 search.html#date)."""

    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is not dict:
            return
        repeat = value.get("repeat")
        covered = [_interval(event) for event in _items(value, "event")]
        covered.append(_limits(repeat.get("boundsPeriod")) if type(repeat) is dict else None)
        intervals = [interval for interval in covered if interval]
        if intervals:
            found.dates.append(DateValue(param, min(start for start, _ in intervals), max(end for _, end in intervals)))

    return read


def _uri(param: str) -> Read:
    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is str:
            found.uris.append(UriValue(param, value))

    return read


def _canonical_uri(param: str) -> Read:
    """As it is written, and, for those who ask for any version, without its version."""

    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is str:
            url, bar, version = value.partition("|")
            found.uris.append(UriValue(param, value))
            if bar:
                found.uris.append(UriValue(param, url, version))

    return read


def _string(param: str) -> Read:
    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is str and value.strip():
            found.strings.append(StringValue(param, folded(value), value))

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
    "CodeableConcept": _concept,
    "Coding": _coding,
    "Identifier": _identifier,
    "ContactPoint": _contact,
}
_DATES: Mapping[str, Callable[[str], Read]] = {"Period": _period, "Timing": _timing}
_STRINGS: Mapping[str, Callable[[str], Read]] = {
    "HumanName": _parts("family", "given", "text", "prefix", "suffix"),
    "Address": _parts("text", "line", "city", "district", "state", "postalCode", "country"),
}
