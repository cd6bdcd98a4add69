"""Random resources of the served types: the shipped example, with values at the places that searches look at.

The program's own checks say what is valid: a change that they refuse is taken back.
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from app.fhir import json as wire
from app.fhir.structure import check
from tests.fhir.builders import minimal
from tests.oracle.datatypes import Made, value_of, written
from tests.oracle.definitions import Json, elements, served
from tests.oracle.extraction import named_type

# A Task's code may make it a referral, which sets the network to work; id and stamp are the server's.
_LEFT_AS_IT_IS = re.compile(r"Task\.code|.*\.id|.*\.meta\.lastUpdated")


@dataclass(frozen=True, eq=False)
class Place:
    """Where a value of a parameter stands: the elements on the way there, and the one type asked for of a choice."""

    path: str
    way: tuple[Json, ...] = field(repr=False)
    kind: str


@cache
def places(type_name: str) -> tuple[Place, ...]:
    """Every place that some parameter of the type looks at, but for extensions."""
    expressions = {
        part
        for parameter in served()[type_name].parameters.values()
        for expression in parameter.expressions
        for part in (expression, *(f"{expression}.{e}" for c in parameter.components for e in c.expressions))
    }
    found = {place.path + place.kind: place for part in sorted(expressions) if (place := _place(part, type_name))}
    return tuple(place for place in found.values() if not _LEFT_AS_IT_IS.fullmatch(place.path))


def _place(expression: str, type_name: str) -> Place | None:
    kind = re.search(r"ofType\((\w+)\)", expression)
    path = re.sub(r"\.(ofType|where)\(.*\)", "", expression)
    names = path.split(".")[1:]
    way = _way(type_name, names)
    return Place(".".join((type_name, *names)), way, kind[1] if kind else "") if way else None


def _way(parent: str, names: list[str]) -> tuple[Json, ...]:
    """The elements from a type, or from an element with elements of its own, down to the last name."""
    if not names:
        return ()
    facts = elements(parent.split(".")[0])
    path = f"{parent}.{names[0]}"
    element = facts.get(path) or facts.get(f"{path}[x]")
    if element is None or names[0] == "extension":
        return ()
    rest = _way(_children_of(element), names[1:])
    return (element, *rest) if rest or len(names) == 1 else ()


def _children_of(element: Json) -> str:
    if "contentReference" in element:
        return str(element["contentReference"].removeprefix("#"))
    kind = element["type"][0]["code"]
    return str(element["path"] if kind in ("BackboneElement", "Element") else kind)


def resource(type_name: str, made: Made, chance: Random, before: Json | None = None) -> Json:
    """A resource that the server takes; with `before`, another version of it."""
    tree = copy.deepcopy(before) if before else _bare(type_name, made, chance)
    for place in chance.sample(places(type_name), chance.randint(1, min(10, len(places(type_name))))):
        changed = copy.deepcopy(tree)
        _put(changed, place, made, chance)
        if is_valid(changed):
            tree = changed
    return tree


def is_valid(tree: Json) -> bool:
    """By the program's own checks; what is asked for was asked before now."""
    ahead = str(tree.get("authoredOn", "")) > "2025"
    issues = check(tree["resourceType"], wire.parse(body(tree).encode()))
    return not ahead and not any(issue.severity == "error" for issue in issues)


def body(tree: Json) -> str:
    return written(json.dumps(tree, ensure_ascii=False))


def _bare(type_name: str, made: Made, chance: Random) -> Json:
    """The example without what it need not have, mostly, leading to what there is."""
    tree: Json = json.loads(body(minimal(type_name)))
    for name in ("id", "meta", "text", "contained"):
        tree.pop(name, None)
    if type_name == "Task":
        tree["code"] = {"coding": [{"system": "http://a.example/s", "code": "a"}]}
    for name in [name for name in tree if name != "resourceType"]:
        less = {key: value for key, value in tree.items() if key != name}
        if chance.random() < 0.5 and is_valid(less):
            tree = less
    _lead(tree, made)
    return tree


def _lead(tree: Any, made: Made) -> None:
    """References of the example become references to what there is of that type, else to something unknown."""
    for node in _objects(tree):
        if isinstance(node.get("reference"), str):
            names = made.names.get(named_type(node), ())
            kept = {"reference": names[0]} if names else {"identifier": {"value": "a"}}
            node.clear()
            node.update(kept)


def _objects(tree: Any) -> Iterator[Json]:
    if isinstance(tree, dict):
        yield tree
    for each in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _objects(each)


def _put(tree: Json, place: Place, made: Made, chance: Random) -> None:
    """Puts a value at the place; what is made on the way there gets what it must have."""
    node = tree
    for element in place.way[:-1]:
        node = _step(node, element, made, chance)
    _set(node, place.way[-1], place.kind, made, chance)


def _step(node: Json, element: Json, made: Made, chance: Random) -> Json:
    """The object below, one that is there or a new one."""
    name = element["path"].split(".")[-1]
    there = node.get(name, [] if element["max"] != "1" else None)
    if there and (not isinstance(there, list) or chance.random() < 0.5):
        found: Json = there[-1] if isinstance(there, list) else there
        return found
    new: Json = {}
    _require(new, element, made, chance)
    node[name] = [*there, new] if isinstance(there, list) else new
    return new


def _require(node: Json, element: Json, made: Made, chance: Random) -> None:
    parent = _children_of(element)
    for path, child in elements(parent.split(".")[0]).items():
        if child["min"] > 0 and path.rpartition(".")[0] == parent:
            _set(node, child, "", made, chance)


def _set(node: Json, element: Json, kind: str, made: Made, chance: Random) -> None:
    """Sets the element: one value, or one or two where it repeats; of a choice, one type of those that can be made."""
    name = element["path"].split(".")[-1]
    kinds = [kind] if kind else sorted({each["code"] for each in element["type"]})
    kind = chance.choice(kinds) if len(kinds) > 1 else kinds[0]
    kind = "id" if kind.startswith("http://hl7.org/fhirpath") else kind
    number = chance.randint(1, 2) if element["max"] != "1" else 1
    found = [value for _ in range(number) if (value := value_of(kind, element, made, chance)) is not None]
    if name.endswith("[x]"):
        stem = name.removesuffix("[x]")
        for other in [key for key in node if re.fullmatch(rf"{stem}[A-Z]\w*", key)]:
            del node[other]
        name = stem + kind[0].upper() + kind[1:]
    if found:
        node[name] = found if element["max"] != "1" else found[0]
