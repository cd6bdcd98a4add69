"""Which slice a value belongs to, and whether each slice has as many as it must.

A value that could be of a slice, but cannot be told (a reference that leads to nothing that can be read), counts
against nobody.
*Source*: R4 profiling.html#slicing, #discriminator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.fhir.primitives import Flaw
from app.fhir.problems import Problems, below, report
from app.fhir.profiles.checks import codes_of, in_value_set, type_behind
from app.fhir.profiles.context import MAX_DEPTH, Context, ItemCheck, followed
from app.fhir.profiles.facts import R4, Binding, Slicing
from app.fhir.profiles.node import Expected, Node, expected
from app.fhir.profiles.patterns import described, fitting
from app.fhir.profiles.values import Item, step_below, steps
from app.fhir.tables import r4

Matcher = Callable[[Item, Context], bool | None]


class Slice:
    """One slice: who belongs to it, how many there must be, what is checked of each; `parts`: its own slices."""

    def __init__(
        self, node: Node, slicing: Slicing, profile: str, checks: tuple[ItemCheck, ...], parts: Slices | None = None
    ) -> None:
        facts = node.facts
        self.name = node.slice
        self.minimum = facts.minimum or 0
        self.maximum = -1 if facts.maximum is None else facts.maximum
        self.checks = checks
        self.parts = parts
        self._matchers = [matcher_of(node, kind, path) for kind, path in slicing.discriminators]
        told = _told(node, slicing)
        self.too_few = Flaw("required", "profile-slice", f"{profile}: at least {self.minimum} of this must be {told}.")
        most = f"at most {self.maximum}" if self.maximum else "none"
        self.too_many = Flaw("value", "profile-slice", f"{profile}: {most} of this may be {told}.")

    def belongs(self, item: Item, context: Context) -> bool | None:
        """None: nobody can tell."""
        unsure = not self._matchers  # a slice that nothing tells apart
        for matches in self._matchers:
            found = matches(item, context)
            if found is False:
                return False
            unsure = unsure or found is None
        return None if unsure else True

    @property
    def matters(self) -> bool:
        """Whether it can be broken at all: many name only what should be supported."""
        return bool(self.checks or self.parts) or self.minimum > 0 or self.maximum >= 0


class Slices:
    """All slices of one element."""

    def __init__(self, slices: list[Slice], slicing: Slicing, label: str, profile: str) -> None:
        self._slices = slices
        self._label = label
        self._ordered = slicing.ordered
        self._closed = slicing.rules == "closed"
        self._open_at_end = slicing.rules == "openAtEnd"
        # whether anything is wrong where there is no value at all
        self.demands = any(each.minimum > 0 for each in slices)
        self._divided = any(each.parts for each in slices)
        names = ", ".join(each.name for each in slices)
        self._stranger = Flaw("value", "profile-slice", f"{profile}: this must be one of: {names}.")
        self._several = Flaw("value", "profile-slice", f"{profile}: this fits more than one of: {names}.")
        self._late = Flaw("value", "profile-slice", f"{profile}: what is none of these stands behind them: {names}.")
        self._order = Flaw("value", "profile-slice", f"{profile}: these stand in the order {names}.")

    def __call__(self, items: list[Item], found: Problems, context: Context) -> None:
        counts = [0] * len(self._slices)
        unsure = [False] * len(self._slices)
        last = -1
        strange = False  # whether one of no slice was there
        members: list[list[Item]] = [[] for _ in self._slices] if self._divided else []
        for item in items:
            mine: list[int] = []
            told = True
            for place, each in enumerate(self._slices):
                belongs = each.belongs(item, context)
                if belongs:
                    mine.append(place)
                    counts[place] += 1
                    if members:
                        members[place].append(item)
                    self._check(each, item, found, context)
                elif belongs is None:
                    unsure[place], told = True, False
            if len(mine) > 1:
                report(found, self._several, item.at)
            elif self._closed and not mine and told:
                report(found, self._stranger, item.at)
            elif mine and strange and self._open_at_end:
                report(found, self._late, item.at)
            strange = strange or (told and not mine)
            if mine and self._ordered:
                if mine[0] < last:
                    report(found, self._order, item.at)
                last = max(last, mine[0])
        for place, each in enumerate(self._slices):
            if counts[place] < each.minimum and not unsure[place]:
                report(found, each.too_few, self._label)
            elif counts[place] > each.maximum >= 0:
                report(found, each.too_many, self._label)
            if each.parts is not None and counts[place]:
                each.parts(members[place], found, context)

    @staticmethod
    def _check(one: Slice, item: Item, found: Problems, context: Context) -> None:
        start = len(found)
        for check in one.checks:
            check(item, found, context)
        if len(found) > start:
            below(found, start, item.at)


def matcher_of(node: Node, kind: str, path: str) -> Matcher:
    """One discriminator of one slice. Raises ValueError for a kind that R4 does not know."""
    taken = steps(path)
    wanted = expected(node, taken)
    match kind:
        case "value" | "pattern":
            return _by_value(wanted, taken)
        case "exists":
            absent = wanted.node is not None and wanted.node.facts.maximum == 0
            return lambda item, context: (not _reached(item, taken, context)) is absent
        case "type":
            return _by_type(frozenset(kind.code for kind in wanted.kinds), taken)
        case "profile":
            return _by_profile(wanted, taken)
    raise ValueError(f"a discriminator cannot be of type {kind}")


def _by_value(wanted: Expected, taken: tuple[str, ...]) -> Matcher:
    facts = wanted.node.facts if wanted.node else None
    if wanted.value is not None:
        word, node = wanted.value
        parts = node if type(node) is list else [node]
        tests = [part.__eq__ if word == "fixed" else fitting(part) for part in parts]

        def holds(item: Item, context: Context) -> bool | None:
            values = [each.value for each in _reached(item, taken, context)]
            return all(any(test(value) is True for value in values) for test in tests)

        return _one_step(taken[0], tests[0], holds) if len(taken) == 1 and len(tests) == 1 else holds
    binding = facts.binding if facts else None
    if binding is not None and binding.strength == "required":
        return _by_code(binding, taken)
    if facts is not None and (facts.minimum or 0) > 0:
        return lambda item, context: bool(_reached(item, taken, context))
    if facts is not None and facts.maximum == 0:
        return lambda item, context: not _reached(item, taken, context)
    return lambda item, context: True


def _one_step(step: str, test: Callable[[Any], object], otherwise: Matcher) -> Matcher:
    """What stands right below, and once, needs no walk."""

    def holds(item: Item, context: Context) -> bool | None:
        below = item.value.get(step) if type(item.value) is dict else None
        return test(below) is True if type(below) is dict else otherwise(item, context)

    return holds


def _by_code(binding: Binding, taken: tuple[str, ...]) -> Matcher:
    def holds(item: Item, context: Context) -> bool | None:
        reached = _reached(item, taken, context)
        codes = [code for each in reached for code in codes_of(_as_coded(each))]
        return in_value_set(binding.value_set, codes, context)

    return holds


def _as_coded(item: Item) -> Item:
    """What was reached by a name alone has no type yet: a concept has codings."""
    if item.kind or type(item.value) is not dict:
        return item
    return item._replace(kind="CodeableConcept" if "coding" in item.value or "text" in item.value else "Coding")


def _by_type(codes: frozenset[str], taken: tuple[str, ...]) -> Matcher:
    if taken[-1:] == ("resolve()",):

        def leads(item: Item, context: Context) -> bool | None:
            kinds = [type_behind(each.value, context) for each in _reached(item, taken[:-1], context)]
            return any(kind in codes for kind in kinds) or (None if None in kinds else False)

        return leads

    if not taken:
        return lambda item, context: item.kind in codes

    def holds(item: Item, context: Context) -> bool | None:
        return any(each.kind in codes for each in _reached(item, taken, context))

    return _one_choice(taken[0], codes, holds) if len(taken) == 1 else holds


def _one_choice(step: str, codes: frozenset[str], otherwise: Matcher) -> Matcher:
    """A choice of types right below tells its type by its name."""
    names = frozenset(step + code[:1].upper() + code[1:] for code in codes)

    def holds(item: Item, context: Context) -> bool | None:
        if type(item.value) is not dict or step in item.value:
            return otherwise(item, context)
        return not names.isdisjoint(item.value)

    return holds


def _by_profile(wanted: Expected, taken: tuple[str, ...]) -> Matcher:
    """A reference by what it leads to; without it, by the type that it tells."""
    if taken[-1:] != ("resolve()",):
        profiles = [each for kind in wanted.kinds for each in kind.profiles]
        return lambda item, context: _any(
            [
                context.library.fits(each, at.value, context)
                for at in _reached(item, taken, context)
                for each in profiles
            ]
        )
    targets = [target for kind in wanted.kinds for target in kind.targets]
    types = {target.removeprefix(R4) for target in targets if target.removeprefix(R4) in r4().types}
    profiles = [target for target in targets if target.removeprefix(R4) not in r4().types]

    def leads(item: Item, context: Context) -> bool | None:
        return _any([one(each, context) for each in _reached(item, taken[:-1], context)])

    def one(at: Item, context: Context) -> bool | None:
        kind = type_behind(at.value, context)
        if type(at.value) is not dict:  # no reference at all
            return False
        if kind in types:
            return True
        if kind is not None and kind not in context.library.types_of(profiles):
            return False
        resource = followed(at.value, context) if context.depth < MAX_DEPTH else None
        if resource is None:
            return None
        if resource.get("resourceType") in types:
            return True
        return _any([context.library.fits(each, resource, context) for each in profiles])

    return leads


def _any(answers: list[bool | None]) -> bool | None:
    return True if True in answers else None if None in answers else False


def _reached(item: Item, taken: tuple[str, ...], context: Context) -> list[Item]:
    """The values that a path leads to."""
    found = [item]
    for step in taken:
        if step == "resolve()":
            trees = [followed(each.value, context) for each in found]
            found = [Item(tree, None, str(tree.get("resourceType")), "") for tree in trees if tree is not None]
        else:
            found = [below_it for each in found for below_it in step_below(each, step)]
    return found


def _told(node: Node, slicing: Slicing) -> str:
    """What makes a value one of this slice, as a message says it."""
    words = []
    for kind, path in slicing.discriminators:
        wanted = expected(node, steps(path))
        where = "" if path == "$this" else f"{path} "
        if wanted.value is not None:
            words.append(f"{where}{described(_single(wanted.value[1]))}")
        elif wanted.node is not None and wanted.node.facts.binding is not None:
            words.append(f"{where}of the value set {wanted.node.facts.binding.value_set}")
        elif kind in ("type", "profile"):
            names = [each for kind_ in wanted.kinds for each in (kind_.targets or kind_.profiles or (kind_.code,))]
            words.append(f"{where}{' or '.join(name.rpartition('/')[2] for name in names)}")
    return f"{node.slice} ({', '.join(words)})" if words else node.slice


def _single(value: object) -> object:
    return value[0] if type(value) is list and len(value) == 1 else value
