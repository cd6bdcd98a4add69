"""From ValueSet and CodeSystem resources to facts. *Source*: R4 valueset.html#compose, codesystem.html."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby

from app.fhir.cells import fits, in_one_line
from app.fhir.json import JsonObject
from app.fhir.terminology.facts import CodeSystemFacts, Concept, Content, Part, ValueSetFacts

_ABOVE = ("subsumedBy", "parent")


class NoFacts(ValueError):
    """A definition that cannot be turned into facts; the message says why."""


def value_set(tree: JsonObject, systems: Mapping[str, CodeSystemFacts]) -> ValueSetFacts:
    """The facts of a ValueSet. `systems` that are complete settle their filters; without a compose its expansion
    counts. Raises NoFacts."""
    try:
        if "compose" in tree:
            compose = _object(tree, "compose")
            parts, without = (
                _merged(each for include in _objects(compose, name) for each in _included(include, systems))
                for name in ("include", "exclude")
            )
        else:
            parts, without = tuple(_expanded(_object(tree, "expansion"))), ()
        return ValueSetFacts(_text(tree, "url"), _version(tree), _title(tree), parts, without)
    except RecursionError as problem:
        raise NoFacts("it is nested too deeply") from problem


def code_system(tree: JsonObject) -> CodeSystemFacts:
    """The facts of a CodeSystem; of one that lists nothing, none of its codes. Raises NoFacts."""
    try:
        content: Content = "complete" if tree.get("content") == "complete" else "fragment"
        concepts = tuple(_concepts(tree, ""))
        any_case = tree.get("caseSensitive") is False
        return CodeSystemFacts(_text(tree, "url"), _version(tree), content, _title(tree), concepts, any_case)
    except RecursionError as problem:
        raise NoFacts("it is nested too deeply") from problem


def has_filters(tree: JsonObject) -> bool:
    """Whether a ValueSet picks codes by what a code system says of them."""
    compose = tree.get("compose")
    listed = [compose.get("include"), compose.get("exclude")] if type(compose) is dict else []
    return any(type(each) is dict and "filter" in each for parts in listed if type(parts) is list for each in parts)


def displays(tree: JsonObject) -> Iterator[tuple[str, str, str]]:
    """(system, code, what it means) of all codes of which a ValueSet tells it. Raises NoFacts."""
    for include in _objects(_object(tree, "compose"), "include") if "compose" in tree else ():
        for each in _objects(include, "concept"):
            if "display" in each and "system" in include:
                yield _text(include, "system"), _text(each, "code"), in_one_line(each["display"])
    for each in _contains(_object(tree, "expansion")) if "expansion" in tree else ():
        if "display" in each:
            yield _text(each, "system"), _text(each, "code"), in_one_line(each["display"])


def _title(tree: JsonObject) -> str:
    return in_one_line(tree.get("title") or tree.get("name") or "")


def _version(tree: JsonObject) -> str:
    return _text(tree, "version") if "version" in tree else ""


def _text(tree: JsonObject, name: str) -> str:
    found = tree.get(name)
    if type(found) is not str or not fits(found):
        raise NoFacts(f"{name} must be a text in one line")
    return found


def _object(tree: JsonObject, name: str) -> JsonObject:
    found = tree.get(name)
    if type(found) is not dict:
        raise NoFacts(f"{name} must be an object")
    return found


def _objects(tree: JsonObject, name: str) -> list[JsonObject]:
    found = tree.get(name, [])
    if type(found) is not list or not all(type(each) is dict for each in found):
        raise NoFacts(f"{name} must be a list of objects")
    return found


def _included(include: JsonObject, systems: Mapping[str, CodeSystemFacts]) -> Iterator[Part]:
    listed = include.get("valueSet", [])
    if type(listed) is not list or not all(type(each) is str and each for each in listed):
        raise NoFacts("valueSet must be a list of addresses")
    sets = [each.partition("|")[0] for each in listed]
    if "system" not in include:
        if len(sets) > 1:
            raise NoFacts("what is in several value sets at once is not understood here")
        yield from (Part(set=url) for url in sets)
        return
    if sets:
        raise NoFacts("codes of a system that are in a value set, too, are not understood here")
    system = _text(include, "system").partition("|")[0]
    if "concept" in include:
        yield Part(system, tuple(dict.fromkeys(_text(each, "code") for each in _objects(include, "concept"))))
    elif "filter" in include:
        yield _filtered(system, _objects(include, "filter"), systems.get(system))
    else:
        yield Part(system)


def _merged(parts: Iterator[Part]) -> tuple[Part, ...]:
    """Those side by side that a table cannot part: codes with spaces, of one system."""
    found: list[Part] = []
    for (spaced, _), same in groupby(
        parts, key=lambda part: (any(" " in code for code in part.codes or ()), part.system)
    ):
        listed = list(same)
        if spaced:
            codes = dict.fromkeys(code for part in listed for code in part.codes or ())
            listed = [replace(listed[0], codes=tuple(codes))]
        found += listed
    return tuple(found)


def _filtered(system: str, filters: list[JsonObject], known: CodeSystemFacts | None) -> Part:
    told = [(_text(each, "property"), _text(each, "op"), _wanted(each)) for each in filters]
    words = " and ".join(" ".join(each) for each in told)
    if known is None or known.content != "complete":
        return Part(system, some=words)
    codes = [each.code for each in known.concepts]
    for each in told:
        kept = _by_hierarchy(*each, known)
        if kept is None:
            return Part(system, some=words)
        codes = [code for code in codes if code in kept]
    return Part(system, tuple(codes))


def _wanted(each: JsonObject) -> str:
    value = in_one_line(each.get("value", ""))
    if type(each.get("value")) is not str or not value:
        raise NoFacts("a filter's value must be a text")
    return value


def _by_hierarchy(name: str, operator: str, value: str, known: CodeSystemFacts) -> frozenset[str] | None:
    """The codes that a filter on the hierarchy keeps; None for another filter."""
    if name != "concept" or operator not in ("is-a", "is-not-a", "descendent-of"):
        return None
    children: dict[str, list[str]] = {}
    for concept in known.concepts:
        for parent in concept.parents:
            children.setdefault(parent, []).append(concept.code)
    below: set[str] = set()
    waiting = list(children.get(value, ()))
    while waiting:
        code = waiting.pop()
        if code not in below:
            below.add(code)
            waiting += children.get(code, ())
    below = below - {value} if operator == "descendent-of" else below | {value}
    return frozenset(each.code for each in known.concepts) - below if operator == "is-not-a" else frozenset(below)


def _expanded(expansion: JsonObject) -> Iterator[Part]:
    codes: dict[str, list[str]] = {}
    for each in _contains(expansion):
        codes.setdefault(_text(each, "system"), []).append(_text(each, "code"))
    yield from (Part(system, tuple(dict.fromkeys(found))) for system, found in codes.items())


def _contains(node: JsonObject) -> Iterator[JsonObject]:
    for each in _objects(node, "contains"):
        if "code" in each and not each.get("abstract"):
            yield each
        yield from _contains(each)


def _concepts(node: JsonObject, parent: str) -> Iterator[Concept]:
    for each in _objects(node, "concept"):
        code = _text(each, "code")
        told = [prop.get("valueCode") for prop in _objects(each, "property") if prop.get("code") in _ABOVE]
        above = dict.fromkeys([parent, *(up for up in told if type(up) is str)])
        yield Concept(code, in_one_line(each.get("display", "")), tuple(up for up in above if up))
        yield from _concepts(each, code)
