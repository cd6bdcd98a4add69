"""Whatever stands in the place of something good, the validator answers: a fault of ours would be a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest

from app.fhir import structure
from tests.mutations.generate import bases
from tests.mutations.ours import validator
from tests.mutations.sites import Pointer, changed

pytestmark = pytest.mark.needs("shared")

JUNK: tuple[Any, ...] = (
    "text", 7, True, None, [], {}, ["x"], [None], [7], [[]], {"x": 1}, [{}], {"reference": 7}, {"coding": "x"},
    {"coding": [7]}, {"coding": [{"code": 7}]}, "2026-02-30T10:00:00Z", "#", "#nobody", "Patient/", "https://x/y?z",
)  # fmt: skip


def test_no_shape_makes_it_stumble() -> None:
    known, knowledge = validator()
    junk = cycle(JUNK)  # as many kinds as values: each place meets another one in each resource
    for case in bases():
        tree = json.loads(case.body)
        for pointer in pointers(tree):
            broken = changed(tree, pointer, next(junk))
            structure.check(tree["resourceType"], broken)
            known.profiles.check(tree["resourceType"], broken, tree["meta"]["profile"], knowledge, follows=True)


def pointers(node: Any, at: Pointer = ()) -> Iterator[Pointer]:
    """All places in a resource but those that say what it is."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, below in members:
        if at or step not in ("meta", "resourceType"):
            yield (*at, step)
            yield from pointers(below, (*at, step))
