"""What R4 itself forbids: JSON of the wrong shape, bad primitives, what nobody knows. A few in every profile's
resources, each at another place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from tests.mutations import samples
from tests.mutations.defects import Defect
from tests.mutations.definitions import Tree
from tests.mutations.elements import is_primitive
from tests.mutations.sites import Pointer, Site, changed

Shape = Callable[[Site, Tree], Iterator[Defect]]


def misshapen(profile: str, found: list[Site], tree: Tree, owner: Pointer, at: str) -> Iterator[Defect]:
    """One defect of each kind; which of the places is broken, chance decides: the same for everybody."""
    for shape in SHAPES:
        offered = [defect for site in found if _is_plain(site) for defect in shape(site, tree)]
        by_variant: dict[str, list[Defect]] = {}
        for each in offered:
            by_variant.setdefault(each.variant, []).append(each)
        for variant, several in by_variant.items():
            yield several[_number(f"{profile} {shape.__name__} {variant}") % len(several)]
    yield Defect("unknown", "", f"{at}.shoeSize", changed(tree, (*owner, "shoeSize"), 43))


def _is_plain(site: Site) -> bool:
    return site.sliced is None and bool(site.items) and not site.decides and site.depth < 3


def array_missing(site: Site, tree: Tree) -> Iterator[Defect]:
    if site.element.many:
        item = site.items[0]
        yield Defect("json-no-array", site.element.id, site.at, changed(tree, item.pointer[:-1], item.value))


def array_extra(site: Site, tree: Tree) -> Iterator[Defect]:
    if not site.element.many:
        item = site.items[0]
        yield Defect("json-array", site.element.id, site.at, changed(tree, item.pointer, [item.value]))


def null(site: Site, tree: Tree) -> Iterator[Defect]:
    item = site.items[0]
    if not site.element.many:
        yield Defect("json-null", site.element.id, item.at, changed(tree, item.pointer, None))


def empty(site: Site, tree: Tree) -> Iterator[Defect]:
    item = site.items[0]
    blank: Any = {dict: {}, str: ""}.get(type(item.value))
    if blank is not None:
        variant = "object" if blank == {} else "string"
        yield Defect("json-empty", site.element.id, item.at, changed(tree, item.pointer, blank), variant=variant)


def wrong_json(site: Site, tree: Tree) -> Iterator[Defect]:
    """Text for an object, an object for text."""
    item = site.items[0]
    if is_primitive(item.kind):
        yield Defect("json-type", site.element.id, item.at, changed(tree, item.pointer, {"id": "a"}), variant="object")
    elif isinstance(item.value, dict):
        yield Defect("json-type", site.element.id, item.at, changed(tree, item.pointer, "text"), variant="text")


def bad_primitive(site: Site, tree: Tree) -> Iterator[Defect]:
    item = site.items[0]
    if item.kind in samples.BAD and item.value != samples.BAD[item.kind]:
        bad = samples.BAD[item.kind]
        yield Defect("format", site.element.id, item.at, changed(tree, item.pointer, bad), variant=item.kind)


def unknown_below(site: Site, tree: Tree) -> Iterator[Defect]:
    item = site.items[0]
    if isinstance(item.value, dict):
        result = changed(tree, (*item.pointer, "shoeSize"), 43)
        yield Defect("unknown", site.element.id, f"{item.at}.shoeSize", result, variant="below")


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


SHAPES: tuple[Shape, ...] = (
    array_missing, array_extra, null, empty, wrong_json, bad_primitive, unknown_below,
)  # fmt: skip
