"""The values of a search, one kind of match for each kind of parameter. *Source*: R4 search.html#ptypes, #escaping."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from app.fhir.dates import searched
from app.fhir.errors import Value
from app.fhir.folding import folded
from app.fhir.references import Local, Remote, parse_reference
from app.fhir.registry import SearchParameter
from app.fhir.tables import r4

MAX_VALUES = 200
PREFIXES = ("eq", "ne", "gt", "ge", "lt", "le", "sa", "eb")
_ESCAPED = re.compile(r"\\([,|$\\])")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TokenMatch:
    """`code` any system · `system|code` both · `|code` a code without system (`no_system`) · `system|` any code
    (`value` None)."""

    system: str | None
    value: str | None
    no_system: bool = False


@dataclass(frozen=True, slots=True)
class ReferenceMatch:
    """A resource of this server by `id` (and `type`, when it is known), otherwise anything that was written as
    `text`."""

    text: str
    type: str | None
    id: str | None


@dataclass(frozen=True, slots=True)
class DateMatch:
    """A comparison (`eq ne gt ge lt le sa eb`) with [start, end) in UTC."""

    prefix: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class StringMatch:
    """`exact`: equal to `text`; otherwise the folded value begins with `text`, which is folded too."""

    text: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class UriMatch:
    """Equal to the letter."""

    value: str


Match = TokenMatch | ReferenceMatch | DateMatch | StringMatch | UriMatch


def matches(parameter: SearchParameter, text: str, base: str) -> tuple[Match, ...]:
    """The alternatives of one parameter's value. Raises Value."""
    if parameter.kind == "token":
        return tokens(parameter.code, text)
    if parameter.kind == "reference":
        return references(parameter, text, base)
    if parameter.kind == "date":
        return dates(parameter.code, text)
    if parameter.kind == "string":
        return tuple(_string(parameter.code, part) for part in _alternatives(parameter.code, text))
    return tuple(UriMatch(_plain(part)) for part in _alternatives(parameter.code, text))


def exact_strings(code: str, text: str) -> tuple[Match, ...]:
    """The alternatives of `name:exact`."""
    return tuple(StringMatch(_plain(part), exact=True) for part in _alternatives(code, text))


def tokens(code: str, text: str) -> tuple[Match, ...]:
    """The alternatives of a token, or of `:identifier` on a reference."""
    return tuple(_token(code, part) for part in _alternatives(code, text))


def dates(code: str, text: str) -> tuple[DateMatch, ...]:
    """The alternatives of a date, each with its prefix."""
    return tuple(_date(code, part) for part in _alternatives(code, text))


def references(parameter: SearchParameter, text: str, base: str, only: str | None = None) -> tuple[Match, ...]:
    """The alternatives of a reference; `only` is the type that a modifier names."""
    if only is not None and only not in r4().resource_types:
        raise Value("search-type", "This modifier is not a resource type.", parameter.code)
    return tuple(_reference(parameter, _plain(part), base, only) for part in _alternatives(parameter.code, text))


def ids(code: str, text: str) -> tuple[str, ...]:
    """Resource ids; what cannot be an id matches nothing and is left out."""
    return tuple(part for part in _alternatives(code, text) if _ID.fullmatch(part))


def _string(code: str, part: str) -> StringMatch:
    text = folded(_plain(part))
    if not text:
        raise _empty(code)
    return StringMatch(text)


def _token(code: str, part: str) -> TokenMatch:
    pieces = _split(part, "|", 1)
    if len(pieces) == 1:
        return TokenMatch(None, _plain(part))
    system, value = _plain(pieces[0]), _plain(pieces[1])
    if not system and not value:
        raise _empty(code)
    return TokenMatch(system or None, value or None, no_system=not system)


def _date(code: str, part: str) -> DateMatch:
    text = _plain(part)
    prefix = text[:2] if text[:2] in PREFIXES else ""
    try:
        return DateMatch(prefix or "eq", *searched(text[len(prefix) :]))
    except Value as refusal:
        raise Value("search-date", f"{refusal.issues[0].message} Prefixes: {', '.join(PREFIXES)}.", code) from None


def _reference(parameter: SearchParameter, text: str, base: str, only: str | None) -> ReferenceMatch:
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


def _plain(part: str) -> str:
    return _ESCAPED.sub(r"\1", part) if "\\" in part else part


def _empty(code: str) -> Value:
    return Value("search-empty", "A parameter needs a value.", code)
