"""From ValueSet and CodeSystem resources to facts. *Source*: R4 valueset.html#compose, codesystem.html."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.fhir.json import JsonObject
from app.fhir.terminology.facts import CodeSystemFacts, Concept, Content, Part, ValueSetFacts


class NoFacts(ValueError):
    """A definition that cannot be turned into facts; the message says why."""


def value_set(tree: JsonObject, systems: Mapping[str, CodeSystemFacts]) -> ValueSetFacts:
    """The facts of a ValueSet. `systems` that are complete settle their filters; without a compose its expansion
    counts."""
    try:
        compose = tree.get("compose")
        if compose is not None:
            parts = tuple(each for include in compose.get("include", ()) for each in _included(include, systems))
            without = tuple(each for exclude in compose.get("exclude", ()) for each in _included(exclude, systems))
        else:
            parts, without = tuple(_expanded(tree["expansion"])), ()
        return ValueSetFacts(tree["url"], tree.get("version", ""), _line(_title(tree)), parts, without)
    except (KeyError, TypeError, AttributeError) as problem:
        raise NoFacts(f"the value set lacks or misplaces {problem}") from problem


def code_system(tree: JsonObject) -> CodeSystemFacts:
    """The facts of a CodeSystem; of one that lists nothing, none of its codes."""
    try:
        content: Content = "complete" if tree.get("content") == "complete" else "fragment"
        concepts = tuple(_concepts(tree.get("concept", ()), ""))
        return CodeSystemFacts(tree["url"], tree.get("version", ""), content, _line(_title(tree)), concepts)
    except (KeyError, TypeError, AttributeError) as problem:
        raise NoFacts(f"the code system lacks or misplaces {problem}") from problem


def has_filters(tree: JsonObject) -> bool:
    """Whether a ValueSet picks codes by what a code system says of them."""
    compose = tree.get("compose")
    listed = [*compose.get("include", ()), *compose.get("exclude", ())] if type(compose) is dict else []
    return any(type(each) is dict and "filter" in each for each in listed)


def displays(tree: JsonObject) -> Iterator[tuple[str, str, str]]:
    """(system, code, what it means) of all codes of which a ValueSet tells it."""
    for include in tree.get("compose", {}).get("include", ()):
        for each in include.get("concept", ()):
            if "display" in each and "system" in include:
                yield include["system"], each["code"], _line(each["display"])
    for each in _contains(tree.get("expansion", {})):
        if "display" in each:
            yield each["system"], each["code"], _line(each["display"])


def _title(tree: JsonObject) -> str:
    title: str = tree.get("title") or tree.get("name", "")
    return title


def _included(include: JsonObject, systems: Mapping[str, CodeSystemFacts]) -> Iterator[Part]:
    sets = [each.partition("|")[0] for each in include.get("valueSet", ())]
    if "system" not in include:
        if len(sets) > 1:
            raise NoFacts("what is in several value sets at once is not understood here")
        yield from (Part(set=url) for url in sets)
        return
    if sets:
        raise NoFacts("codes of a system that are in a value set, too, are not understood here")
    system = include["system"].partition("|")[0]
    if "concept" in include:
        yield Part(system, tuple(dict.fromkeys(each["code"] for each in include["concept"])))
    elif "filter" in include:
        yield _filtered(system, include["filter"], systems.get(system))
    else:
        yield Part(system)


def _filtered(system: str, filters: list[JsonObject], known: CodeSystemFacts | None) -> Part:
    words = " and ".join(f"{each['property']} {each['op']} {each['value']}" for each in filters)
    if known is None or known.content != "complete":
        return Part(system, some=words)
    codes = [each.code for each in known.concepts]
    for each in filters:
        kept = _by_hierarchy(each, known)
        if kept is None:
            return Part(system, some=words)
        codes = [code for code in codes if code in kept]
    return Part(system, tuple(codes))


def _by_hierarchy(each: JsonObject, known: CodeSystemFacts) -> frozenset[str] | None:
    """The codes that a filter on the hierarchy keeps; None for another filter."""
    if each["property"] != "concept" or each["op"] not in ("is-a", "is-not-a", "descendent-of"):
        return None
    below = {each["value"]} if each["op"] != "descendent-of" else set()
    parents = {concept.code: concept.parent for concept in known.concepts}
    for code in parents:
        up, steps = parents[code], 0
        while up and steps < len(parents):
            if up == each["value"]:
                below.add(code)
                break
            up, steps = parents.get(up, ""), steps + 1
    return frozenset(parents) - below if each["op"] == "is-not-a" else frozenset(below)


def _expanded(expansion: JsonObject) -> Iterator[Part]:
    codes: dict[str, list[str]] = {}
    for each in _contains(expansion):
        codes.setdefault(each["system"], []).append(each["code"])
    yield from (Part(system, tuple(dict.fromkeys(found))) for system, found in codes.items())


def _contains(node: JsonObject) -> Iterator[JsonObject]:
    for each in node.get("contains", ()):
        if "code" in each and not each.get("abstract"):
            yield each
        yield from _contains(each)


def _concepts(listed: Any, parent: str) -> Iterator[Concept]:
    for each in listed:
        above = parent or next(
            (p["valueCode"] for p in each.get("property", ()) if p.get("code") in ("subsumedBy", "parent")), ""
        )
        yield Concept(each["code"], _line(each.get("display", "")), above)
        yield from _concepts(each.get("concept", ()), each["code"])


def _line(text: Any) -> str:
    return " ".join(str(text).split())
