"""Whatever is asked with a valid token: a whole answer, never a 500, nothing of the inside, nothing of the input."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from app.fhir.registry import Registry
from app.services.dispatch import INTERACTIONS
from tests.conformance.bench import Bench
from tests.conformance.building import a_bench
from tests.conftest import Database
from tests.fuzz.asked import Asked
from tests.fuzz.breaking import broken
from tests.fuzz.recipes import Recipe, recipes
from tests.fuzz.sending import faults, send, tree_of
from tests.fuzz.stock import Stock

LONG = bool(os.environ.get("SOAK"))
REQUESTS = int(os.environ.get("FUZZ_REQUESTS") or (50_000 if LONG else 2_000))
AT_ONCE = 16
SOUND = 0.35
TRIES = 5
# Bundles and what concerns no single type are few recipes; drawn as often as any other they would hardly be tried
OF_THE_SYSTEM = 12
FEWEST_2XX = 0.3
SHOWN = 20

Counts = Counter[tuple[str, str, int]]


@pytest.mark.long
async def test_every_answer_is_whole_and_tells_nothing(
    database: Database, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """FUZZ_SEED and FUZZ_REQUESTS repeat a run; the short one is always the same."""
    seed = int(os.environ.get("FUZZ_SEED") or (secrets.randbelow(10**9) if LONG else 5))
    async with a_bench(database, tmp_path, Registry.load(), access_token_s=3600) as bench:
        run = Run(bench, random.Random(seed))
        await run.all()
    record_property("told", f"FUZZ_SEED={seed}\n{table(run.counts)}")
    assert not run.found, "\n\n".join(run.found[:SHOWN])
    assert sum(run.counts.values()) == REQUESTS
    good = sum(number for (_, _, status), number in run.counts.items() if status < 300)
    assert good >= FEWEST_2XX * REQUESTS, table(run.counts)
    unreached = [f"{each.name} {each.type}" for each in run.recipes if (each.name, each.type) not in run.reached]
    assert unreached == [], "no sound request was answered with 2xx"
    routes = {(method, route) for method, route, status in run.counts if status < 300}
    assert {(each.method, "/" + "/".join(each.shape)) for each in INTERACTIONS} <= routes


class Run:
    """`counts`: (method, route, status) -> how often; `reached`: recipes that a sound request went through by;
    `found`: what should not have been."""

    def __init__(self, bench: Bench, chance: random.Random) -> None:
        self.bench, self.chance = bench, chance
        self.stock = Stock(bench, chance)
        self.recipes = recipes(bench.registry)
        self.weights = [1 if each.type else OF_THE_SYSTEM for each in self.recipes]
        self.counts: Counts = Counter()
        self.reached = set[tuple[str, str]]()
        self.found: list[str] = []

    async def all(self) -> None:
        """First every recipe, right as it stands, until one of a few has gone through; then chance."""
        for name, served in self.stock.types.items():
            if "create" not in served.interactions:
                answer = await self.bench.own.get(f"{name}?_count=20")
                self.stock.made[name] = [entry["resource"] for entry in answer.json()["entry"]]
        for each in self.recipes:
            for _ in range(TRIES):
                if (each.name, each.type) not in self.reached:
                    await self._several([(each, each.asked(self.stock))])
        while (left := REQUESTS - sum(self.counts.values())) > 0:
            await self._several([self._drawn() for _ in range(min(AT_ONCE, left))])

    def _drawn(self) -> tuple[Recipe, Asked]:
        (recipe,) = self.chance.choices(self.recipes, self.weights)
        asked = recipe.asked(self.stock)
        return recipe, asked if self.chance.random() < SOUND else broken(asked, self.chance)

    async def _several(self, drawn: list[tuple[Recipe, Asked]]) -> None:
        """At once, so that they meet in the database too."""
        for place in range(0, len(drawn), AT_ONCE):
            part = drawn[place : place + AT_ONCE]
            answers = await asyncio.gather(*(self._answer(asked) for _, asked in part))
            for (recipe, asked), answer in zip(part, answers, strict=True):
                self._note(recipe, asked, answer)

    async def _answer(self, asked: Asked) -> httpx.Response:
        system = self.bench.own if asked.by_network else self.bench.writer
        return await send(system.http, asked, self.chance)

    def _note(self, recipe: Recipe, asked: Asked, answer: httpx.Response) -> None:
        self.counts[asked.method, recipe.route, answer.status_code] += 1
        for fault in faults(answer):
            self.found.append(
                f"{fault}\n{recipe.name} {recipe.type}: {asked}\n-> {answer.status_code} {answer.text[:600]}"
            )
        if asked.sound and answer.is_success:
            self.reached.add((recipe.name, recipe.type))
        self._learn(asked, answer)

    def _learn(self, asked: Asked, answer: httpx.Response) -> None:
        if not answer.is_success or not asked.path or "$" in asked.path or "_history" in asked.path:
            return
        if asked.method == "DELETE":
            name, _, fhir_id = asked.path.partition("/")
            self.stock.forget(name, fhir_id or dict(asked.query).get("_id", ""))
        elif asked.method in ("POST", "PUT", "PATCH") and answer.content:
            tree = tree_of(answer)
            if tree.get("resourceType") in self.stock.types and "versionId" in tree.get("meta", {}):
                self.stock.keep(tree)


def table(counts: Counts) -> str:
    """Statuses of every route and method, the most frequent first."""
    routes = sorted({(route, method) for method, route, _ in counts})
    lines = []
    for route, method in routes:
        statuses = Counter({status: number for (m, r, status), number in counts.items() if (r, m) == (route, method)})
        told = "  ".join(f"{status}: {number}" for status, number in statuses.most_common())
        lines.append(f"{method:<8} {route:<38} {told}")
    total = sum(counts.values())
    good = sum(number for (_, _, status), number in counts.items() if status < 300)
    return "\n".join([*lines, f"{total} requests, {good / total:.0%} answered with 2xx"])
