"""A first look at a value: is it, beyond doubt, what a profile demands? Most are, and need no closer look.

Who is not certain says no: then the checks of `checks.py` look closely, and tell what is wrong, if anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from app.fhir.profiles.facts import R4, ElementFacts
from app.fhir.profiles.node import Node
from app.fhir.profiles.patterns import fitting
from app.fhir.tables import Element, r4

Glance = Callable[[Any], bool]
# of profiles, the types that they are about; of a value set, all of its codes where they are known
TypesOf = Callable[[list[str]], Collection[str]]
CodesOf = Callable[[str], frozenset[str] | None]


def glance_at(node: Node, row: Element, types_of: TypesOf, codes_of: CodesOf) -> Glance | None:
    """None: this element always needs a close look."""
    facts = node.facts
    if row.maximum != 1 or row.is_choice or node.children or node.rules or node.slices or facts.maximum is not None:
        return None
    tests = [*_values(facts), *_codes(facts, row, codes_of), *_references(facts, types_of)]
    wanted = (facts.fixed, facts.pattern, facts.binding, facts.kinds or None)
    if len(tests) != sum(each is not None for each in wanted):
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda value: all(test(value) for test in tests)


def _values(facts: ElementFacts) -> list[Glance]:
    found: list[Glance] = []
    if facts.fixed is not None:
        fixed = facts.fixed
        found.append(lambda value: type(value) is type(fixed) and bool(value == fixed))
    if facts.pattern is not None:
        found.append(fitting(facts.pattern))
    return found


def _codes(facts: ElementFacts, row: Element, codes_of: CodesOf) -> list[Glance]:
    """A plain code by its value set."""
    plain = facts.binding is not None and [kind.code for kind in row.kinds] == ["code"]
    codes = codes_of(facts.binding.value_set) if facts.binding is not None and plain else None
    return [lambda value: type(value) is str and value in codes] if codes else []


def _references(facts: ElementFacts, types_of: TypesOf) -> list[Glance]:
    """`Type/id`, with nothing that could tell another type."""
    if not facts.kinds or any(kind.code != "Reference" or kind.profiles for kind in facts.kinds):
        return []
    targets = [target for kind in facts.kinds for target in kind.targets]
    simple = {target.removeprefix(R4) for target in targets} & r4().types.keys()
    profiles = [target for target in targets if target.removeprefix(R4) not in simple]
    allowed = frozenset(simple.union(types_of(profiles)))

    def glance(value: Any) -> bool:
        text = value.get("reference") if type(value) is dict else None
        return type(text) is str and text.partition("/")[0] in allowed

    return [glance] if "Resource" not in allowed else []
