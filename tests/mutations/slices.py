"""Which slice a value belongs to, by the discriminators of the snapshot. A reference that would have to be followed
belongs to none, and so does a code of which the packages do not tell whether a value set holds it.

*Source*: R4 profiling.html#discriminator.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.mutations.definitions import Tree
from tests.mutations.elements import Discriminator, Element
from tests.mutations.terms import is_member


def belongs(sliced: Element, one: Element, value: Any, kind: str) -> bool:
    """Whether the value is one of this slice."""
    return bool(sliced.discriminators) and all(_fits(each, one, value, kind) for each in sliced.discriminators)


def decides(sliced: Element, names: tuple[str, ...]) -> bool:
    """Whether it depends on the element at these names below an item which slice that is of."""
    return any(_touches(each, names) for each in sliced.discriminators if each.kind != "type")


def decides_by_type(sliced: Element, names: tuple[str, ...]) -> bool:
    """The same, on the type of the element, or on its being there; what stands in it does not matter."""
    return any(each.kind == "type" and names == _names(each) for each in sliced.discriminators)


def _touches(each: Discriminator, names: tuple[str, ...]) -> bool:
    """Of a concept any part does. Without names: the item itself, by its own pattern."""
    told = _names(each)
    return names[: len(told)] == told or told[: len(names)] == names


def _names(each: Discriminator) -> tuple[str, ...]:
    path = "extension" if each.path.startswith("extension(") else each.path
    return tuple(path.split(".")) if path else ()


def _fits(each: Discriminator, one: Element, value: Any, kind: str) -> bool:
    if each.kind == "profile":
        return False
    if each.kind == "exists":
        return any(found.get("url") in each.path for found in _extensions(value))
    if each.kind == "type":
        return _type_fits(each, one, value, kind)
    demanded = _demanded(one, each.path)
    values = list(_reached(value, each.path))
    if demanded is None:
        return True
    word, wanted = demanded
    if word == "set":
        return any(is_member(wanted, found) for found in values)
    if word == "fixed":
        return wanted in values
    parts = wanted if isinstance(wanted, list) else [wanted]
    return all(any(holds(found, part) for found in values) for part in parts)


def _type_fits(each: Discriminator, one: Element, value: Any, kind: str) -> bool:
    if not each.path:
        return kind in {allowed.code for allowed in one.kinds}
    target = _element(one, each.path)
    codes = _codes(target) if target is not None else frozenset()
    return any(key.lower() == f"{each.path}{code}".lower() for key in value for code in codes)


def _codes(element: Element) -> frozenset[str]:
    """The types that it may have: where all its slices by type are demanded, theirs."""
    own = [each for each in element.slices.values() if each.minimum] or list(element.slices.values())[:1] or [element]
    return frozenset(kind.code for each in own for kind in each.kinds)


def _demanded(one: Element, path: str) -> tuple[str, Any] | None:
    """("fixed", "pattern" or "set", what) that a slice demands at a path below it."""
    element = _element(one, path)
    if path == "url" and element is None:
        profiles = [url for kind in one.kinds for url in kind.profiles]
        return ("fixed", profiles[0]) if profiles else None
    if element is not None and element.demanded is not None:
        return element.demanded
    if element is not None and element.required_set:
        return "set", element.required_set
    above = one.demanded
    if above is not None and path:
        found = list(_reached(above[1], path))
        return (above[0], found) if found else None
    return None


def _element(one: Element, path: str) -> Element | None:
    element: Element | None = one
    for step in path.split(".") if path else ():
        if element is not None:
            element = element.children.get(step) or element.children.get(f"{step}[x]")
    return element


def _reached(value: Any, path: str) -> Iterator[Any]:
    if not path:
        yield value
        return
    step, _, rest = path.partition(".")
    for key, below in value.items() if isinstance(value, dict) else ():
        if key == step or (key.startswith(step) and key[len(step) : len(step) + 1].isupper()):
            for each in below if isinstance(below, list) else [below]:
                yield from _reached(each, rest)


def _extensions(value: Any) -> Iterator[Tree]:
    yield from value.get("extension", ()) if isinstance(value, dict) else ()


def holds(value: Any, pattern: Any) -> bool:
    """Whether a value has all that a pattern has."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and holds(value[name], part) for name, part in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(holds(each, part) for each in value) for part in pattern)
    return bool(value == pattern) and type(value) is type(pattern)
