"""A search as data: what a query string asks for, checked against the registry, before any SQL is thought of.

Parameters that the registry does not list are returned by name in `Query.unknown`; whether they are refused (`Prefer:
handling=strict`, `If-None-Exist`) or told about is the caller's affair. What would cost too much, or has no meaning,
is refused here.

*Source*: R4 search.html; security sheet INP-17, part 2 (limits), C02, C05, C06.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.fhir import search_values as values
from app.fhir.characters import has_forbidden
from app.fhir.errors import TooCostly, UnknownParameter, Value
from app.fhir.registry import Registry, ResourceType, SearchParameter
from app.fhir.search_values import DateMatch, Match

DEFAULT_COUNT = 50
MAX_COUNT = 500
MAX_PARAMETERS = 50
MAX_INCLUDES = 10
MAX_HOPS = 2
_ANSWERED_BY_THE_FACE = ("_format", "_pretty")
_NAME = re.compile(r"[A-Za-z0-9_\-.:]{1,64}", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Term:
    """One parameter: any of `matches` (or, with `missing`, whether there is a value at all); `negated` turns it
    round."""

    parameter: SearchParameter
    matches: tuple[Match, ...] = ()
    negated: bool = False
    missing: bool | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """The resource that `parameter` refers to fulfils one of the branches, each for one type: (type, what it must
    fulfil)."""

    parameter: SearchParameter
    branches: tuple[tuple[str, Term | Chain], ...]


@dataclass(frozen=True, slots=True)
class Include:
    """Send along what `parameter` refers to; only of type `target` when it is given."""

    parameter: SearchParameter
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """All that must hold at once. `count` 0 asks for the number alone; `ids` None means any; `last_updated` is an
    AND of ORs."""

    type: str
    terms: tuple[Term | Chain, ...] = ()
    includes: tuple[Include, ...] = ()
    ids: tuple[str, ...] | None = None
    last_updated: tuple[tuple[DateMatch, ...], ...] = ()
    count: int = DEFAULT_COUNT
    total: str = "none"
    unknown: tuple[str, ...] = ()


def parse_query(
    registry: Registry,
    type_name: str,
    pairs: Sequence[tuple[str, str]],
    base: str,
    *,
    sizes: tuple[int, int] = (DEFAULT_COUNT, MAX_COUNT),
) -> Query:
    """The query of a decoded query string; `sizes` are the entries of a page by default and at most.

    Raises Value, TooCostly or UnknownParameter (a modifier that is not offered).
    """
    if len(pairs) > MAX_PARAMETERS:
        raise TooCostly("search-parameters", f"A search may have at most {MAX_PARAMETERS} parameters.")
    if any(has_forbidden(name) or has_forbidden(value) for name, value in pairs):
        raise Value("character", "A search may not hold control characters, lone surrogates or noncharacters.")
    kind = registry.types[type_name]
    control = _once(pairs)
    terms, unknown = _terms(registry, kind, pairs, base)
    includes, unknown_includes = _includes(registry, kind, [pair for pair in pairs if _is_include(pair[0])])
    return Query(
        type=type_name,
        terms=tuple(terms),
        includes=tuple(includes),
        ids=_ids([value for name, value in pairs if name == "_id"]),
        last_updated=tuple(values.dates("_lastUpdated", value) for name, value in pairs if name == "_lastUpdated"),
        count=_count(control.get("_count", str(sizes[0])), sizes[1]),
        total=_total(control.get("_total", "none")),
        unknown=tuple(dict.fromkeys((*unknown, *unknown_includes))),
    )


def _once(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    control: dict[str, str] = {}
    for name, value in pairs:
        if name in ("_count", "_total"):
            if name in control:
                raise Value("search-repeated", f"{name} may be given once.", name)
            control[name] = value
    return control


def _count(text: str, most: int) -> int:
    if _COUNT.fullmatch(text) is None:
        raise Value("search-count", f"_count is a whole number from 0 to {most}.", "_count")
    return min(int(text), most)


def _total(text: str) -> str:
    if text not in ("none", "estimate", "accurate"):
        raise Value("search-total", "_total is none, estimate or accurate.", "_total")
    return text


def _ids(given: list[str]) -> tuple[str, ...] | None:
    """Several `_id` must all hold, so that only the ids in each of them remain."""
    if not given:
        return None
    lists = [values.ids("_id", text) for text in given]
    return tuple(id_ for id_ in dict.fromkeys(lists[0]) if all(id_ in other for other in lists[1:]))


def _terms(
    registry: Registry, kind: ResourceType, pairs: Sequence[tuple[str, str]], base: str
) -> tuple[list[Term | Chain], list[str]]:
    found: list[Term | Chain] = []
    unknown: list[str] = []
    for name, value in pairs:
        if name in ("_id", "_lastUpdated", "_count", "_total", *_ANSWERED_BY_THE_FACE) or _is_include(name):
            continue
        term = _criterion(registry, kind, name, value, base)
        if term is not None:
            found.append(term)
        else:
            unknown.append(name if _NAME.fullmatch(name) else "(a name with other characters)")
    return found, unknown


def _criterion(registry: Registry, kind: ResourceType, name: str, value: str, base: str) -> Term | Chain | None:
    """None when the type has no such parameter."""
    if name.count(".") > MAX_HOPS:
        raise TooCostly("search-chain", f"A chain may have at most {MAX_HOPS} hops.")
    head, dot, rest = name.partition(".")
    code, colon, modifier = head.partition(":")
    parameter = kind.parameters.get(code)
    if parameter is None:
        return None
    if dot:
        return _chain(registry, parameter, modifier, rest, value, base)
    return _term(parameter, modifier if colon else None, value, base)


def _chain(registry: Registry, parameter: SearchParameter, only: str, rest: str, value: str, base: str) -> Chain | None:
    if parameter.kind != "reference":
        return None
    targets = parameter.targets or tuple(sorted(registry.types))
    wanted = [registry.types[t] for t in targets if t in registry.types and only in ("", t)]
    branches = ((kind.name, _criterion(registry, kind, rest, value, base)) for kind in wanted)
    known = tuple((name, then) for name, then in branches if then is not None)
    return Chain(parameter, known) if known else None


def _term(parameter: SearchParameter, modifier: str | None, value: str, base: str) -> Term:
    if modifier is None:
        return Term(parameter, values.matches(parameter, value, base))
    if modifier == "missing":
        if value not in ("true", "false"):
            raise Value("search-missing", ":missing is true or false.", parameter.code)
        return Term(parameter, missing=value == "true")
    if modifier == "not" and parameter.kind == "token":
        return Term(parameter, values.matches(parameter, value, base), negated=True)
    if modifier == "exact" and parameter.kind == "string":
        return Term(parameter, values.exact_strings(parameter.code, value))
    if modifier == "identifier" and parameter.kind == "reference":
        return Term(parameter, values.tokens(parameter.code, value))
    if parameter.kind == "reference" and modifier in parameter.targets + (() if parameter.targets else (modifier,)):
        return Term(parameter, values.references(parameter, value, base, only=modifier))
    raise UnknownParameter("search-modifier", "This modifier is not offered for this parameter.", parameter.code)


def _is_include(name: str) -> bool:
    return name.partition(":")[0] == "_include"


def _includes(registry: Registry, kind: ResourceType, pairs: list[tuple[str, str]]) -> tuple[list[Include], list[str]]:
    """`_include=Task:focus`; the guide's own slip, `HealthCareService:location`, is understood."""
    if len(pairs) > MAX_INCLUDES:
        raise TooCostly("search-include", f"A search may have at most {MAX_INCLUDES} _include.")
    found: list[Include] = []
    unknown: list[str] = []
    for name, text in pairs:
        source, _, rest = text.partition(":")
        code, _, target = rest.partition(":")
        if "*" in (source, code, target) or name != "_include":
            raise TooCostly("search-include", "_include names one reference parameter, as in Task:focus.", "_include")
        if source.lower() == kind.name.lower() and code in kind.includes and (not target or target in registry.types):
            found.append(Include(kind.parameters[code], target or None))
        else:
            unknown.append("_include")
    return found, unknown
