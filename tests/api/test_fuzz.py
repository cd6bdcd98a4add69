"""Broken at random: whatever comes, the answer is a resource or a whole refusal, never a 500, never an echo.

`SOAK=1` makes it long. *Source*: security sheet ERR-01.
"""

import copy
import json
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.answers import LEAKS, MARK
from tests.builders import minimal, referral
from tests.town import Town
from tests.world import FHIR_JSON

ROUNDS = 20_000 if os.environ.get("SOAK") else 250
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**17, 10**30, "", " ", MARK, "2024", "24:00", "9999-12-31T23:59:59-12:00", "urn:uuid:x", "#", "#x",
    "Patient/1", "Patient/1/_history/1", "https://a.example/fhir/Patient/1", "Patient?x=y", "javascript:1", "\u202e", "\u0000",
    "\ufffe", "e\u0301" * 20, "x" * 5000, [], {}, [[]], [{}], [None], {"": 1}, {"reference": MARK}, {"extension": []},
    {"coding": [{"code": MARK}]}, {"resourceType": "Patient"}, {"start": "2025", "end": "2024"},
)  # fmt: skip
WORDS = (
    "id",
    "meta",
    "extension",
    "modifierExtension",
    "contained",
    "text",
    "_status",
    "status",
    "reference",
    "identifier",
    "constructor",
)


def places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of everything in a tree."""
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from places(tree[key])


def broken(tree: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """One to three things taken away, replaced, doubled or added."""
    tree = copy.deepcopy(tree)
    for _ in range(chance.randint(1, 3)):
        container, key = chance.choice([*places(tree)] or [(tree, "resourceType")])
        act = chance.randrange(4)
        if act == 0:
            container.pop(key)
        elif act == 1 or not isinstance(container, dict):
            container[key] = copy.deepcopy(chance.choice(ODD))
        elif act == 2:
            container[chance.choice(WORDS)] = copy.deepcopy(chance.choice(ODD))
        else:
            container[key] = [copy.deepcopy(container[key])] * 2
    return tree


@pytest.mark.parametrize("seed", range(2))
async def test_a_broken_resource_gets_a_whole_answer(town: Town, seed: int) -> None:
    chance, statuses = random.Random(seed), set[int]()
    kinds = sorted(town.world.network.registry.types)
    made = (await town.ehr.create(minimal("Patient"))).json()
    for _ in range(ROUNDS // 2):
        kind = chance.choice(kinds)
        body, address, method = broken(minimal(kind), chance), f"/fhir/{kind}", "POST"
        if chance.random() < 0.2:
            body, address, method = broken(made, chance), f"/fhir/Patient/{made['id']}", "PUT"
        elif chance.random() < 0.3:
            entries = broken({"entry": referral(town.platform, town.pantry)}, chance)
            body, address = (
                {"resourceType": "Bundle", "type": chance.choice(("batch", "transaction")), **entries},
                "/fhir",
            )
        answer = await town.ehr.http.request(
            method, address, content=json.dumps(body), headers={"Content-Type": FHIR_JSON}
        )
        assert answer.status_code < 500, (seed, json.dumps(body), answer.text)
        assert not LEAKS.search(answer.text) or answer.status_code < 300
        if answer.status_code >= 400:
            assert answer.json()["resourceType"] == "OperationOutcome"
            assert MARK not in answer.text, json.dumps(body)
        statuses.add(answer.status_code)
    assert {400, 422} <= statuses
    assert statuses & {200, 201}


@pytest.mark.parametrize("seed", range(2))
async def test_a_broken_question_gets_a_whole_answer(town: Town, seed: int) -> None:
    chance = random.Random(seed)
    types = town.world.network.registry.types
    odd = [
        "",
        "|",
        ",",
        "\\",
        "\\,",
        "$",
        "a|b|c",
        "gt",
        "ge2024-02-30",
        "sa2024",
        "'",
        "%",
        "\U0001f600",
        "0" * 70,
        "a/b",
        "Task/1",
        "é",
        "*",
    ]
    for _ in range(ROUNDS // 2):
        kind = chance.choice(sorted(types))
        names = [
            *types[kind].parameters,
            "_id",
            "_lastUpdated",
            "_count",
            "_include",
            "_total",
            "_page",
            "_format",
            "_has:Task:focus:status",
        ]
        pairs = []
        for _ in range(chance.randint(1, 4)):
            name = chance.choice(names) + chance.choice(
                ("", "", "", ":missing", ":not", ":exact", ":x", ".name", ".identifier", ":Patient.name")
            )
            pairs.append((name, chance.choice(odd) + chance.choice(("", "", MARK, ",b", "|c"))))
        answer = await town.ehr.http.get(f"/fhir/{kind}", params=pairs)
        assert answer.status_code in (200, 400, 406), (pairs, answer.text)
        if answer.status_code != 200:
            assert answer.json()["resourceType"] == "OperationOutcome"
            assert MARK not in answer.text
