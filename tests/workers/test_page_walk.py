"""A walk through all pages, each answered by any process, while others write and delete. *Source*: PAG-01."""

import asyncio
import os
import random
from typing import Any

import httpx
import pytest

from tests.builders import resource

LONG = bool(os.environ.get("SOAK"))
STAYING = 500 if LONG else 60
PASSING = 1_000 if LONG else 120
WRITERS = 8
PAGE = 20 if LONG else 7
ORDERS = ("", "_sort=name", "_sort=-_lastUpdated", "_sort=-name,_id")

Tree = dict[str, Any]


def named(kind: str, chance: random.Random) -> Tree:
    """A place somewhere in every order: by name before, between and behind the others."""
    return resource("Location", name=f"{chance.randrange(10**6):06} {kind}", status="active")


async def created(http: httpx.AsyncClient, tree: Tree) -> Tree:
    answer = await http.post("Location", json=tree)
    assert answer.status_code == 201, answer.text
    made: Tree = answer.json()
    return made


@pytest.fixture
async def staying(http: httpx.AsyncClient) -> dict[str, Tree]:
    chance = random.Random(1)
    made = [await created(http, named("stays", chance)) for _ in range(STAYING)]
    return {tree["id"]: tree for tree in made}


async def passing(http: httpx.AsyncClient, seed: int) -> None:
    """Writes its share of rows that come, change and go."""
    chance, there = random.Random(seed), list[Tree]()
    for _ in range(PASSING // WRITERS):
        there.append(await created(http, named("passes", chance)))
        place = chance.randrange(len(there))
        await http.put(f"Location/{there[place]['id']}", json={**there[place], **named("moves", chance)})
        if chance.random() < 0.7:
            await gone(http, there.pop(chance.randrange(len(there))))
    for tree in there:
        await gone(http, tree)


async def gone(http: httpx.AsyncClient, tree: Tree) -> None:
    answer = await http.delete(f"Location/{tree['id']}")
    assert answer.status_code == 204, answer.text


async def walked(http: httpx.AsyncClient, address: str) -> list[Tree]:
    """Every resource of every page, in the order of the walk."""
    met: list[Tree] = []
    while address:
        answer = await http.get(address)
        assert answer.status_code == 200, answer.text
        met += [entry["resource"] for entry in answer.json().get("entry", ())]
        address = next((link["url"] for link in answer.json()["link"] if link["relation"] == "next"), "")
    return met


@pytest.mark.long
async def test_a_walk_meets_everything_that_stays_exactly_once(
    http: httpx.AsyncClient, staying: dict[str, Tree]
) -> None:
    writers = [asyncio.create_task(passing(http, seed)) for seed in range(WRITERS)]
    walks = 0
    while not all(writer.done() for writer in writers) or walks < len(ORDERS):
        order = ORDERS[walks % len(ORDERS)]
        met = await walked(http, f"Location?status=active&_count={PAGE}&{order}")
        ids = [tree["id"] for tree in met if tree["id"] in staying]
        assert len(ids) == len(set(ids)), (order, "met twice")
        assert {tree["id"]: tree for tree in met if tree["id"] in staying} == staying, order
        walks += 1
    await asyncio.gather(*writers)
    assert walks > len(ORDERS), "the walks were over before the writers had begun"
    left = await walked(http, f"Location?status=active&_count={PAGE}")
    assert {tree["id"] for tree in left} == set(staying)
