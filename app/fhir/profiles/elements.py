"""A profile's tree, compiled: one closure for each object that it says something about, one for each element in it.

Only what differs from R4 is looked at; R4 itself is `structure.py`'s. What is absent and may be costs a look-up.
*Source*: R4 profiling.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.fhir.primitives import Flaw
from app.fhir.problems import Problems, below, report
from app.fhir.profiles.checks import also_flaw, checks_of, codes_of, in_value_set
from app.fhir.profiles.context import Context, Finder, ItemCheck
from app.fhir.profiles.facts import AlsoBound
from app.fhir.profiles.glance import CodesOf, TypesOf, glance_at
from app.fhir.profiles.node import Node
from app.fhir.profiles.rules import rule_check
from app.fhir.profiles.slicing import Slice, Slices
from app.fhir.profiles.values import Item, Names, items, names_of
from app.fhir.tables import Element, r4


@dataclass(frozen=True, slots=True)
class Around:
    """What a profile is compiled with: how messages name it, what is known of other profiles and of value sets, whether
    it is shipped. `root`: its whole tree; `contents`: checks by path in R4's tables, of elements that others have their
    content of."""

    profile: str
    types_of: TypesOf
    codes_of: CodesOf
    shipped: bool
    root: Node
    contents: dict[str, tuple[ItemCheck, ...]] = field(default_factory=dict)


class Elements:
    """All constrained elements of one object. `path`: where R4's tables have the object's elements."""

    def __init__(self, node: Node, path: str, around: Around) -> None:
        rows = {element.name: element for element in r4().children(path)}
        elements = [_Element(child, rows[name], around) for name, child in node.children.items() if name in rows]
        self._checks = [(each.name, each.glance, each) for each in elements if each.matters]
        self._others: list[_Also | _Same] = [
            also
            for child in node.children.values()
            if child.name in rows
            for also in _also_bound(child, rows, around.profile)
        ]
        same = ((row, around.root.below(row.children_of)) for row in rows.values() if row.children_of)
        self._others += [_Same(row, said, around) for row, said in same if said and (said.rules or said.children)]

    @property
    def says_something(self) -> bool:
        return bool(self._checks or self._others)

    def __call__(self, tree: Any, found: Problems, context: Context) -> None:
        if type(tree) is not dict:
            return
        closely = context.follows
        for name, glance, check in self._checks:
            if glance is None or closely or not glance(tree.get(name)):
                check(tree, found, context)
        for other in self._others:
            other(tree, found, context)


class _Element:
    """One element of an object: how many, what each must be, which slices there are."""

    def __init__(self, node: Node, row: Element, around: Around) -> None:
        facts, profile = node.facts, around.profile
        self.label = row.name.removesuffix("[x]")
        self.names = names_of(row)
        self.many = row.maximum != 1
        self.minimum = facts.minimum or 0
        self.maximum = -1 if facts.maximum is None else facts.maximum
        self.checks = tuple(_checks(node, row, around))
        self.slices = _slices(node, row, self.label, around)
        self.glance = glance_at(node, row, around.types_of, around.codes_of) if self.checks else None
        self.name = self.names.all[0].name
        self._keys = frozenset(self.names.by_key)
        # once there, nothing more is asked of what cannot repeat
        self._presence_is_enough = not (self.many or self.checks or self.slices) and self.maximum != 0
        least = "this must be there" if self.minimum == 1 else f"at least {self.minimum} of this must be there"
        self._too_few = Flaw("required", "profile-required", f"{profile}: {least}.")
        most = f"at most {self.maximum} of this may" if self.maximum else "this may not"
        self._too_many = Flaw("value", "profile-maximum", f"{profile}: {most} be there.")

    @property
    def matters(self) -> bool:
        return bool(self.checks) or self.slices is not None or self.minimum > 0 or self.maximum >= 0

    def __call__(self, tree: dict[str, Any], found: Problems, context: Context) -> None:
        if self._keys.isdisjoint(tree):
            if self.minimum:
                report(found, self._too_few, self.label)
            elif self.slices is not None and self.slices.demands:
                self.slices([], found, context)
            return
        if self._presence_is_enough:
            return
        given = items(tree, self.names, self.label, self.many)
        if len(given) < self.minimum:
            report(found, self._too_few, self.label)
        elif len(given) > self.maximum >= 0:
            report(found, self._too_many, self.label)
        for item in given:
            start = len(found)
            for check in self.checks:
                check(item, found, context)
            if len(found) > start:
                below(found, start, item.at)
        if self.slices is not None:
            self.slices(given, found, context)


class _Same:
    """An element that has the content of another one, as the items of a group do: what is said of the parts of that one
    holds here, and its rules do. Compiled when it is first met, since it may hold itself.

    *Source*: R4 elementdefinition.html, contentReference.
    """

    def __init__(self, row: Element, node: Node, around: Around) -> None:
        self._row = row
        self._node = node
        self._around = around
        self._names = names_of(row)

    def __call__(self, tree: dict[str, Any], found: Problems, context: Context) -> None:
        if self._row.name not in tree:
            return
        contents, path = self._around.contents, self._row.children_of
        if path not in contents:
            contents[path] = tuple(_content(self._node, self._row, self._around))
        for item in items(tree, self._names, self._row.name, self._row.maximum != 1):
            start = len(found)
            for check in contents[path]:
                check(item, found, context)
            if len(found) > start:
                below(found, start, item.at)


class _Also:
    """Further bindings of an element: those that hold always, and each that holds where another element of the object
    has a certain code.

    Of several of the latter one is enough. `within`: of values of these slices only. *Source*: SDOH Clinical Care,
    serv-1 and serv-2, cond-1, proc-1, ObservationScreeningResponse.
    """

    def __init__(self, node: Node, rows: dict[str, Element], profile: str, within: tuple[Slice, ...]) -> None:
        self._row = rows[node.name]
        self._names = names_of(self._row)
        self._profile = profile
        self._within = within
        self._always = [each for each in node.also if not each.where]
        wheres = {each.where.partition(".")[0] for each in node.also if each.where}
        self._where: list[tuple[Names, str, bool]] = [
            (names_of(rows[name]), name, rows[name].maximum != 1) for name in wheres if name in rows
        ]
        self._by_code: dict[tuple[str, str], AlsoBound] = {
            (each.system, each.code): each for each in node.also if each.where
        }

    def __call__(self, tree: dict[str, Any], found: Problems, context: Context) -> None:
        hold = list(dict.fromkeys(self._holding(tree)))
        if not hold and not self._always:
            return
        label = self._row.name.removesuffix("[x]")
        for item in items(tree, self._names, label, self._row.maximum != 1):
            if not all(each.belongs(item, context) for each in self._within):
                continue
            codes = codes_of(item)
            for several in (hold, *([each] for each in self._always)):
                answers = [in_value_set(each.value_set, codes, context) for each in several]
                if codes and answers and all(answer is False for answer in answers):
                    report(found, also_flaw(several, self._profile), item.at)

    def _holding(self, tree: dict[str, Any]) -> Iterator[AlsoBound]:
        for names, label, many in self._where:
            for item in items(tree, names, label, many):
                for system, code in codes_of(item):
                    each = self._by_code.get((system or "", code))
                    if each is not None:
                        yield each


def _also_bound(node: Node, rows: dict[str, Element], profile: str, within: tuple[Slice, ...] = ()) -> Iterator[_Also]:
    """Of an element, and of its slices."""
    if node.also:
        yield _Also(node, rows, profile, within)
    for each in node.slices.values():
        if node.slicing is not None and (each.also or each.slices):
            yield from _also_bound(each, rows, profile, (*within, Slice(each, node.slicing, profile, ())))


def _checks(node: Node, row: Element, around: Around) -> Iterator[ItemCheck]:
    yield from checks_of(node.facts, around.profile, row.is_choice)
    yield from _content(node, row, around)


def _content(node: Node, row: Element, around: Around) -> Iterator[ItemCheck]:
    """What is said of the parts of an element, and of how they go together."""
    if node.children:
        yield from _below(node, row, around)
    for rule in node.rules:
        yield rule_check(rule, around.profile, row.children_of or row.path, shipped=around.shipped)


def _below(node: Node, row: Element, around: Around) -> Iterator[ItemCheck]:
    """What a profile says of the parts of a value, for each type that the value may have."""
    finders: dict[str, Finder] = {}
    for kind in row.json_names().values():
        own = kind.code in ("BackboneElement", "Element")
        path = row.children_of or (row.path if own else kind.code)
        try:
            finder = Elements(node, path, around)
        except KeyError:
            continue
        if finder.says_something:
            finders[kind.code] = finder
    if finders:

        def check(item: Item, found: Problems, context: Context) -> None:
            finder = finders.get(item.kind)
            if finder is not None:
                finder(item.members(), found, context)

        yield check


def _slices(node: Node, row: Element, label: str, around: Around) -> Slices | None:
    slicing, profile = node.slicing, around.profile
    if slicing is None or not node.slices:
        return None
    slices = [
        Slice(each, slicing, profile, tuple(_checks(each, row, around)), _slices(each, row, label, around))
        for each in node.slices.values()
    ]
    if not any(each.matters for each in slices) and slicing.rules == "open" and not slicing.ordered:
        return None
    return Slices(slices, slicing, label, profile)


def root_of(node: Node, type_name: str, around: Around) -> Finder:
    """The checker of a whole resource, or of a value of a data type."""
    elements = Elements(node, type_name, around)
    rules = tuple(rule_check(rule, around.profile, shipped=around.shipped) for rule in node.rules)

    def find(tree: Any, found: Problems, context: Context) -> None:
        elements(tree, found, context)
        for rule in rules:
            rule(Item(tree, None, type_name, ""), found, context)

    return find
