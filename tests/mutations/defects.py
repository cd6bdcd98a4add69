"""What can be broken of a profile: one function for each kind of defect, over one place of a good resource.

Each function looks whether the snapshot demands something at that place, and breaks just that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.mutations import samples
from tests.mutations.definitions import Tree
from tests.mutations.elements import Element, in_r4
from tests.mutations.references import strangers, unfit
from tests.mutations.sites import Item, Site, changed, named, read, renamed, without
from tests.mutations.terms import codes_in, others


@dataclass(frozen=True, slots=True)
class Defect:
    """`at`: the FHIRPath of the element whose rule is broken; `missing`: something that should stand there does not."""

    kind: str
    where: str
    at: str
    tree: Tree
    missing: bool = False
    variant: str = ""


# a reason in the place of a code
_WITHHELD = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
}
Breaker = Callable[[Site, Tree], Iterator[Defect]]


def absent(site: Site, tree: Tree) -> Iterator[Defect]:
    """A required element is not there, or has too few values."""
    low = site.element.minimum
    if site.sliced is None and 0 < low <= len(site.items) and not site.decides and not site.types:
        gone = tuple(item.pointer for item in site.items[low - 1 :])
        yield Defect("absent", site.element.id, site.at, without(tree, gone), missing=True)


def slice_absent(site: Site, tree: Tree) -> Iterator[Defect]:
    """Values of a slice are taken away, below its minimum."""
    low = site.element.minimum
    if site.sliced is not None and 0 < low <= len(site.items) and not site.within:
        gone = tuple(item.pointer for item in site.items[low - 1 :])
        yield Defect("slice-absent", site.element.id, site.at, without(tree, gone), missing=True)


def slice_strayed(site: Site, tree: Tree) -> Iterator[Defect]:
    """The values of a needed slice are changed so that they are none of it any more."""
    low = site.element.minimum
    if site.sliced is None or not 0 < low <= len(site.items) or site.within:
        return
    for each in site.sliced.discriminators:
        if each.kind in ("value", "pattern"):
            result = tree
            for item in site.items[low - 1 :]:
                result = _strayed(result, item, each.path)
            yield Defect("slice-strayed", site.element.id, site.at, result, missing=True)
            return


def _strayed(tree: Tree, item: Item, path: str) -> Tree:
    pointer = (*item.pointer, *path.split(".")) if path else item.pointer
    value = read(tree, pointer)
    if isinstance(value, list):
        return changed(tree, pointer, [samples.STRANGER])
    if isinstance(value, dict):
        return changed(tree, pointer, samples.GOOD["CodeableConcept"] if "coding" in value else samples.STRANGER)
    return changed(tree, pointer, "http://example.org/extension")


def surplus(site: Site, tree: Tree) -> Iterator[Defect]:
    """An element, or a slice, is there more often than it may."""
    high = site.element.maximum
    if high < 1 or not site.element.many or not site.items:
        return
    kind = "surplus" if site.sliced is None else "slice-surplus"
    pointer = site.all_items[0].pointer[:-1]
    more = [site.items[0].value] * (high + 1 - len(site.items))
    yield Defect(kind, site.element.id, site.at, changed(tree, pointer, [*read(tree, pointer), *more]))


def prohibited(site: Site, tree: Tree) -> Iterator[Defect]:
    """An element that may not be there is."""
    element = site.element
    if element.maximum != 0 or site.all_items or site.decides:
        return
    original = in_r4(element.base_path)
    kinds = [kind.code for kind in (element.kinds or (original.kinds if original else ()))]
    kind = next((each for each in kinds if each in samples.GOOD), "BackboneElement")
    value = samples.GOOD[kind] if kind in samples.GOOD else samples.BACKBONE[element.base_path]
    name = named(element.stem, kind) if element.is_choice else element.name
    result = changed(tree, (*site.owner, name), [value] if element.many else value)
    yield Defect("prohibited", element.id, site.at, result)


def fixed(site: Site, tree: Tree) -> Iterator[Defect]:
    """A fixed value is another one. With another url an extension is just another extension."""
    demanded, item = site.element.demanded, site.first
    if demanded is None or demanded[0] != "fixed" or item is None or site.decides or site.element.name == "url":
        return
    yield Defect("fixed", site.element.id, item.at, changed(tree, item.pointer, _other(site.element, demanded[1])))


def _other(element: Element, value: Any) -> Any:
    """Good for R4, but not what is fixed."""
    if isinstance(value, bool):
        return not value
    original = in_r4(element.base_path)
    known = codes_in(original.required_set) if original is not None and original.required_set else None
    return min(code for _, code in known if code != value) if known else f"{value}-other"


def pattern(site: Site, tree: Tree) -> Iterator[Defect]:
    """A concept lacks the code that a pattern demands."""
    demanded, item = site.element.demanded, site.first
    if demanded is None or demanded[0] != "pattern" or item is None or site.decides:
        return
    wanted = demanded[1]["coding"][0]
    for variant, coding in (
        ("other-code", {**wanted, "code": "8302-2"}),
        ("other-system", {**wanted, "system": samples.STRANGER["system"]}),
    ):
        yield Defect(
            "pattern", site.element.id, item.at, changed(tree, item.pointer, {"coding": [coding]}), variant=variant
        )
    yield Defect("pattern", site.element.id, item.at, changed(tree, item.pointer, {"text": "in words"}), variant="text")


def code(site: Site, tree: Tree) -> Iterator[Defect]:
    """A code is none of a required value set."""
    item, bound = site.first, site.element.required_set
    if not bound or item is None or site.decides or site.depth > 1 or site.element.demanded is not None:
        return
    if item.kind == "code" and codes_in(bound) is None:
        return  # media types, languages: nobody lists them
    for variant, value in _strange(site, item, bound):
        yield Defect("code", site.element.id, item.at, changed(tree, item.pointer, value), variant=variant)
    if item.kind == "code":
        pointer = (*item.pointer[:-1], f"_{item.pointer[-1]}")
        if not isinstance(item.pointer[-1], int):
            result = changed(without(tree, (item.pointer,)), pointer, _WITHHELD)
            yield Defect("code", site.element.id, item.at, result, variant="withheld")


def _strange(site: Site, item: Item, bound: str) -> Iterator[tuple[str, Any]]:
    """(variant, what to put in the place of a good code)."""
    original = in_r4(site.element.base_path)
    wider = original.row.get("binding", {}).get("valueSet", "") if original is not None else ""
    for system, unused in others(bound, wider)[:1]:
        yield "of-r4", _as(item, {"system": system, "code": unused})
    yield "stranger", _as(item, samples.STRANGER)
    systems = sorted({system for system, _ in codes_in(bound) or ()})
    if systems and item.kind != "code":
        yield "unknown", _as(item, {"system": systems[0], "code": "no-such-code"})
    if item.kind == "CodeableConcept":
        coding = next(iter(item.value.get("coding", ())), {})
        yield "text", {"text": "in words"}
        yield "withheld", _WITHHELD
        if {"system", "code"} <= coding.keys():
            yield "no-system", {"coding": [{"code": coding["code"], "display": "something"}]}
            yield "no-code", {"coding": [{"system": coding["system"], "display": "something"}]}


def _as(item: Item, coding: Tree) -> Any:
    match item.kind:
        case "CodeableConcept":
            return {"coding": [coding]}
        case "Quantity":
            return {"value": 7, **coding}
        case "Coding":
            return coding
    return coding["code"]


def wrong_type(site: Site, tree: Tree) -> Iterator[Defect]:
    """A choice has a type that R4 has and the profile has not."""
    element, item = site.element, site.first
    original = in_r4(element.base_path)
    if not element.is_choice or item is None or original is None or site.decides or site.types:
        return
    allowed = {each.code for each in element.kinds}
    refused = [each.code for each in original.kinds if each.code not in allowed and each.code in samples.GOOD]
    for each in refused:
        name = named(element.stem, each)
        yield Defect("type", element.id, item.at, renamed(tree, item.pointer, name, samples.GOOD[each]), variant=each)


def target(site: Site, tree: Tree) -> Iterator[Defect]:
    """A reference leads to a resource of a type, or of a shape, to which it may not lead."""
    item = site.first
    if item is None or item.kind != "Reference" or site.decides or not site.element.kinds:
        return
    for variant, reference, more in (*strangers(site.element), *unfit(site.element)):
        result = changed(tree, item.pointer, reference)
        if more is not None:
            result = changed(result, ("contained",), [*tree.get("contained", ()), more])
        name = "target-unfit" if variant == "unfit" else "target"
        yield Defect(name, site.element.id, item.at, result, variant="" if variant == "unfit" else variant)


BREAKERS: tuple[Breaker, ...] = (
    absent, slice_absent, slice_strayed, surplus, prohibited, fixed, pattern, code, wrong_type, target,
)  # fmt: skip
