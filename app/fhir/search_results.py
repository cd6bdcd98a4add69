"""How the results of a search are given back: what comes along, in which order, how many, counted or not.

*Source*: R4 search.html#include, #revinclude, #sort, #count, #total; security sheet part 2 (limits), C02, C06.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from app.fhir.errors import TooCostly, UnknownParameter, Value
from app.fhir.registry import Registry, ResourceType, SearchParameter
from app.fhir.search_terms import refuse_building

MAX_INCLUDES = 10
MAX_SORT_KEYS = 5
# how far a total is counted; a Bundle whose total stops there says so
COUNTED_TO: Mapping[str, int] = MappingProxyType({"estimate": 1_000, "accurate": 10_000})
SORTABLE = frozenset(("date", "string", "token", "uri", "number", "quantity"))
_COUNT = re.compile(r"[0-9]{1,12}", re.ASCII)

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Include:
    """Send along what `parameter` refers to; only of type `target` when it is given."""

    parameter: SearchParameter
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Revinclude:
    """Send along what refers by `parameter` (of another type, or of the same) to what was found."""

    parameter: SearchParameter


@dataclass(frozen=True, slots=True)
class Sort:
    """One key: a parameter, or `_id` or `_lastUpdated`. Resources without a value come last in both directions."""

    by: SearchParameter | str
    descending: bool = False


def count(text: str, most: int) -> int:
    if _COUNT.fullmatch(text) is None:
        raise Value("search-count", f"_count is a whole number from 0 to {most}.", "_count")
    return min(int(text), most)


def total(text: str) -> str:
    if text not in ("none", *COUNTED_TO):
        raise Value("search-total", "_total is none, estimate or accurate.", "_total")
    return text


def sort_keys(kind: ResourceType, text: str) -> tuple[Sort, ...]:
    """`status,-date`: up or, with a hyphen, down."""
    names = text.split(",")
    if len(names) > MAX_SORT_KEYS:
        raise TooCostly("search-sort", f"A search may be sorted by at most {MAX_SORT_KEYS} parameters.", "_sort")
    return tuple(_sort(kind, name.removeprefix("-"), name.startswith("-")) for name in names)


def _sort(kind: ResourceType, code: str, descending: bool) -> Sort:
    if code in ("_id", "_lastUpdated"):
        return Sort(code, descending)
    refuse_building(kind, code)
    parameter = kind.parameters.get(code)
    if parameter is None or parameter.kind not in SORTABLE:
        message = f"_sort takes _id, _lastUpdated and this type's parameters of kind {', '.join(sorted(SORTABLE))}."
        raise UnknownParameter("search-sort", message, "_sort")
    return Sort(parameter, descending)


def is_include(name: str) -> bool:
    return name.partition(":")[0] in ("_include", "_revinclude")


def refuse_what_cannot_come_along(pairs: Sequence[Pair]) -> None:
    """*Source*: security sheet part 2; search.html#summary."""
    included = sum(is_include(name) for name, _ in pairs)
    if included > MAX_INCLUDES:
        raise TooCostly("search-include", f"A search may have at most {MAX_INCLUDES} _include and _revinclude.")
    if included and ("_summary", "text") in pairs:
        raise Value("summary-include", "_include and _revinclude are not for _summary=text.", "_summary")


def include(registry: Registry, kind: ResourceType, name: str, text: str) -> Include | Revinclude | None:
    """`_include=Task:focus`, `_revinclude=Provenance:target`; None for what the type does not declare. The guide's own
    slip, `HealthCareService:location`, is understood."""
    source, _, rest = text.partition(":")
    code, _, target = rest.partition(":")
    if "*" in (source, code, target) or name not in ("_include", "_revinclude"):
        message = "_include and _revinclude name one reference parameter, as in Task:focus, and take no modifier."
        raise TooCostly("search-include", message, name.partition(":")[0])
    if name == "_revinclude":
        return _revinclude(registry, kind, source, code, target)
    if source.lower() != kind.name.lower():
        return None
    refuse_building(kind, code)
    if code in kind.includes and (not target or target in registry.types):
        return Include(kind.parameters[code], target or None)
    return None


def _revinclude(registry: Registry, kind: ResourceType, source: str, code: str, target: str) -> Revinclude | None:
    referring = registry.types.get(source)
    if referring is None:
        return None
    refuse_building(referring, code)
    if f"{source}:{code}" in kind.revincludes and target in ("", kind.name):
        return Revinclude(referring.parameters[code])
    return None
