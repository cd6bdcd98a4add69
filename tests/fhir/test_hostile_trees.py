"""Any JSON at all in any place of a resource: the room answers with problems, never with an exception."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from app.fhir.errors import Refusal
from app.fhir.index_values import extract
from app.fhir.json import JsonObject, Number
from app.fhir.links import rewrite
from app.fhir.references import each_reference
from app.fhir.registry import Registry
from app.fhir.requests import read_bundle
from app.fhir.structure import check
from tests.fhir.builders import minimal

REGISTRY = Registry.load()
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**40, Number("1.5"), Number("-0"), Number("9" * 40), "", " ", "x", "#", "#x",
    "a/b", "Task/1", "é" * 300, "2024", "9999-12-31T23:59:59-12:00", "urn:uuid:x", [], [None], [[]], [{}], [1, "x"], {},
    {"id": "x"}, {"reference": "#x"}, {"reference": 5}, {"coding": {}}, {"coding": [1]}, {"extension": [{"url": 1}]},
    {"use": []}, {"start": 1, "end": 2}, {"value": {}}, {"resourceType": "Patient"}, {"resourceType": []}, {"url": []},
)  # fmt: skip
ADDED = (
    "id", "extension", "_extension", "value", "valueQuantity", "contained", "meta", "text", "resourceType",
    "_status", "identifier", "telecom", "note", "input", "component", "timingTiming", "period", "low", "high",
)  # fmt: skip
TRIES = 300


def places(node: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value in a tree."""
    pairs = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    return [(node, key) for key, _ in pairs] + [place for _, value in pairs for place in places(value)]


def spoiled(tree: JsonObject, chance: random.Random) -> JsonObject:
    """The tree with one to three values replaced, removed or added."""
    tree = copy.deepcopy(tree)
    for _ in range(chance.randint(1, 3)):
        container, key = chance.choice(places(tree))
        if isinstance(container, dict) and chance.random() < 0.3:
            container[chance.choice(ADDED)] = copy.deepcopy(chance.choice(ODD))
        elif isinstance(container, dict) and chance.random() < 0.1:
            del container[key]
        else:
            container[key] = copy.deepcopy(chance.choice(ODD))
        if not places(tree):
            return tree
    return tree


@pytest.mark.parametrize("name", sorted(REGISTRY.types))
def test_a_spoiled_resource_is_judged_indexed_and_rewritten_without_an_exception(name: str) -> None:
    chance = random.Random(name)
    for _ in range(TRIES):
        tree = spoiled(minimal(name), chance)
        for issue in check(name, tree):
            assert issue.at.startswith(name)
        extract(REGISTRY.types[name], tree, "https://network.example/fhir")
        list(each_reference(name, tree))
        rewrite(tree, {"Task/1": "Task/2"})


def test_a_spoiled_bundle_is_read_or_refused() -> None:
    chance = random.Random("Bundle")
    entry = {"fullUrl": "urn:oid:1.2", "resource": minimal("Task"), "request": {"method": "POST", "url": "Task"}}
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [entry, {"request": {"method": "GET", "url": "Task/1"}}],
    }
    refused = 0
    for _ in range(5 * TRIES):
        tree = spoiled(bundle, chance)
        assert all(issue.at.startswith("Bundle") for issue in check("Bundle", tree))
        try:
            read_bundle(tree)
        except Refusal:
            refused += 1
    assert 0 < refused < 5 * TRIES
