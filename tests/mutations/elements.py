"""A StructureDefinition's snapshot as a tree of elements and slices, as it is written there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from tests.mutations.definitions import R4_URL, Tree, bare, structure

_FHIRPATH = "http://hl7.org/fhirpath/System."


class Kind(NamedTuple):
    """One type that an element may have: `profiles` of the value itself, `targets` of a reference."""

    code: str
    profiles: tuple[str, ...]
    targets: tuple[str, ...]


class Discriminator(NamedTuple):
    """How slices are told apart; `path` without `$this` and `resolve()`."""

    kind: str
    path: str


@dataclass(slots=True)
class Element:
    """One row of a snapshot; `slice` is its slice's name. `children` by name (`value[x]`), in the snapshot's order."""

    id: str
    name: str
    slice: str
    row: Tree
    children: dict[str, Element] = field(default_factory=dict)
    slices: dict[str, Element] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """What FHIRPath calls it: `value` for `value[x]`."""
        return self.name.removesuffix("[x]")

    @property
    def is_choice(self) -> bool:
        return self.name.endswith("[x]")

    @property
    def minimum(self) -> int:
        low: int = self.row.get("min", 0)
        return low

    @property
    def maximum(self) -> int:
        """-1: without an end."""
        return _number(self.row.get("max", "*"))

    @property
    def many(self) -> bool:
        """Whether it is an array in JSON, which R4 alone decides."""
        return bool(self.row.get("base", {}).get("max", self.row.get("max")) not in ("0", "1"))

    @property
    def base_path(self) -> str:
        """Where R4 defines it: `Task.input`."""
        path: str = self.row.get("base", {}).get("path", "")
        return path

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(_kind(each) for each in self.row.get("type", ()))

    @property
    def demanded(self) -> tuple[str, Any] | None:
        """("fixed" or "pattern", its value)."""
        for name, value in self.row.items():
            for word in ("fixed", "pattern"):
                if name.startswith(word):
                    return word, value
        return None

    @property
    def required_set(self) -> str:
        """The value set of a required binding."""
        binding = self.row.get("binding", {})
        return bare(binding.get("valueSet", "")) if binding.get("strength") == "required" else ""

    @property
    def discriminators(self) -> tuple[Discriminator, ...]:
        """How its slices are told apart."""
        found = self.row.get("slicing", {}).get("discriminator", ())
        return tuple(Discriminator(each["type"], _plain(each["path"])) for each in found)

    @property
    def invariants(self) -> tuple[str, ...]:
        """The keys of those that are errors."""
        listed = self.row.get("constraint", ())
        return tuple(each["key"] for each in listed if each["severity"] == "error")


@cache
def elements(url: str) -> Element:
    """The root of a profile or of a type. Raises KeyError when no package has it."""
    definition = structure(url)
    if definition is None:
        raise KeyError(url)
    rows = definition["snapshot"]["element"]
    root = Element(rows[0]["path"], rows[0]["path"], "", rows[0])
    for row in rows[1:]:
        _hang(root, row)
    return root


def children(element: Element, code: str) -> dict[str, Element]:
    """What stands below a value of this type: by the profile, where that says it, else by R4."""
    if element.children:
        return element.children
    return {} if code in ("BackboneElement", "Element", "Resource", "xhtml") else type_children(code)


def type_children(code: str) -> dict[str, Element]:
    """Nothing for the types without elements: primitives."""
    return elements(R4_URL + code).children if not is_primitive(code) else {}


@cache
def is_primitive(code: str) -> bool:
    definition = structure(R4_URL + code)
    return definition is not None and definition["kind"] == "primitive-type"


@cache
def in_r4(path: str) -> Element | None:
    """The element of R4 itself, by its path: `Task.input.value[x]`."""
    type_name, *names = path.split(".")
    element: Element | None = elements(R4_URL + type_name)
    for name in names:
        element = element.children.get(name) if element is not None else None
    return element


def every(element: Element) -> Iterator[Element]:
    """It and all below it."""
    yield element
    for below in (*element.children.values(), *element.slices.values()):
        yield from every(below)


def _hang(root: Element, row: Tree) -> None:
    """Puts a row where its id says: `Task.input:Contact.type`."""
    *way, last = row["id"].split(".")[1:]
    parent = root
    for part in way:
        name, _, slice_name = part.partition(":")
        parent = parent.children[name]
        parent = parent.slices[slice_name] if slice_name else parent
    name, _, slice_name = last.partition(":")
    element = Element(row["id"], name, slice_name, row)
    if slice_name:
        parent.children[name].slices[slice_name] = element
    else:
        parent.children[name] = element


def _kind(tree: Tree) -> Kind:
    code = tree["code"]
    if code.startswith(_FHIRPATH):
        code = code.removeprefix(_FHIRPATH).lower()
    return Kind(code, tuple(map(bare, tree.get("profile", ()))), tuple(map(bare, tree.get("targetProfile", ()))))


def _plain(path: str) -> str:
    steps = [step for step in path.split(".") if step not in ("$this", "resolve()")] if "(" not in path[:10] else [path]
    return ".".join(steps)


def _number(text: str) -> int:
    return -1 if text == "*" else int(text)
