"""Where in a resource the elements and slices of a profile are, or could be: every place at which it can be broken."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tests.mutations.definitions import R4_URL, Tree, structure
from tests.mutations.elements import Element, children
from tests.mutations.slices import belongs, decides, decides_by_type

Pointer = tuple[str | int, ...]
# what a resource says about itself: whoever changes it changes by what it is judged
_LEFT_OUT = frozenset(("meta", "implicitRules", "language", "contained"))
MAX_DEPTH = 9


class Item(NamedTuple):
    """One value: its pointer, its FHIRPath, its type."""

    pointer: Pointer
    at: str
    value: Any
    kind: str


@dataclass(frozen=True, slots=True)
class Site:
    """One element or slice in one object.

    `owner` points to the object; `at` is the element's FHIRPath, without an index; `items` are its values, of a slice
    those that belong to it; `all_items` those of the whole element. `decides`: a slice depends on what stands here, so
    that a change makes it another slice's, not wrong; `types`: on the type; `within`: one that it stands in. `depth`: how
    many datatypes of R4 it stands in.
    """

    element: Element
    owner: Pointer
    at: str
    items: tuple[Item, ...]
    all_items: tuple[Item, ...]
    sliced: Element | None = None
    decides: bool = False
    types: bool = False
    within: bool = False
    depth: int = 0

    @property
    def first(self) -> Item | None:
        return self.items[0] if self.items else None


def sites(root: Element, tree: Tree, pointer: Pointer, at: str) -> Iterator[Site]:
    """All sites of a profile in the object at `pointer`, in the snapshot's order."""
    yield from _below(root, root.name, read(tree, pointer), pointer, at, Way())


@dataclass(frozen=True, slots=True)
class Way:
    """Which slices a place is in: their discriminators, and the names that lead from each of them here."""

    slices: tuple[tuple[Element, tuple[str, ...]], ...] = ()
    depth: int = 0

    def to(self, name: str, own: bool) -> Way:
        """`own`: the profile says something here, it is not only R4's datatype."""
        return Way(tuple((each, (*names, name)) for each, names in self.slices), self.depth + (not own))

    def into(self, sliced: Element) -> Way:
        return replace(self, slices=(*self.slices, (sliced, ())))

    @property
    def decides(self) -> bool:
        return any(decides(sliced, names) for sliced, names in self.slices)

    @property
    def types(self) -> bool:
        return any(decides_by_type(sliced, names) for sliced, names in self.slices)


def _below(element: Element, kind: str, tree: Any, pointer: Pointer, at: str, way: Way) -> Iterator[Site]:
    if type(tree) is not dict or len(pointer) > MAX_DEPTH:
        return
    for name, child in children(element, kind).items():
        if not pointer and name in _LEFT_OUT:
            continue
        yield from _of(child, tree, pointer, f"{at}.{child.stem}", way.to(child.stem, bool(element.children)))


def _of(element: Element, tree: Tree, owner: Pointer, at: str, way: Way) -> Iterator[Site]:
    items = tuple(_items(element, tree, owner, at))
    yield Site(element, owner, at, items, items, None, way.decides, way.types, way.decides, way.depth)
    for item in items:
        yield from _below(element, item.kind, item.value, item.pointer, item.at, way)
    for each in element.slices.values():
        own = tuple(item for item in items if belongs(element, each, item.value, item.kind))
        inside = way.into(element)
        yield Site(each, owner, at, own, items, element, inside.decides, inside.types, way.decides, way.depth)
        for item in own:
            yield from _below(each, item.kind, item.value, item.pointer, item.at, inside)


def _items(element: Element, tree: Tree, owner: Pointer, at: str) -> Iterator[Item]:
    for key, kind in keys(element, tree):
        value = tree[key]
        if type(value) is list:
            for number, each in enumerate(value):
                yield Item((*owner, key, number), f"{at}[{number}]", each, kind)
        else:
            yield Item((*owner, key), at, value, kind)


def keys(element: Element, tree: Tree) -> Iterator[tuple[str, str]]:
    """(JSON name, type) of the element where it is there."""
    if not element.is_choice:
        if element.name in tree:
            found = element.kinds
            yield element.name, found[0].code if found else "BackboneElement"
        return
    for key in tree:
        kind = suffix(key, element.stem)
        if kind:
            yield key, kind


def suffix(key: str, stem: str) -> str:
    """The type that the JSON name of a choice tells; "" when it is another element's."""
    rest = key.removeprefix(stem)
    if rest == key or not rest[:1].isupper():
        return ""
    small = rest[0].lower() + rest[1:]
    return rest if structure(R4_URL + rest) else small if structure(R4_URL + small) else ""


def named(stem: str, kind: str) -> str:
    """The JSON name of a choice with a type: valueCodeableConcept."""
    return f"{stem}{kind[0].upper()}{kind[1:]}"


def read(tree: Any, pointer: Pointer) -> Any:
    for step in pointer:
        tree = tree[step]
    return tree


def changed(tree: Any, pointer: Pointer, value: Any) -> Any:
    """Another tree with another value there, or a new member; what is not on the way is shared by both."""
    if not pointer:
        return value
    step, *rest = pointer
    result: Any = list(tree) if isinstance(tree, list) else dict(tree)
    result[step] = changed(tree[step], tuple(rest), value) if rest else value
    return result


def renamed(tree: Tree, pointer: Pointer, name: str, value: Any) -> Tree:
    """Another tree in which one member is replaced by another."""
    result: Tree = changed(without(tree, (pointer,)), (*pointer[:-1], name), value)
    return result


def without(tree: Tree, pointers: tuple[Pointer, ...]) -> Tree:
    """Another tree that lacks these values; an array that loses all of them goes, too."""
    result = tree
    for pointer in sorted(pointers, key=lambda each: each[-1] if isinstance(each[-1], int) else 0, reverse=True):
        holder = copy.copy(read(result, pointer[:-1]))
        del holder[pointer[-1]]
        gone = isinstance(holder, list) and not holder
        result = without(result, (pointer[:-1],)) if gone else changed(result, pointer[:-1], holder)
    return result
