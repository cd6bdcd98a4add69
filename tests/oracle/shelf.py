"""Puts random resources on a real server, asks it, and takes them out of sight again.

The server runs in a loop of its own, in another thread: hypothesis calls functions, not coroutines.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
from anyio.from_thread import BlockingPortal

from tests.oracle.building import body, resource
from tests.oracle.datatypes import Made
from tests.oracle.definitions import Json, exact, interactions
from tests.oracle.oracle import Oracle, Pairs, name_of
from tests.world import FHIR_JSON, System, World

# what the server alone writes, or what is installed, nobody can put on the shelf
KINDS = tuple(name for name, can in interactions().items() if "create" in can)
# what most others refer to
COMMON = ("Patient", "Organization")
HEADERS = {"Content-Type": FHIR_JSON, "Prefer": "return=representation"}
HIDE = "UPDATE participation SET until = now() WHERE resource = ANY($1::uuid[])"


@dataclass
class Draft:
    """A resource on its way: `name` is a urn until the server has given it an id."""

    kind: str
    name: str
    tree: Json


@dataclass
class Shelf:
    """One system's resources on the server; `everybody` is what was there before and is seen by all."""

    portal: BlockingPortal
    world: World
    system: System
    everybody: list[Json] = field(default_factory=list)
    shown: list[UUID] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"{self.world.address}/fhir"

    def open(self) -> None:
        self.everybody = self.portal.call(self.system.search, "Organization?_count=500")[::-1]

    def fill(self, kind: str, chance: Random) -> Oracle:
        """Some resources of one type and some others, and the oracle that knows them."""
        wanted = [*COMMON, *chance.sample(KINDS, 2), *[kind] * chance.randint(2, 4)]
        drafts = [Draft(each, f"urn:uuid:{uuid4()}", {}) for each in wanted]
        for draft in drafts:
            draft.tree = resource(draft.kind, _names(drafts), chance)
        stored = self.store(drafts)
        for place in chance.sample(range(len(drafts)), chance.randint(0, 2)):
            if "update" in interactions()[drafts[place].kind]:
                stored[place] = self._change(drafts[place], _names(drafts, self.base), chance)
        if chance.random() < 0.2:
            self._delete(stored, chance.randrange(len(stored)))
        return Oracle(self.base, [*self.everybody, *stored])

    def hide(self) -> None:
        """Ends everybody's part in what was stored."""
        self.portal.call(self.world.rows, HIDE, self.shown)
        self.shown.clear()

    def find(self, type_name: str, pairs: Pairs, count: int = 0) -> tuple[list[str], set[str]]:
        """(names of the matches of all pages in order, names of what comes along with them); `count` is the size
        of a page."""
        matches: list[str] = []
        along: set[str] = set()
        totals: set[int] = set()
        asked = httpx.QueryParams([*pairs, *([("_count", str(count))] if count else [])])
        address = f"{self.base}/{type_name}?{asked}"
        while address:
            answer = self.portal.call(self.system.http.get, address)
            assert answer.status_code == 200, (type_name, pairs, answer.text)
            bundle = answer.json()
            page: dict[str, list[str]] = {"match": [], "include": []}
            for entry in bundle.get("entry", ()):
                page[entry["search"]["mode"]].append(name_of(entry["resource"]))
            assert len({*page["match"], *page["include"]}) == len(bundle.get("entry", ())), "each comes once on a page"
            matches += page["match"]
            totals |= {bundle["total"]} if "total" in bundle else set()
            along |= set(page["include"])
            address = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
        assert totals <= {len(matches)}, (type_name, pairs, totals, len(matches))
        return matches, along - set(matches)

    def _delete(self, stored: list[Json], place: int) -> None:
        """What others refer to stays."""
        others = json.dumps([*stored[:place], *stored[place + 1 :]], default=str)
        gone = stored[place]
        if "delete" in interactions()[gone["resourceType"]] and gone["id"] not in others:
            self._send("DELETE", f"/{name_of(stored.pop(place))}", "", 204)

    def _send(self, method: str, address: str, content: str, status: int = 200) -> Json:
        def send() -> Any:
            return self.system.http.request(method, f"/fhir{address}", content=content, headers=HEADERS)

        answer = self.portal.call(send)
        assert answer.status_code == status, (answer.text, content)
        return exact(answer.text or "{}")

    def store(self, drafts: Sequence[Draft]) -> list[Json]:
        """One transaction; drafts get their real names."""
        entries = [
            f'{{"fullUrl":"{each.name}","resource":{body(each.tree)},"request":{{"method":"POST","url":"{each.kind}"}}}}'
            for each in drafts
        ]
        bundle = f'{{"resourceType":"Bundle","type":"transaction","entry":[{",".join(entries)}]}}'
        stored = [entry["resource"] for entry in self._send("POST", "", bundle)["entry"]]
        self.shown += [UUID(tree["id"]) for tree in stored]
        texts = {draft.name: name_of(tree) for draft, tree in zip(drafts, stored, strict=True)}
        for draft in drafts:
            text = json.dumps(draft.tree)
            for urn, name in texts.items():
                text = text.replace(urn, name)
            draft.name, draft.tree = texts[draft.name], json.loads(text)
        return stored

    def _change(self, draft: Draft, made: Made, chance: Random) -> Json:
        """Another version of what is stored; the server's answer is what it keeps."""
        changed = resource(draft.kind, made, chance, before=draft.tree)
        changed["id"] = draft.name.split("/")[1]
        return self._send("PUT", f"/{draft.name}", body(changed))


def _names(drafts: Sequence[Draft], base: str = "") -> Made:
    """What there is to refer to; with `base`, also by absolute addresses and by version."""
    found: dict[str, tuple[str, ...]] = {}
    for each in drafts:
        forms = (each.name, f"{base}/{each.name}", f"{each.name}/_history/1") if base else (each.name,)
        found[each.kind] = (*found.get(each.kind, ()), *forms)
    return Made(found)


def settled(find: Callable[[], Any], expected: Any) -> Any:
    """The answer, once it is the expected one: a search by stamps stops at the oldest writer still running."""
    for _ in range(40):
        found = find()
        if found == expected:
            break
        time.sleep(0.05)
    return found
