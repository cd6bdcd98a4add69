"""The facts of a profile as a tree: elements, their slices, and what stands below each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.fhir.profiles.facts import AlsoBound, ElementFacts, Kind, ProfileFacts, Rule, Slicing

_NOTHING = ElementFacts("")


@dataclass(slots=True)
class Node:
    """One element, or one slice of it (`slice`). `children` by element name, `value[x]` for a choice."""

    name: str
    slice: str = ""
    facts: ElementFacts = _NOTHING
    slicing: Slicing | None = None
    slices: dict[str, Node] = field(default_factory=dict)
    children: dict[str, Node] = field(default_factory=dict)
    also: list[AlsoBound] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)

    def child(self, name: str) -> Node | None:
        """By the name that a path has: `value` finds `value[x]`."""
        return self.children.get(name) or self.children.get(f"{name}[x]")

    def below(self, path: str) -> Node | None:
        """By a path in R4's tables: of the root, `Questionnaire.item` finds `item`."""
        found: Node | None = self
        for name in path.split(".")[1:]:
            found = found.child(name) if found is not None else None
        return found


def tree_of(facts: ProfileFacts) -> Node:
    """The root of a profile's elements."""
    root = Node(facts.type)
    for element in facts.elements:
        _at(root, element.path).facts = element
    for slicing in facts.slicings:
        _at(root, slicing.path).slicing = slicing
    for also in facts.also:
        _at(root, also.path).also.append(also)
    for rule in facts.rules:
        _at(root, rule.path).rules.append(rule)
    return root


def _at(root: Node, path: str) -> Node:
    node = root
    for name, slice_name in _segments(path):
        node = node.children.setdefault(name, Node(name))
        parts = slice_name.split("/") if slice_name else []
        for number in range(len(parts)):  # a slice of a slice stands below it
            part = "/".join(parts[: number + 1])
            node = node.slices.setdefault(part, Node(name, part))
    return node


def _segments(path: str) -> Iterator[tuple[str, str]]:
    """(element, slice) of each part of a path; a slice of a slice is `a/b`."""
    for part in path.split(".") if path else ():
        name, _, slice_name = part.partition(":")
        yield name, slice_name


@dataclass(frozen=True, slots=True)
class Expected:
    """What a slice demands at a discriminator's path: `value` is (fixed or pattern, its JSON)."""

    node: Node | None
    value: tuple[str, Any] | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Of an element that says it only by slices, one for each type, theirs."""
        if self.node is None:
            return ()
        sliced = (kind for each in self.node.slices.values() for kind in each.facts.kinds)
        return self.node.facts.kinds or tuple(sliced)


def expected(node: Node, path: tuple[str, ...]) -> Expected:
    """Follows a discriminator's path below a slice, through its elements or through the pattern of one above."""
    value = _value(node.facts)
    here: Node | None = node
    for step in path:
        if step == "resolve()" or step.startswith("ofType("):
            continue
        if step.startswith("extension("):
            here, value = _extension(here, step), None
            continue
        if here is not None and step == "url" and value is None:
            profiles = [each for kind in here.facts.kinds for each in kind.profiles]
            value = ("fixed", {"url": profiles[0]}) if profiles else None
        value = _below(value, step)
        here = here.child(step) if here is not None else None
        if here is not None:
            value = _value(here.facts) or value
    return Expected(here, value)


def _value(facts: ElementFacts) -> tuple[str, Any] | None:
    if facts.fixed is not None:
        return "fixed", facts.fixed
    return ("pattern", facts.pattern) if facts.pattern is not None else None


def _below(value: tuple[str, Any] | None, step: str) -> tuple[str, Any] | None:
    """The part of a pattern at a name; of a list its only item."""
    if value is None:
        return None
    word, node = value
    if type(node) is list:
        node = node[0] if len(node) == 1 else None
    found = node.get(step) if type(node) is dict else None
    return None if found is None else (word, found)


def _extension(node: Node | None, step: str) -> Node | None:
    url = step.removeprefix("extension('").removesuffix("')")
    child = node.child("extension") if node is not None else None
    for each in child.slices.values() if child else ():
        if any(url in kind.profiles for kind in each.facts.kinds):
            return each
    return None
