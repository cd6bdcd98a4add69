"""What the fuzzer has to ask about: valid resources of every type, and those that it made so far."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.fhir.json import dump
from app.fhir.registry import ResourceType, SearchParameter
from tests.conformance.bench import Bench
from tests.conformance.planting import Plot
from tests.fuzz.asked import Tree

NOBODY = "0198c0de-0000-7000-8000-00000000dead"
MOST = 30


@dataclass
class Stock:
    """`made`: type -> the resources that are there because the fuzzer made them, as they were answered."""

    bench: Bench
    chance: random.Random
    made: dict[str, list[Tree]] = field(default_factory=dict)

    @cached_property
    def types(self) -> dict[str, ResourceType]:
        return dict(self.bench.registry.types)

    @cached_property
    def _examples(self) -> dict[str, list[Tree]]:
        return {name: [plain(tree) for tree in self.bench.examples(name)] for name in self.types}

    def example(self, name: str) -> Tree:
        """A valid resource, without an id."""
        return copy.deepcopy(self.chance.choice(self._examples[name]))

    def stored(self, name: str) -> Tree:
        """One that is there; one of nobody's where there is none."""
        there = self.made.get(name) or [{"resourceType": name, "id": self.bench.ids.get(name, NOBODY)}]
        return copy.deepcopy(self.chance.choice(there))

    def keep(self, tree: Tree) -> None:
        """What a create or an update was answered; the oldest is forgotten."""
        kept = [each for each in self.made.get(tree["resourceType"], ()) if each["id"] != tree["id"]]
        self.made[tree["resourceType"]] = [*kept, tree][-MOST:]

    def forget(self, name: str, fhir_id: str) -> None:
        self.made[name] = [each for each in self.made.get(name, ()) if each["id"] != fhir_id]

    def identified(self, name: str) -> tuple[Tree, str]:
        """A resource with an identifier of its own, and the criterion that finds it."""
        tree, system, value = self._planted(name)
        unique = self.word()
        text = json.dumps(tree).replace(json.dumps(value), json.dumps(unique))
        return json.loads(text), f"identifier={system}|{unique}"

    def _planted(self, name: str) -> tuple[Tree, str, str]:
        if name not in self._identifiers:
            planted = self.plot(name).planted(self.types[name].parameters["identifier"])
            system, _, value = planted.asked[1].rpartition("|")
            self._identifiers[name] = plain(planted.tree), system, value
        return self._identifiers[name]

    @cached_property
    def _identifiers(self) -> dict[str, tuple[Tree, str, str]]:
        return {}

    def question(self, name: str, parameter: SearchParameter) -> tuple[str, str]:
        """`code`, `value` of a search that R4 takes."""
        key = name, parameter.code
        if key not in self._questions:
            planted = self.plot(name).planted(parameter)
            self._questions[key] = (planted.asked, planted.other)
        return self.chance.choice(self._questions[key])

    @cached_property
    def _questions(self) -> dict[tuple[str, str], tuple[tuple[str, str], tuple[str, str]]]:
        return {}

    def plot(self, name: str) -> Plot:
        ids = self.bench.ids
        return Plot(
            self.types[name], self._examples[name], lambda other: f"{other}/{ids[other]}" if other in ids else None
        )

    def word(self) -> str:
        return f"{self.chance.getrandbits(64):016x}"


def plain(tree: Any) -> Tree:
    """As Python's own JSON has it: numbers keep their written form elsewhere, here they may be broken."""
    found: Tree = json.loads(dump(tree))
    found.pop("id", None)
    return found
