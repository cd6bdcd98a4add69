"""R4's rules between the elements of a ValueSet and of a CodeSystem, and those of a SimpleQuantity; part of the table
in `invariants.py`.

*Source*: R4 4.0.1, valueset.html#invs, codesystem.html#invs, datatypes.html#SimpleQuantity.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.fhir import invariant_tests as tests
from app.fhir.invariant_tests import Invariant, Node, Test

_INCLUDE, _CONTAINS = "ValueSet.compose.include", "ValueSet.expansion.contains"
# elements of served types whose Quantity is a simple one
_SIMPLE = (
    ("Range", "low"),
    ("Range", "high"),
    ("SampledData", "origin"),
    ("Observation.referenceRange", "low"),
    ("Observation.referenceRange", "high"),
    ("Immunization", "doseQuantity"),
    ("CarePlan.activity.detail", "dailyAmount"),
    ("CarePlan.activity.detail", "quantity"),
)


def _codes(node: Any) -> Iterator[str]:
    for concept in node.get("concept", ()):
        yield concept["code"]
        yield from _codes(concept)


def _distinct(n: Node) -> bool:
    codes = list(_codes(n))
    return len(set(codes)) == len(codes)


def _simple(name: str) -> Test:
    return lambda n: not tests.has(n.get(name, {}), "comparator")


TERMINOLOGY: tuple[Invariant, ...] = (
    Invariant("CodeSystem", "csd-1", "Each code occurs once.", _distinct),
    Invariant(_INCLUDE, "vsd-1", "Codes come from a system or from value sets.", tests.any_of("valueSet", "system")),
    Invariant(
        _INCLUDE,
        "vsd-2",
        "Concepts and filters need the system.",
        lambda n: not (tests.has(n, "concept") or tests.has(n, "filter")) or tests.has(n, "system"),
    ),
    Invariant(_INCLUDE, "vsd-3", "Either concepts or filters, not both.", tests.not_both("concept", "filter")),
    Invariant(_CONTAINS, "vsd-6", "A code or a display is needed.", tests.any_of("code", "display")),
    Invariant(
        _CONTAINS,
        "vsd-9",
        "Only what is abstract has no code.",
        lambda n: tests.has(n, "code") or n.get("abstract") is True,
    ),
    Invariant(_CONTAINS, "vsd-10", "A code needs its system.", tests.needs("code", "system")),
    *(Invariant(path, "sqty-1", "A simple quantity has no comparator.", _simple(name), name) for path, name in _SIMPLE),
)
