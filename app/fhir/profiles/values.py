"""One value of an element, as the checks of a profile see it, and how to get from it to values below.

A primitive has two sides in JSON: its value, and what stands beside it (`_name`: id and extensions).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from app.fhir.json import JsonObject
from app.fhir.tables import Element, r4

# a step of a discriminator's path that calls something: extension('url'), ofType(Quantity)
_CALL = re.compile(r"(extension|ofType)\('?([^')]*)'?\)")
_STEP = re.compile(r"(?:\$this|resolve\(\)|extension\('[^']*'\)|ofType\([A-Za-z]+\)|[A-Za-z][A-Za-z0-9]*)")


class Item(NamedTuple):
    """`value` is None where a primitive has only extensions; `kind` its type; `at` where it stands, `input[2]`."""

    value: Any
    beside: JsonObject | None
    kind: str
    at: str

    def members(self) -> JsonObject:
        """What stands below it: of a primitive, its id and extensions."""
        if type(self.value) is dict:
            return self.value
        return self.beside or {}


class Name(NamedTuple):
    """One JSON name of an element: its type, and whether that is a primitive."""

    name: str
    kind: str
    primitive: bool


class Names(NamedTuple):
    """All of them, several for a choice of types; by each key that JSON may have for it."""

    all: tuple[Name, ...]
    by_key: Mapping[str, Name]

    def of(self, tree: JsonObject) -> Iterable[Name]:
        """Those that an object may have: of the fifty of a choice of any type, the one or two that it has."""
        if len(self.all) == 1:
            return self.all
        found = [self.by_key[key] for key in tree if key in self.by_key]
        return found if len(found) < 2 else dict.fromkeys(found)


def names_of(element: Element) -> Names:
    found = tuple(Name(name, kind.code, _is_primitive(kind.code)) for name, kind in element.json_names().items())
    keys = {each.name: each for each in found} | {f"_{each.name}": each for each in found if each.primitive}
    return Names(found, keys)


def items(tree: JsonObject, names: Names, label: str, many: bool) -> list[Item]:
    """All values of an element in an object. What has the wrong shape is left out: the structure's checks tell."""
    first = names.all[0]
    if not many and len(names.all) == 1 and not first.primitive:  # most elements by far
        only = tree.get(first.name)
        return [] if only is None or type(only) is list else [Item(only, None, first.kind, label)]
    found: list[Item] = []
    for name, kind, primitive in names.of(tree):
        beside = tree.get(f"_{name}") if primitive else None
        if name not in tree and beside is None:
            continue
        value = tree.get(name)
        if not many:
            if type(value) is not list:
                found.append(Item(value, beside if type(beside) is dict else None, kind, label))
        elif type(value) is list or type(beside) is list:
            found += _listed(value, beside, kind, label)
    return found


def _listed(value: Any, beside: Any, kind: str, label: str) -> Iterator[Item]:
    if type(value) is list and type(beside) is not list:
        for place, one in enumerate(value):
            if one is not None:
                yield Item(one, None, kind, f"{label}[{place}]")
        return
    values, more = value if type(value) is list else [], beside if type(beside) is list else []
    for place in range(max(len(values), len(more))):
        one = values[place] if place < len(values) else None
        other = more[place] if place < len(more) else None
        if one is not None or other is not None:
            yield Item(one, other if type(other) is dict else None, kind, f"{label}[{place}]")


def steps(path: str) -> tuple[str, ...]:
    """`code.coding` -> code, coding; `$this` -> nothing. Raises ValueError for what no discriminator may be."""
    found = _STEP.findall(path)
    if ".".join(found) != path:
        raise ValueError(f"this path of a discriminator is not understood: {path}")
    return tuple(step for step in found if step != "$this")


def step_below(item: Item, step: str) -> list[Item]:
    """The values that a step leads to from one; resolve() is the caller's."""
    called = _CALL.fullmatch(step)
    if called and called[1] == "ofType":
        return [item] if item.kind == called[2] else []
    if called:
        return [each for each in _named(item.members(), "extension") if each.members().get("url") == called[2]]
    return _named(item.members(), step)


def _named(tree: JsonObject, name: str) -> list[Item]:
    """By name, whatever the type: `value` finds valueString."""
    if name in tree:
        return _values(tree, name, _kind_of(tree[name]), name)
    for key in tree:
        if key.startswith(name):
            kind = _suffix(key, name)
            if kind:
                return _values(tree, key, kind, name)
    return []


def _values(tree: JsonObject, key: str, kind: str, label: str) -> list[Item]:
    value, beside = tree[key], tree.get(f"_{key}")
    if type(value) is list:
        return list(_listed(value, beside, kind, label))
    return [Item(value, beside if type(beside) is dict else None, kind, label)]


def _suffix(key: str, name: str) -> str:
    """The type that a choice's JSON name tells; "" when it is another element."""
    rest = key[len(name) :]
    if rest in r4().types:
        return rest
    small = rest[:1].lower() + rest[1:]
    return small if rest[:1].isupper() and small in r4().types else ""


def _kind_of(value: Any) -> str:
    kind = value.get("resourceType") if type(value) is dict else None
    return kind if type(kind) is str else ""


def _is_primitive(code: str) -> bool:
    known = r4().types.get(code)
    return known is not None and known.kind == "primitive"
