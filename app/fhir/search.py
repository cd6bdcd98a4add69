"""A search as data: what a query string asks for, checked against the registry, before any SQL is thought of.

Parameters that the registry does not list are returned by name in `Query.unknown`; whether they are refused (`Prefer:
handling=strict`, `If-None-Exist`) or told about is the caller's affair. What would cost too much, or has no meaning,
is refused here.

*Source*: R4 search.html; security sheet INP-17, part 2 (limits), C02, C05, C06.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.fhir import search_results as results
from app.fhir.characters import has_forbidden
from app.fhir.errors import TooCostly, UnknownParameter, Value
from app.fhir.registry import Registry, ResourceType
from app.fhir.search_results import COUNTED_TO, Include, Pair, Revinclude, Sort
from app.fhir.search_terms import Asked, Chain, Criterion, Has, Ids, Term, Updated, comparisons, criterion
from app.fhir.search_values import DateMatch

__all__ = [
    "COUNTED_TO",
    "Chain",
    "Criterion",
    "Has",
    "Ids",
    "Include",
    "Query",
    "Revinclude",
    "Sort",
    "Term",
    "Updated",
    "parse_query",
]

DEFAULT_COUNT = 50
MAX_COUNT = 500
MAX_PARAMETERS = 50
# each becomes an argument or more of one statement, which the database takes 32,767 of
MAX_COMPARISONS = 2_000
_ONCE = ("_count", "_total", "_sort")
_CONTROL = frozenset((*_ONCE, "_summary", "_elements", "_format", "_pretty"))
_NAME = re.compile(r"[A-Za-z0-9_\-.:]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Query:
    """All that must hold at once. `count` 0 asks for the number alone; `ids` None means any; `last_updated` is an
    AND of ORs; `used` are the pairs without those that nobody here knows. Of `unknown` ones, '' is one whose name has
    other characters than names have."""

    type: str
    terms: tuple[Term | Chain | Has, ...] = ()
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Revinclude, ...] = ()
    ids: tuple[str, ...] | None = None
    last_updated: tuple[tuple[DateMatch, ...], ...] = ()
    sort: tuple[Sort, ...] = ()
    count: int = DEFAULT_COUNT
    total: str = "none"
    unknown: tuple[str, ...] = ()
    used: tuple[Pair, ...] = ()


@dataclass(slots=True)
class _Parts:
    """What the pairs say, collected one by one."""

    terms: list[Term | Chain | Has] = field(default_factory=list)
    includes: list[Include | Revinclude] = field(default_factory=list)
    ids: list[tuple[str, ...]] = field(default_factory=list)
    updated: list[tuple[DateMatch, ...]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    used: list[Pair] = field(default_factory=list)
    compared: int = 0

    def add(self, part: Criterion | Include | Revinclude) -> None:
        if isinstance(part, Ids):
            self.ids.append(part.ids)
        elif isinstance(part, Updated):
            self.updated.append(part.matches)
        elif isinstance(part, Include | Revinclude):
            self.includes.append(part)
        else:
            self.terms.append(part)
            self.compared += comparisons(part)
            if self.compared > MAX_COMPARISONS:
                most = (
                    f"A search may compare with at most {MAX_COMPARISONS} values, each for every type a chain leads to."
                )
                raise TooCostly("search-comparisons", most)


def parse_query(
    registry: Registry,
    type_name: str,
    pairs: Sequence[Pair],
    base: str,
    *,
    now: datetime,
    sizes: tuple[int, int] = (DEFAULT_COUNT, MAX_COUNT),
) -> Query:
    """The query of a decoded query string; `sizes` are the entries of a page by default and at most; `now` is what
    approximate dates are near to.

    What has a name only is passed over, as search.html#parameters has it. Raises Value, TooCostly or UnknownParameter
    (a modifier that is not offered, a parameter that is being built, a named query).
    """
    if len(pairs) > MAX_PARAMETERS:
        raise TooCostly("search-parameters", f"A search may have at most {MAX_PARAMETERS} parameters.")
    if any(has_forbidden(name) or has_forbidden(value) for name, value in pairs):
        raise Value("character", "A search may not hold control characters, lone surrogates or noncharacters.")
    kind = registry.types[type_name]
    pairs = [pair for pair in pairs if pair[1]]
    control = _once(pairs)
    results.refuse_what_cannot_come_along(pairs)
    parts = _parts(Asked(registry, base, now), kind, pairs)
    counts_only = ("_summary", "count") in pairs
    return Query(
        type=type_name,
        terms=tuple(parts.terms),
        includes=tuple(each for each in parts.includes if isinstance(each, Include)),
        revincludes=tuple(each for each in parts.includes if isinstance(each, Revinclude)),
        ids=_common(parts.ids),
        last_updated=tuple(parts.updated),
        sort=results.sort_keys(kind, control["_sort"]) if "_sort" in control else (),
        count=0 if counts_only else results.count(control.get("_count", str(sizes[0])), sizes[1]),
        total=results.total(control.get("_total", "none")),
        unknown=tuple(dict.fromkeys(parts.unknown)),
        used=tuple(parts.used),
    )


def _once(pairs: Sequence[Pair]) -> dict[str, str]:
    control: dict[str, str] = {}
    for name, value in pairs:
        if name in _ONCE:
            if name in control:
                raise Value("search-repeated", f"{name} may be given once.", name)
            control[name] = value
    return control


def _parts(asked: Asked, kind: ResourceType, pairs: Sequence[Pair]) -> _Parts:
    parts = _Parts()
    for name, value in (part for pair in pairs for part in _versions_apart(kind, pair)):
        if name == "_query":
            raise UnknownParameter("search-query", "No named query is offered here.", name)
        if name not in _CONTROL:
            is_include = results.is_include(name)
            read = results.include(asked.registry, kind, name, value) if is_include else None
            part = read if is_include else criterion(asked, kind, name, value)
            if part is None:
                told = name.partition(":")[0] if is_include else name
                parts.unknown.append(told if _NAME.fullmatch(told) else "")
                continue
            parts.add(part)
        parts.used.append((name, value))
    return parts


def _versions_apart(kind: ResourceType, pair: Pair) -> tuple[Pair, ...]:
    """`url=address|version` asks for both. *Source*: search.html#uri."""
    name, value = pair
    url, bar, version = value.rpartition("|")
    if name == "url" and bar and url and version and "," not in value and "version" in kind.parameters:
        return (name, url), ("version", version)
    return (pair,)


def _common(lists: list[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Several `_id` must all hold, so that only the ids in each of them remain."""
    if not lists:
        return None
    return tuple(id_ for id_ in dict.fromkeys(lists[0]) if all(id_ in other for other in lists[1:]))
