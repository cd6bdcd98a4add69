"""The conditions of a search: one parameter, a chain to what it refers to, or back from what refers to it (`_has`).

*Source*: R4 search.html#modifiers, #chaining, #has; security sheet C05, C16.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from app.fhir import search_values as values
from app.fhir.errors import TooCostly, UnknownParameter, Value
from app.fhir.registry import Registry, ResourceType, SearchParameter
from app.fhir.search_values import DateMatch, Match, StringMatch, TokenMatch

MAX_HOPS = 2
# what each kind offers beside :missing (a reference takes the name of a type, too), and where: for these data types
CONCEPTS = frozenset(("CodeableConcept", "Coding", "Identifier"))
MODIFIERS: Mapping[str, Mapping[str, tuple[values.Read, frozenset[str]]]] = MappingProxyType(
    {
        "token": {
            "not": (values.token, frozenset()),
            "of-type": (values.of_type, frozenset(("Identifier",))),
            "text": (values.starting, CONCEPTS),
        },
        "reference": {"identifier": (values.token, frozenset(("Reference",)))},
        "string": {"exact": (values.exactly, frozenset()), "contains": (values.containing, frozenset())},
    }
)
# rows for these are younger than the parameters: not every resource of an earlier release has them yet
RENEWED = frozenset(("of-type", "text"))


@dataclass(frozen=True, slots=True)
class Term:
    """One parameter: any of `matches` (or, with `missing`, whether there is a value at all); `negated` turns it
    round."""

    parameter: SearchParameter
    matches: tuple[Match, ...] = ()
    negated: bool = False
    missing: bool | None = None


@dataclass(frozen=True, slots=True)
class Ids:
    """One of these ids."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Updated:
    """Changed last at any of these times."""

    matches: tuple[DateMatch, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """The resource that `parameter` refers to fulfils one of the branches, each for one type: (type, what it must
    fulfil)."""

    parameter: SearchParameter
    branches: tuple[tuple[str, Criterion], ...]


@dataclass(frozen=True, slots=True)
class Has:
    """Some resource of the type of `parameter` refers by it to this one, and fulfils `then`."""

    parameter: SearchParameter
    then: Criterion


Criterion = Term | Ids | Updated | Chain | Has


@dataclass(frozen=True, slots=True)
class Asked:
    """What criteria are read against: the registry, our own base, the time."""

    registry: Registry
    base: str
    now: datetime = field(compare=False)


def criterion(asked: Asked, kind: ResourceType, name: str, value: str) -> Criterion | None:
    """None when the type has no such parameter."""
    if name.count(".") + name.count("_has:") > MAX_HOPS:
        raise TooCostly("search-chain", f"A chain, forwards or backwards, may have at most {MAX_HOPS} hops.")
    if name.partition(":")[0] == "_has":
        return _has(asked, kind, name, value)
    head, dot, rest = name.partition(".")
    code, colon, modifier = head.partition(":")
    if code in ("_id", "_lastUpdated"):
        if dot or colon:
            raise UnknownParameter("search-modifier", f"{code} takes neither a modifier nor a chain.", code)
        return Ids(values.ids(code, value)) if code == "_id" else Updated(values.dates(code, value, asked.now))
    refuse_building(kind, code)
    parameter = kind.parameters.get(code)
    if parameter is None:
        return None
    if dot:
        return _chain(asked, parameter, modifier, rest, value)
    return _term(asked, kind, parameter, modifier if colon else None, value)


def comparisons(criterion: Criterion) -> int:
    """How many values the database compares with: those of a chain once for each type that it may lead to."""
    if isinstance(criterion, Chain):
        return sum(comparisons(then) for _, then in criterion.branches)
    if isinstance(criterion, Has):
        return comparisons(criterion.then)
    return 1 if isinstance(criterion, Ids) else max(1, len(criterion.matches))


def refuse_building(kind: ResourceType, code: str) -> None:
    """Half an answer is none."""
    if code in kind.building:
        raise being_built(code)


def being_built(code: str) -> UnknownParameter:
    message = "This parameter is new: what was stored before is still being prepared for it. Try again later."
    return UnknownParameter("search-building", message, code)


def _has(asked: Asked, kind: ResourceType, name: str, value: str) -> Has | None:
    pieces = name.split(":", 3)
    if len(pieces) != 4:
        raise Value("search-has", "_has is written _has:Type:reference:parameter.", "_has")
    _, source, code, rest = pieces
    referring = asked.registry.types.get(source)
    if referring is None:
        return None
    _refuse_computed(referring)
    refuse_building(referring, code)
    parameter = referring.parameters.get(code)
    if parameter is None or not _leads_to(parameter, kind.name):
        return None
    then = criterion(asked, referring, rest, value)
    return Has(parameter, then) if then is not None else None


def _refuse_computed(kind: ResourceType) -> None:
    """Nothing of it is indexed: whoever was answered would take "none" for the truth."""
    if not kind.stored:
        raise UnknownParameter(
            "search-computed",
            f"No search passes through {kind.name}: it is computed when it is asked for. Search it by itself.",
        )


def _leads_to(parameter: SearchParameter, type_name: str) -> bool:
    return parameter.kind == "reference" and (not parameter.targets or type_name in parameter.targets)


def _chain(asked: Asked, parameter: SearchParameter, only: str, rest: str, value: str) -> Chain | None:
    if parameter.kind != "reference":
        return None
    types = asked.registry.types
    if only in types:
        _refuse_computed(types[only])
    targets = parameter.targets or tuple(sorted(types))
    wanted = [types[name] for name in targets if name in types and types[name].stored and only in ("", name)]
    branches = ((kind.name, criterion(asked, kind, rest, value)) for kind in wanted)
    known = tuple((name, then) for name, then in branches if then is not None)
    return Chain(parameter, known) if known else None


def _term(asked: Asked, kind: ResourceType, parameter: SearchParameter, modifier: str | None, value: str) -> Term:
    code = parameter.code
    if modifier is None:
        return Term(parameter, _as_stored(kind, parameter, values.matches(parameter, value, asked.base, asked.now)))
    if modifier == "missing" and parameter.kind != "composite":
        if value not in ("true", "false"):
            raise Value("search-missing", ":missing is true or false.", code)
        return Term(parameter, missing=value == "true")
    offered = {
        name: read
        for name, (read, where) in MODIFIERS.get(parameter.kind, {}).items()
        if not where or where & parameter.reads
    }
    if modifier in offered:
        if modifier in RENEWED and code in kind.renewing:
            raise being_built(code)
        found = values.each(code, value, offered[modifier])
        return Term(parameter, _as_stored(kind, parameter, found), negated=modifier == "not")
    if parameter.kind == "reference" and modifier in parameter.targets + (() if parameter.targets else (modifier,)):
        return Term(parameter, values.references(parameter, value, asked.base, only=modifier))
    raise UnknownParameter("search-modifier", _offer(parameter, tuple(offered)), code)


def _as_stored(kind: ResourceType, parameter: SearchParameter, found: tuple[Match, ...]) -> tuple[Match, ...]:
    """The alternatives as search rows have them: a token that is a plain string in the resource without its case (R4
    search.html#token). While some rows are those of an earlier release, also as those are."""
    cased = parameter.kind == "token" and "string" in parameter.reads
    stored = tuple(
        replace(each, value=each.value.casefold()) if cased and isinstance(each, TokenMatch) and each.value else each
        for each in found
    )
    if parameter.code not in kind.renewing:
        return stored
    before = (StringMatch(e.before, e.how) if isinstance(e, StringMatch) and e.before else e for e in found)
    return tuple(dict.fromkeys((*stored, *before)))


def _offer(parameter: SearchParameter, offered: tuple[str, ...]) -> str:
    names = [*offered, *(() if parameter.kind == "composite" else ("missing",))]
    types = ", or the name of a type that it may lead to" if parameter.kind == "reference" else ""
    listed = ", ".join(f":{name}" for name in names) or "none"
    return f"This modifier is not offered. Those of a {parameter.kind} parameter are {listed}{types}."
