"""A network in which every served type has been sent once, and one type under test in it."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.fhir.json import dump, parse
from app.fhir.links import rewrite
from app.fhir.registry import Registry, ResourceType
from app.fhir.tables import PROFILES
from tests.api.answers import without_number
from tests.conformance.planting import Plot
from tests.town import Town
from tests.world import FHIR_JSON, System

Tree = dict[str, Any]
TAG = "https://conformance.example/tag"
PATCH_JSON = "application/json-patch+json"
XML = "application/fhir+xml"


@dataclass
class Bench:
    """`writer` is an ordinary system of a clinic, `own` one of the network itself, `outsider` takes part in nothing,
    `narrow` may only create Patients. `ids`: type -> the id of a resource that others may refer to."""

    registry: Registry
    town: Town
    own: System
    narrow: System
    folder: Path = PROFILES / "examples"
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def writer(self) -> System:
        return self.town.ehr

    @property
    def outsider(self) -> System:
        return self.town.other_cbo

    def examples(self, name: str) -> list[Tree]:
        """A type's examples, the ordinary one first; they refer to what exists in this network."""
        files = {path.stem: path for path in sorted((self.folder / name).glob("*.json"))}
        first = files.pop("minimal", None)
        first = files.pop("ordinary", first)
        mapping = {f"{type_name}/minimal": f"{type_name}/{fhir_id}" for type_name, fhir_id in self.ids.items()}
        trees = [parse(path.read_bytes()) for path in (first, *files.values()) if path is not None]
        return [rewrite({key: value for key, value in tree.items() if key != "id"}, mapping) for tree in trees]

    async def furnish(self) -> None:
        """Sends every type that can be sent, each after what its example refers to."""
        waiting = [name for name, served in self.registry.types.items() if "create" in served.interactions]
        while waiting:
            ready = [name for name in waiting if not _refers_to(self.examples(name)[0]) & set(waiting) - {name}]
            assert ready, f"the examples of {waiting} refer to each other"
            for name in ready:
                answer = await self.writer.create(self.examples(name)[0])
                assert answer.status_code == 201, (name, answer.text)
                self.ids[name] = answer.json()["id"]
                waiting.remove(name)


def _refers_to(tree: Any) -> set[str]:
    if isinstance(tree, dict):
        named = tree.get("reference")
        own = {named.split("/")[0]} if isinstance(named, str) and named.endswith("/minimal") else set()
        return own.union(*(_refers_to(value) for value in tree.values()))
    return set().union(*(_refers_to(value) for value in tree)) if isinstance(tree, list) else set()


@dataclass
class Made:
    """A resource that the network has: as it was sent, as it was answered, and the tag that is on it alone."""

    sent: Tree
    tree: Tree
    tag: str
    answer: httpx.Response

    @property
    def id(self) -> str:
        return str(self.tree["id"])

    @property
    def etag(self) -> str:
        return self.answer.headers["ETag"]


@dataclass
class Subject:
    """One type under test."""

    bench: Bench
    served: ResourceType

    @property
    def name(self) -> str:
        return self.served.name

    @property
    def written(self) -> bool:
        return "create" in self.served.interactions

    @property
    def system(self) -> System:
        """Who may ask for it: what nobody writes is told to the network's own systems alone."""
        return self.bench.writer if self.written else self.bench.own

    @property
    def http(self) -> httpx.AsyncClient:
        return self.system.http

    @property
    def plot(self) -> Plot:
        return Plot(self.served, self.bench.examples(self.name), self._refer_to)

    def _refer_to(self, name: str) -> str | None:
        return f"{name}/{self.bench.ids[name]}" if name in self.bench.ids else None

    def fresh(self, tree: Tree | None = None) -> tuple[Tree, str]:
        """A resource to send, with a tag of its own."""
        tag = secrets.token_hex(8)
        tree = json.loads(dump(tree if tree is not None else self.bench.examples(self.name)[0]))
        meta = tree.get("meta", {})
        return {**tree, "meta": {**meta, "tag": [*meta.get("tag", ()), {"system": TAG, "code": tag}]}}, tag

    async def make(self, tree: Tree | None = None) -> Made:
        """Sends it; of a type that nobody writes, takes one that is there."""
        if not self.written:
            return await self._found()
        sent, tag = self.fresh(tree)
        answer = await self.system.create(sent)
        assert answer.status_code == 201, (self.name, answer.text)
        return Made(sent, answer.json(), tag, answer)

    async def _found(self) -> Made:
        first = max(await self.system.search(f"{self.name}?_count=50"), key=lambda tree: len(str(tree)))
        answer = await self.get(first["id"])
        return Made(first, answer.json(), "", answer)

    async def get(self, rest: str = "", **headers: str) -> httpx.Response:
        return await self.http.get(self.at(rest), headers=headers)

    def at(self, rest: str = "") -> str:
        joined = rest if rest.startswith("?") or not rest else f"/{rest}"
        return f"/fhir/{self.name}{joined}"

    async def put(self, made: Made, tree: Tree, **headers: str) -> httpx.Response:
        return await self.http.put(self.at(made.id), json=tree, headers={"Content-Type": FHIR_JSON, **headers})

    async def patch(self, rest: str, operations: list[Tree], **headers: str) -> httpx.Response:
        return await self.http.patch(self.at(rest), json=operations, headers={"Content-Type": PATCH_JSON, **headers})

    async def found(self, query: str, **headers: str) -> list[Tree]:
        """The matches of a search."""
        answer = await self.get(f"?{query}", **headers)
        assert answer.status_code == 200, (self.name, query, answer.text)
        entries = answer.json().get("entry", ())
        return [entry["resource"] for entry in entries if entry["search"]["mode"] == "match"]

    async def is_hidden(self, made: Made, method: str = "GET", rest: str = "", **sent: Any) -> None:
        """To the outsider it answers as what is not there, to the byte."""
        outsider = self.bench.outsider.http
        hidden = await outsider.request(method, self.at(made.id + rest), **sent)
        missing = await outsider.request(method, self.at("0198c0de-0000-7000-8000-00000000dead" + rest), **sent)
        assert hidden.status_code == 404, (self.name, hidden.text)
        assert without_number(hidden) == without_number(missing)


def changed(tree: Tree, language: str = "de") -> Tree:
    """The same resource but for something that every type has and no rule is about."""
    return {**tree, "language": language}


def apart_from_meta(tree: Tree) -> Tree:
    return {name: value for name, value in tree.items() if name not in ("id", "meta")}
