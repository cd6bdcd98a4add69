"""Facts as the resources that the API shows: ValueSet, with and without its expansion, and CodeSystem.

*Source*: R4 valueset.html, codesystem.html, valueset-operation-expand.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from app.fhir.json import JsonObject
from app.fhir.terminology.facts import CodeSystemFacts, Concept, Facts, Part, ValueSetFacts

# between two filters: a value may have the word, too
_ANOTHER = re.compile(r" and (?=\S+ (?:=|is-a|descendent-of|is-not-a|regex|in|not-in|generalizes|exists) )")
# system, code, what it means
Member = tuple[str, str, str]


def id_of(url: str) -> str:
    """The id under which a definition is read here: the same everywhere, made of its address."""
    return str(uuid5(NAMESPACE_URL, url))


def resource(facts: Facts) -> JsonObject:
    """The resource of a value set or of a code system."""
    return _value_set(facts) if isinstance(facts, ValueSetFacts) else _code_system(facts)


def expansion(
    facts: ValueSetFacts,
    members: Sequence[Member],
    *,
    identifier: UUID,
    timestamp: str,
    total: int,
    offset: int | None,
    parameters: Iterable[tuple[str, str | int]],
) -> JsonObject:
    """The value set with these of its members, of `total`, from `offset` on; None: they are all there."""
    found: JsonObject = {
        "identifier": f"urn:uuid:{identifier}",
        "timestamp": timestamp,
        "total": total,
        **({} if offset is None else {"offset": offset}),
        "parameter": [_parameter(name, value) for name, value in parameters],
        "contains": [_member(*each) for each in members],
    }
    return {**_head("ValueSet", facts), "expansion": _without_empty(found)}


def _value_set(facts: ValueSetFacts) -> JsonObject:
    compose: JsonObject = {"include": [_part(each) for each in facts.parts]}
    if facts.without:
        compose["exclude"] = [_part(each) for each in facts.without]
    return {**_head("ValueSet", facts), "compose": compose}


def _code_system(facts: CodeSystemFacts) -> JsonObject:
    tree = _head("CodeSystem", facts)
    tree["content"] = facts.content
    tree["caseSensitive"] = not facts.any_case
    tree["concept"] = [_concept(each) for each in facts.concepts]
    if any(each.parents for each in facts.concepts):
        tree["property"] = [{"code": "parent", "type": "code"}]
    return _without_empty(tree)


def _head(kind: str, facts: Facts) -> JsonObject:
    tree = {
        "resourceType": kind,
        "id": id_of(facts.url),
        "url": facts.url,
        "version": facts.version,
        "title": facts.title,
        "status": "active",
    }
    return _without_empty(tree)


def _part(part: Part) -> JsonObject:
    if part.set:
        return {"valueSet": [part.set]}
    tree: JsonObject = {"system": part.system}
    if part.codes is not None:
        tree["concept"] = [{"code": code} for code in part.codes]
    elif part.some:
        tree["filter"] = [_filter(each) for each in _ANOTHER.split(part.some)]
    return tree


def _filter(words: str) -> JsonObject:
    name, operator, value = words.split(" ", 2)
    return {"property": name, "op": operator, "value": value}


def _concept(concept: Concept) -> JsonObject:
    above = [{"code": "parent", "valueCode": parent} for parent in concept.parents]
    return _without_empty({"code": concept.code, "display": concept.display, "property": above})


def _member(system: str, code: str, display: str) -> JsonObject:
    return _without_empty({"system": system, "code": code, "display": display})


def _parameter(name: str, value: str | int) -> JsonObject:
    return {"name": name, ("valueInteger" if isinstance(value, int) else "valueString"): value}


def _without_empty(tree: dict[str, Any]) -> JsonObject:
    return {name: value for name, value in tree.items() if value not in ("", [])}
