"""How PostgreSQL answers the hot queries among 50,000 Tasks, in transactions as the product opens them: kinds of nodes
and names of indexes.

Who asks: the network, which takes part in everything; a clinic, which sees a quarter; a pantry, which sees a tenth.
"""

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.log import configure
from app.services.caller import Caller
from app.services.network import Network
from app.services.write import write
from app.services.writing import new
from bench import bodies
from bench.cases import request
from bench.copies import connected
from bench.recording import Seen, seen
from bench.world import World, client_of, grow, make_world, network_on
from tests.conftest import Database

GOLDEN = Path(__file__).parent / "golden"
TASKS = 50_000
MEMBERS = "SELECT name, organization FROM member ORDER BY name"
SOME_BODIES = """
SELECT r.fhir_id, v.version, v.last_updated, v.body FROM resource r JOIN version v ON v.resource = r.id
WHERE r.type = 'Task' ORDER BY md5(r.fhir_id), v.version LIMIT 500
"""
# what the town has none of: an empty table is read whole, whatever indexes it has
BESIDE = """
INSERT INTO connection (id, name, fhir_base, member)
SELECT gen_random_uuid(), concat('EHR ', n), concat('https://ehr-', n, '.example/fhir'), m.organization
FROM generate_series(1, 1000) n CROSS JOIN (SELECT organization FROM member LIMIT 1) m;
INSERT INTO origin (connection, type, remote_id, local)
SELECT c.id, p.type, p.fhir_id, p.id FROM (SELECT id FROM connection LIMIT 1) c
CROSS JOIN (SELECT type, fhir_id, id FROM resource WHERE type = 'Patient' LIMIT 5000) p;
INSERT INTO index_quantity (resource, param, position, least, low, high, most, system, code, unit)
SELECT resource, param, position, 1, 1, 1, 1, '', '', '' FROM index_token LIMIT 5000
"""
# who asks is found by a token, how far a poll may look by PostgreSQL's own lists, who is a member among members: not
# among 50,000 of anything
ELSEWHERE = ("access_token", "pg_stat_activity", "FROM member WHERE kind")
EXPLAIN = "EXPLAIN (FORMAT JSON, COSTS OFF) "


@dataclass(frozen=True)
class Town:
    """Tokens by who asks; their Organizations; `task`, `patient` and `focus` are one waiting referral's; `free` are
    Locations of the clinic that nobody refers to."""

    network: Network
    world: World
    tokens: dict[str, str]
    organizations: dict[str, UUID]
    free: list[str]

    @property
    def task(self) -> str:
        return self.world.inbox[-7][0]

    @property
    def patient(self) -> str:
        return self.world.inbox[-7][1]

    @property
    def focus(self) -> str:
        return self.world.inbox[-7][2]

    def get(self, who: str, address: str) -> bytes:
        return request(self.tokens[who], "GET", f"/fhir/{address}")

    def inbox(self, who: str, more: str = "") -> bytes:
        return self.get(who, f"Task?owner=Organization/{self.organizations[who]}&status=requested{more}")

    def requested_by(self, who: str, more: str) -> bytes:
        return self.get(who, f"Task?requester=Organization/{self.organizations[who]}&{more}")


def conditional_create(town: Town) -> bytes:
    name = f"P-{town.patient}"
    header = {"If-None-Exist": f"identifier={bodies.MRN}|{name}"}
    return request(town.tokens["clinic"], "POST", "/fhir/Patient", bodies.patient(name), header)


def new_create(town: Town) -> bytes:
    name = str(uuid4())
    header = {"If-None-Exist": f"identifier={bodies.MRN}|{name}"}
    return request(town.tokens["clinic"], "POST", "/fhir/Patient", bodies.patient(name), header)


def a_delete(town: Town) -> bytes:
    return request(town.tokens["clinic"], "DELETE", f"/fhir/Location/{town.free.pop()}")


HOT: dict[str, Callable[[Town], bytes]] = {
    "read": lambda town: town.get("clinic", f"Task/{town.task}"),
    "history": lambda town: town.get("clinic", f"Task/{town.task}/_history"),
    "inbox of a pantry": lambda town: town.inbox("pantry"),
    "inbox of the network": lambda town: town.inbox("network"),
    "inbox with includes": lambda town: town.inbox("pantry", "&_include=Task:patient&_include=Task:focus"),
    "poll by requester": lambda town: town.requested_by("clinic", f"_lastUpdated=gt{town.world.recently}"),
    "poll of a clinic": lambda town: town.get("clinic", f"Task?_lastUpdated=gt{town.world.recently}"),
    "poll of the network": lambda town: town.get("network", f"Task?_lastUpdated=gt{town.world.recently}"),
    "requester and status": lambda town: town.requested_by("clinic", "status=completed"),
    "patient": lambda town: town.get("network", f"Task?patient=Patient/{town.patient}"),
    "focus": lambda town: town.get("network", f"Task?focus=ServiceRequest/{town.focus}"),
    "identifier": lambda town: town.get("network", f"Task?identifier={bodies.REFERRALS}%7CR-{town.task}"),
    "chained by identifier": lambda town: town.get(
        "network", f"Task?patient.identifier={bodies.MRN}%7CP-{town.patient}"
    ),
    "reverse chained by identifier": lambda town: town.get(
        "network", f"Patient?_has:Task:patient:identifier={bodies.REFERRALS}%7CR-{town.task}"
    ),
    "conditional create that finds": conditional_create,
    "conditional create": new_create,
    "delete": a_delete,
}


@pytest.fixture(scope="module")
async def town(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    configure("error")
    async with network_on(module_database.app_dsn, tmp_path_factory.mktemp("town")) as network:
        world = await make_world(network, module_database.superuser_dsn, inbox=2_000, changing=100)
        await grow(module_database.superuser_dsn, world, TASKS)
        async with connected(module_database.superuser_dsn) as superuser:
            await superuser.execute(BESIDE)
            await superuser.execute("ANALYZE")
            named = {row["name"]: row["organization"] for row in await superuser.fetch(MEMBERS)}
        members = {
            "network": named["Benchmark Network"],
            "clinic": named["Benchmark Clinic 0"],
            "pantry": named["Benchmark Pantry 9"],
        }
        systems = {who: await client_of(network, (member,)) for who, member in members.items()}
        free = [await _free(network, systems["clinic"][0]) for _ in range(3)]
        tokens = {who: token for who, (_, token) in systems.items()}
        yield Town(network, world, tokens, members, free)


async def _free(network: Network, clinic: Caller) -> str:
    place = new(network, {"resourceType": "Location", "name": "A room"})
    await write(network, clinic, [place])
    return place.fhir_id


@pytest.mark.golden
@pytest.mark.parametrize("name", HOT)
async def test_a_hot_query_is_answered_by_the_indexes_of_its_golden_plan(town: Town, name: str) -> None:
    await seen(town.network, HOT[name](town))  # what is looked up once is not part of a request
    ran = await seen(town.network, HOT[name](town))
    plans = [await _explained(town.network, each) for each in ran if not any(word in each.text for word in ELSEWHERE)]
    plan = "\n\n".join(plans) + "\n"
    file = GOLDEN / f"{name.replace(' ', '-')}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(plan, encoding="utf-8")
    assert plan == file.read_text(encoding="utf-8")


async def test_each_of_the_copied_tasks_says_who_it_is_and_since_when(town: Town) -> None:
    (row,) = await town.network.store.pool.fetch("SELECT count(*) AS tasks FROM index_task")
    assert TASKS - 10 <= row["tasks"] <= TASKS
    everybody = list(town.organizations.values())
    async with town.network.store.unit(everybody) as unit:
        some = await unit.conn.fetch(SOME_BODIES)
    assert len(some) == 500
    for row in some:
        tree = json.loads(row["body"])
        assert (tree["id"], tree["meta"]["versionId"]) == (row["fhir_id"], str(row["version"]))
        assert datetime.fromisoformat(tree["meta"]["lastUpdated"]) == row["last_updated"]


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.txt")), ids=lambda file: file.stem)
def test_no_hot_query_reads_a_whole_table(file: Path) -> None:
    assert "Seq Scan" not in file.read_text(encoding="utf-8")


async def _explained(network: Network, statement: Seen) -> str:
    """The plan as the unit that ran it gets it: a search's for its values, the others' for any."""
    members = statement.arguments[0] if statement.arguments and isinstance(statement.arguments[0], list) else ()
    async with network.store.unit(members, write=statement.write, searching=statement.searching) as unit:
        if statement.searching:
            text = await unit.conn.fetchval(EXPLAIN + statement.text, *statement.arguments)
        else:
            await unit.conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            await unit.conn.execute("PREPARE hot AS " + statement.text)
            nothing = ", ".join(["NULL"] * len(statement.arguments))
            text = await unit.conn.fetchval(EXPLAIN + "EXECUTE hot" + (f"({nothing})" if nothing else ""))
            await unit.conn.execute("DEALLOCATE hot")
    return "\n".join(_lines(json.loads(text)[0]["Plan"]))


def _lines(node: dict[str, Any], depth: int = 0) -> Iterator[str]:
    yield "  " * depth + " ".join(filter(None, (node["Node Type"], node.get("Index Name"))))
    for child in node.get("Plans", ()):
        yield from _lines(child, depth + 1)
