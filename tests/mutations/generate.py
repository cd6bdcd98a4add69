"""All cases: good resources, and what becomes of them when one thing is broken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.mutations.base import Base
from tests.mutations.bases import BASES
from tests.mutations.defects import BREAKERS, Defect
from tests.mutations.definitions import Tree
from tests.mutations.elements import elements
from tests.mutations.recipes import EVERYWHERE, OBSERVATIONS, OTHERS, TASKS, Recipe
from tests.mutations.shapes import misshapen
from tests.mutations.sites import sites
from tests.mutations.words import GUIDE, merged

# each of R4's rules for all resources is broken in every fifth profile
_SPREAD = 5
# of a choice, so many wrong types; more in an extension, which has little else
_WRONG_TYPES = 2
_WRONG_TYPES_OF_AN_EXTENSION = 8


@dataclass(frozen=True, slots=True)
class Case:
    """One resource. `at`, `missing`, `rule`: where the defect is, whether something is absent, which invariant it is; of
    a good resource nothing. `weak`: the rule's FHIRPath does not test it."""

    id: str
    profile: str
    body: bytes
    kind: str = ""
    at: str = ""
    missing: bool = False
    rule: str = ""
    weak: bool = False

    @property
    def digest(self) -> str:
        """Tells whether a verdict was given on this resource."""
        return hashlib.sha256(self.body).hexdigest()[:12]


@cache
def bases() -> tuple[Case, ...]:
    """The good resources."""
    return tuple(Case(f"good/{base.id}", base.profile, _body(base.tree)) for base in BASES)


@cache
def mutations() -> tuple[Case, ...]:
    """The bad ones: each defect once in a profile, in the first good resource that offers it."""
    found: dict[str, Case] = {}
    seen: set[tuple[str, bytes]] = set()
    for case in _all():
        if case.id not in found and (case.profile, case.body) not in seen:
            found[case.id] = case
            seen.add((case.profile, case.body))
    return tuple(sorted(found.values(), key=lambda case: case.id))


def _all() -> Iterator[Case]:
    by_id = {base.id: base for base in BASES}
    for recipe in (*TASKS, *OBSERVATIONS, *OTHERS):
        yield _cooked(recipe, by_id[recipe.base])
    yield from _everywhere()
    for base in BASES:
        yield from _broken(base)
    richest = {base.profile: base for base in (*reversed(BASES), *(each for each in BASES if each.name == "full"))}
    for base in richest.values():
        yield from _misshapen(base)


def _broken(base: Base) -> Iterator[Case]:
    tree = base.tree
    types: dict[str, int] = {}
    for site in sites(elements(f"{GUIDE}{base.profile}"), tree, base.pointer, _place(base)):
        for breaker in BREAKERS:
            for defect in breaker(site, tree):
                if defect.kind == "type":
                    types[defect.where] = types.get(defect.where, 0) + 1
                    if types[defect.where] > (_WRONG_TYPES_OF_AN_EXTENSION if base.pointer else _WRONG_TYPES):
                        continue
                yield _case(base.profile, defect)


def _misshapen(base: Base) -> Iterator[Case]:
    tree, at = base.tree, _place(base)
    found = list(sites(elements(f"{GUIDE}{base.profile}"), tree, base.pointer, at))
    for defect in misshapen(base.profile, found, tree, base.pointer, at):
        yield _case(base.profile, defect)


def _everywhere() -> Iterator[Case]:
    firsts: dict[str, Base] = {}
    for base in BASES:
        if not base.pointer:
            firsts.setdefault(base.profile, base)
    for number, base in enumerate(firsts.values()):
        for place, recipe in enumerate(EVERYWHERE):
            if number % _SPREAD == place % _SPREAD and not recipe.patch.keys() & base.tree.keys():
                yield _cooked(recipe, base)


def _cooked(recipe: Recipe, base: Base) -> Case:
    at = recipe.at if recipe.base else base.tree["resourceType"] + recipe.at
    name = "/".join(filter(None, (base.profile, "invariant", recipe.rule, recipe.variant)))
    tree = merged(base.tree, recipe.patch)
    return Case(name, base.profile, _body(tree), "invariant", at, rule=recipe.rule, weak=recipe.weak)


def _case(profile: str, defect: Defect) -> Case:
    name = "/".join(filter(None, (profile, defect.kind, defect.where, defect.variant)))
    return Case(name, profile, _body(defect.tree), defect.kind, defect.at, defect.missing)


def _place(base: Base) -> str:
    """The FHIRPath of the object that the profile is about."""
    at: str = base.tree["resourceType"]
    for step in base.pointer:
        at += f"[{step}]" if isinstance(step, int) else f".{step}"
    return at


def _body(tree: Tree) -> bytes:
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()
