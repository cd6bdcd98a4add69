"""The values of a search, one kind of match for each kind of parameter. *Source*: R4 search.html#ptypes, #escaping."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from app.fhir.dates import LATEST, searched, widened
from app.fhir.errors import Value
from app.fhir.folding import folded, with_punctuation
from app.fhir.index_numbers import written
from app.fhir.references import Local, Remote, parse_reference
from app.fhir.registry import SearchParameter
from app.fhir.tables import r4

MAX_VALUES = 200
PREFIXES = ("eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap")
# R4's proposal for `ap`: a tenth of the number, or of the time between then and now
APPROXIMATELY = 10
_CANONICAL = frozenset(("canonical",))
_ESCAPED = re.compile(r"\\([,|$\\])")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,60}(?:\.[0-9]{1,60})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TokenMatch:
    """`code` any system · `system|code` both · `|code` a code without system (`no_system`) · `system|` any code
    (`value` None)."""

    system: str | None
    value: str | None
    no_system: bool = False


@dataclass(frozen=True, slots=True)
class PairMatch:
    """Two tokens that stand together: the components of a composite, or an identifier's type and its value."""

    first: TokenMatch
    second: TokenMatch


@dataclass(frozen=True, slots=True)
class ReferenceMatch:
    """A resource of this server by `id` (and `type`, when it is known), otherwise anything that was written as
    `text`."""

    text: str
    type: str | None
    id: str | None


@dataclass(frozen=True, slots=True)
class DateMatch:
    """A comparison (`eq ne gt ge lt le sa eb ap`) with [start, end) in UTC; for `ap` it is widened already."""

    prefix: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class QuantityMatch:
    """A comparison with `value`, or with [`least`, `most`): the range that its written precision implies (for `ap`, a
    tenth around it). `system` None any · `code` of the system · `unit` the code or the unit in words."""

    prefix: str
    value: Decimal
    least: Decimal
    most: Decimal
    system: str | None = None
    code: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class StringMatch:
    """`how`: the folded value `starts` with or `contains` the text, which is folded too; or is `exact`ly the text.
    `before`: the text as rows of earlier releases are folded."""

    text: str
    how: str = "starts"
    before: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class UriMatch:
    """Equal to the letter."""

    value: str


Match = TokenMatch | PairMatch | ReferenceMatch | DateMatch | QuantityMatch | StringMatch | UriMatch
Read = Callable[[str, str], Match]


def matches(parameter: SearchParameter, text: str, base: str, now: datetime) -> tuple[Match, ...]:
    """The alternatives of one parameter's value. Raises Value."""
    if parameter.kind == "reference":
        return references(parameter, text, base)
    if parameter.kind == "date":
        return dates(parameter.code, text, now)
    return each(parameter.code, text, READ[parameter.kind])


def each(code: str, text: str, read: Read) -> tuple[Match, ...]:
    """The alternatives of a value, each read in the same way."""
    return tuple(read(code, part) for part in _alternatives(code, text))


def tokens(code: str, text: str) -> tuple[Match, ...]:
    """The alternatives of a token."""
    return each(code, text, token)


def dates(code: str, text: str, now: datetime | None = None) -> tuple[DateMatch, ...]:
    """The alternatives of a date, each with its prefix; `ap` only where `now` is told."""
    return tuple(_date(code, part, now) for part in _alternatives(code, text))


def references(parameter: SearchParameter, text: str, base: str, only: str | None = None) -> tuple[Match, ...]:
    """The alternatives of a reference; `only` is the type that a modifier names."""
    if only is not None and only not in r4().resource_types:
        raise Value("search-type", "This modifier is not a resource type.", parameter.code)
    return tuple(
        _reference(parameter, _plain(parameter.code, part), base, only) for part in _alternatives(parameter.code, text)
    )


def ids(code: str, text: str) -> tuple[str, ...]:
    """Resource ids; what cannot be an id matches nothing and is left out."""
    return tuple(part for part in _alternatives(code, text) if _ID.fullmatch(part))


def token(code: str, part: str) -> TokenMatch:
    pieces = _split(part, "|", 1)
    if len(pieces) == 1:
        return TokenMatch(None, _plain(code, part))
    system, value = _plain(code, pieces[0]), _plain(code, pieces[1])
    if not system and not value:
        raise _empty(code)
    return TokenMatch(system or None, value or None, no_system=not system)


def of_type(code: str, part: str) -> PairMatch:
    """`identifier:of-type=system|code|value`."""
    pieces = [_plain(code, piece) for piece in _split(part, "|", 2)]
    if len(pieces) != 3 or not all(pieces):
        raise Value("search-of-type", "A value of :of-type is system|code|value, all three of them.", code)
    return PairMatch(TokenMatch(pieces[0], pieces[1]), TokenMatch(None, pieces[2]))


def starting(code: str, part: str) -> StringMatch:
    return _words(code, part, "starts")


def containing(code: str, part: str) -> StringMatch:
    return _words(code, part, "contains")


def exactly(code: str, part: str) -> StringMatch:
    return StringMatch(_plain(code, part), "exact")


def _composite(code: str, part: str) -> PairMatch:
    pieces = _split(part, "$")
    if len(pieces) != 2 or not all(pieces):
        raise Value("search-composite", "A composite has two values with a $ between them.", code)
    return PairMatch(token(code, pieces[0]), token(code, pieces[1]))


def _uri(code: str, part: str) -> UriMatch:
    return UriMatch(_plain(code, part))


def _number(code: str, part: str) -> QuantityMatch:
    return _quantity_of(code, _plain(code, part), None, None, None)


def _quantity(code: str, part: str) -> QuantityMatch:
    """`5.4` any unit · `5.4|system|code` · `5.4||unit` the code or the unit in words · `5.4|system|` any code."""
    pieces = [_plain(code, piece) for piece in _split(part, "|", 2)]
    if len(pieces) == 1:
        return _quantity_of(code, pieces[0], None, None, None)
    if len(pieces) != 3 or not (pieces[1] or pieces[2]):
        raise Value("search-quantity", "A quantity is number, number|system|code or number||unit.", code)
    system, unit = pieces[1] or None, pieces[2] or None
    return _quantity_of(code, pieces[0], system, unit if system else None, None if system else unit)


def _quantity_of(code: str, text: str, system: str | None, unit_code: str | None, unit: str | None) -> QuantityMatch:
    prefix = text[:2] if text[:2] in PREFIXES else ""
    at = written(text[len(prefix) :]) if _NUMBER.fullmatch(text[len(prefix) :]) else None
    if at is None:
        message = f"A number is written as 5.4 or 5.40e-3. Prefixes: {', '.join(PREFIXES)}."
        raise Value("search-number", message, code)
    least, most = at.around(at.share(APPROXIMATELY)) if prefix == "ap" else at.around()
    return QuantityMatch(prefix or "eq", at.value, least, most, system, unit_code, unit)


READ: Mapping[str, Read] = MappingProxyType(
    {
        "token": token,
        "string": starting,
        "uri": _uri,
        "number": _number,
        "quantity": _quantity,
        "composite": _composite,
    }
)


def _words(code: str, part: str, how: str) -> StringMatch:
    plain = _plain(code, part)
    text = folded(plain)
    if not text:
        raise _empty(code)
    return StringMatch(text, how, with_punctuation(plain))


def _date(code: str, part: str, now: datetime | None) -> DateMatch:
    text = _plain(code, part)
    prefix = text[:2] if text[:2] in PREFIXES and (now or text[:2] != "ap") else ""
    try:
        start, end = searched(text[len(prefix) :])
    except Value as refusal:
        raise Value("search-date", f"{refusal.issues[0].message} Prefixes: {', '.join(PREFIXES)}.", code) from None
    if prefix == "ap" and now is not None:
        gap = max(start - now, now - min(end, LATEST), timedelta(0))
        start, end = widened((start, end), gap / APPROXIMATELY)
    return DateMatch(prefix or "eq", start, end)


def _reference(parameter: SearchParameter, text: str, base: str, only: str | None) -> ReferenceMatch:
    if parameter.reads == _CANONICAL:  # ours are found by their url, too, and not by the address that they have here
        return ReferenceMatch(text, None, None)
    alone = parameter.targets[0] if len(parameter.targets) == 1 else None
    if _ID.fullmatch(text):
        return ReferenceMatch(text, only or alone, text)
    try:
        target = parse_reference(text, base)
    except Value:
        raise Value("search-reference", "A reference is an id, Type/id or an absolute URL.", parameter.code) from None
    if isinstance(target, Local):
        if only not in (None, target.type):
            raise Value("search-reference", "The modifier and the reference name two types.", parameter.code)
        return ReferenceMatch(text, target.type, target.id)
    return ReferenceMatch(text, target.type if isinstance(target, Remote) else only, None)


def _alternatives(code: str, text: str) -> list[str]:
    parts = _split(text, ",")
    if len(parts) > MAX_VALUES:
        raise Value("search-values", f"A parameter may list at most {MAX_VALUES} values.", code)
    if not all(parts):
        raise _empty(code)
    return parts


def _split(text: str, mark: str, times: int = -1) -> list[str]:
    """Cuts at each mark that no backslash protects."""
    if mark not in text:
        return [text]
    parts, start, i = [], 0, 0
    while i < len(text) and times != 0:
        if text[i] == "\\":
            i += 1
        elif text[i] == mark:
            parts.append(text[start:i])
            start, times = i + 1, times - 1
        i += 1
    return [*parts, text[start:]]


def _plain(code: str, part: str) -> str:
    if "\\" not in part:
        return part
    if "\\" in _ESCAPED.sub("", part):
        raise Value("search-escape", "A backslash stands before a comma, a bar, a dollar or a backslash only.", code)
    return _ESCAPED.sub(r"\1", part)


def _empty(code: str) -> Value:
    return Value("search-empty", "A parameter needs a value.", code)
