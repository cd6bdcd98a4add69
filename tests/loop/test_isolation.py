"""Nobody sees what is not theirs: random referrals, read in every way, held against an oracle that knows no code of ours.

`SOAK=1` makes it long. *Source*: security sheet SCO-10..SCO-19, TEN-03..TEN-05.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.builders import refer, reference, resource
from tests.conftest import Database
from tests.town import Town
from tests.world import System

SOAK = bool(os.environ.get("SOAK"))
ROUNDS = 80 if SOAK else 12
NEVER_SHARED = {"Task", "ServiceRequest"}
TYPES = ("Task", "ServiceRequest", "Patient", "Condition", "Consent", "Organization", "Procedure")


@dataclass
class Oracle:
    """Who wrote what, and to whom it was passed: told by the test as it acts, never read from the database."""

    author: dict[str, str] = field(default_factory=dict)
    # part (a child Task) -> (organization, what it brought)
    parts: dict[str, tuple[str, set[str]]] = field(default_factory=dict)
    returned: set[tuple[str, str]] = field(default_factory=set)
    everybody: set[str] = field(default_factory=set)

    def visible(self, who: str, what: str) -> bool:
        return (
            what in self.everybody
            or self.author.get(what) == who
            or (who, what) in self.returned
            or any(target == who and what in brought for target, brought in self.parts.values())
        )

    def everything(self) -> set[str]:
        brought = {what for _, brought in self.parts.values() for what in brought}
        return {*self.author, *self.everybody, *brought, *(what for _, what in self.returned)}


@dataclass
class Crowd:
    """Two clinics, two CBOs, their systems, and what the oracle was told."""

    town: Town
    systems: dict[str, System]
    members: dict[str, UUID]
    oracle: Oracle
    sent: list[tuple[str, str, Any, str]] = field(default_factory=list)


@pytest.fixture
async def crowd(empty_town: Town) -> Crowd:
    town = empty_town
    second = await town.world.member("source")
    members = {"clinic": town.clinic, "second": second, "pantry": town.pantry, "shelter": town.shelter}
    systems = {
        "clinic": town.ehr,
        "second": await town.world.system(second),
        "pantry": town.cbo,
        "shelter": town.other_cbo,
    }
    everybody = {f"Organization/{each}" for each in (*members.values(), town.platform)}
    return Crowd(town, systems, members, Oracle(everybody=everybody))


async def send_one(crowd: Crowd, chance: random.Random) -> None:
    """A referral of a new person or one who was referred before, to a CBO or (no Consent) to nobody yet."""
    sender, target = chance.choice(("clinic", "second")), chance.choice(("pantry", "shelter", "nobody"))
    known = [sent.ref("Patient") for who, _, sent, _ in crowd.sent if who == sender]
    person = chance.choice(known) if known and chance.random() < 0.4 else ""
    to = crowd.members.get(target)
    sent = await refer(crowd.town.world, crowd.systems[sender], to, person=person)
    own = {f"{type_name}/{id}" for type_name, id in sent.ids.items()}
    for what in own:
        crowd.oracle.author[what] = sender
    part = ""
    if to is not None:
        (row,) = await crowd.town.world.rows(
            "SELECT c.task, c.filler_order FROM child_task c JOIN referral f ON f.id = c.referral WHERE f.source_task = $1::uuid",
            sent.ids["Task"],
        )
        part = f"Task/{row['task']}"
        brought = {what for what in own if what.split("/")[0] not in NEVER_SHARED}
        crowd.oracle.parts[part] = (target, brought | {part, f"ServiceRequest/{row['filler_order']}"})
    crowd.sent.append((sender, target, sent, part))


async def withdraw_one(crowd: Crowd, chance: random.Random) -> None:
    """The sender takes its Consent back: what hung on it alone is closed."""
    open_ones = [each for each in crowd.sent if each[3] in crowd.oracle.parts]
    if open_ones:
        _, _, sent, part = chance.choice(open_ones)
        answer = await sent.change("Consent", status="inactive")
        assert answer.status_code == 200, answer.text
        del crowd.oracle.parts[part]


async def complete_one(crowd: Crowd, chance: random.Random) -> None:
    """The CBO does the work: its Procedure and our order come back to the sender."""
    open_ones = [each for each in crowd.sent if each[3] in crowd.oracle.parts]
    if not open_ones:
        return
    sender, target, _sent, part = chance.choice(open_ones)
    system = crowd.systems[target]
    task = (await system.get(part)).json()
    if task["status"] != "requested":
        return
    done = (await system.create(resource("Procedure", subject=task["for"]))).json()["id"]
    crowd.oracle.author[f"Procedure/{done}"] = target
    for status in ("accepted", "completed"):
        task = {**task, "status": status}
        if status == "completed":
            output = {"type": {"text": "done"}, "valueReference": reference(f"Procedure/{done}")}
            # naming what another wrote gives it to nobody
            named = {"type": {"text": "about"}, "valueReference": task["for"]}
            task["output"] = [output, named]
        answer = await system.update(task)
        assert answer.status_code == 200, answer.text
        task = answer.json()
    await crowd.town.world.settled()
    crowd.oracle.returned |= {(sender, f"Procedure/{done}"), (sender, task["focus"]["reference"])}


def resources_in(body: Any) -> Iterator[dict[str, Any]]:
    if body.get("resourceType") == "Bundle":
        for entry in body.get("entry", ()):
            yield from resources_in(entry["resource"])
    elif body.get("resourceType") != "OperationOutcome":
        yield body


def questions(oracle: Oracle, chance: random.Random) -> list[str]:
    """Searches, chains, includes of everything; ids of anything."""
    anything = sorted(oracle.everything())
    some = chance.sample(anything, min(4, len(anything)))
    people = [what for what in anything if what.startswith("Patient/")]
    one = chance.choice(people) if people else "Patient/x"
    return [
        *(f"{type_name}?_count=500" for type_name in TYPES),
        "Task?_include=Task:focus&_include=Task:output",
        f"Task?patient={one}&_include=Task:focus",
        f"Task?patient={one.split('/')[1]}",
        "Task?patient:missing=false&_include=Task:output&_total=accurate",
        "Task?patient.name=person",
        "Task?owner.name=target",
        "Condition?patient.name=person",
        f"ServiceRequest?patient={one}",
        "Task?_lastUpdated=gt2020&_count=2",
        *(f"{what.split('/')[0]}?_id={what.split('/')[1]}" for what in some),
    ]


async def look_around(crowd: Crowd, who: str, chance: random.Random) -> int:
    """Asks as `who`; every resource in every answer must be one that the oracle shows, each direct read its verdict."""
    system, oracle, seen = crowd.systems[who], crowd.oracle, 0
    asked = questions(oracle, chance)
    for question in asked if SOAK else chance.sample(asked, 8):
        address: str = f"{crowd.town.world.address}/fhir/{question}"
        while address:
            answer = await system.http.get(address)
            assert answer.status_code == 200, answer.text
            body = answer.json()
            for tree in resources_in(body):
                what = f"{tree['resourceType']}/{tree['id']}"
                assert oracle.visible(who, what), (who, question, what)
                seen += 1
            if "total" in body:
                assert body["total"] == len(
                    [each for each in body.get("entry", ()) if each["search"]["mode"] == "match"]
                )
            address = next((link["url"] for link in body["link"] if link["relation"] == "next"), "")
    for what in chance.sample(sorted(oracle.everything()), min(12, len(oracle.everything()))):
        expected = {200} if oracle.visible(who, what) else {404}
        assert {(await system.get(what)).status_code} == expected, (who, what)
        if expected == {404}:
            assert (await system.get(f"{what}/_history/1")).status_code == 404
    return seen


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10 if SOAK else 1))
async def test_every_answer_holds_only_what_the_oracle_shows(crowd: Crowd, seed: int) -> None:
    """SCO-19: small in `make test`, large with SOAK=1."""
    chance, seen = random.Random(seed), 0
    for _ in range(ROUNDS):
        await chance.choice((send_one, send_one, withdraw_one, complete_one))(crowd, chance)
        seen += await look_around(crowd, chance.choice(sorted(crowd.systems)), chance)
    await crowd.town.world.settled()
    for who in crowd.systems:
        seen += await look_around(crowd, who, chance)
    # and the other way round: what the oracle shows is found
    for who, system in crowd.systems.items():
        found = {
            f"{type_name}/{tree['id']}"
            for type_name in TYPES
            for tree in await system.search(f"{type_name}?_count=500")
        }
        assert found == {what for what in crowd.oracle.everything() if crowd.oracle.visible(who, what)}
    assert seen > 100


# the second lock


async def test_without_a_context_the_database_shows_nothing(empty_town: Town, database: Database) -> None:
    await refer(empty_town.world, empty_town.ehr, empty_town.pantry)
    connection = await asyncpg.connect(database.app_dsn)
    try:
        for table in ("resource", "version", "participation"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608
            async with connection.transaction():
                await connection.execute("SELECT set_config('baton.members', $1, true)", "{" + str(uuid4()) + "}")
                assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608
            async with connection.transaction():
                await connection.execute(
                    "SELECT set_config('baton.members', $1, true)", "{" + str(empty_town.pantry) + "}"
                )
                assert await connection.fetchval(f"SELECT count(*) FROM {table}") > 3, table  # noqa: S608
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE version SET body = ''", "UPDATE audit_other SET outcome = 'x'", "DELETE FROM event_other", "DELETE FROM version", "UPDATE audit SET outcome = 'done'", "DELETE FROM audit",
     "UPDATE event SET kind = 'x'", "DELETE FROM event", "TRUNCATE resource CASCADE", "TRUNCATE audit", "DELETE FROM resource",
     "ALTER TABLE resource DISABLE ROW LEVEL SECURITY", "DROP TABLE version", "CREATE TABLE mine (a int)",
     "SET ROLE baton_owner", "DELETE FROM participation", "UPDATE participation SET member = resource"],
)  # fmt: skip
async def test_the_role_of_the_application_cannot(database: Database, statement: str) -> None:
    """TEN-03, TEN-05: history, audit and events are written once."""
    connection = await asyncpg.connect(database.app_dsn)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_role_of_the_application_owns_nothing(database: Database) -> None:
    connection = await asyncpg.connect(database.app_dsn)
    try:
        row = await connection.fetchrow(
            "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        assert not any(row.values())
        owned = "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
        assert await connection.fetchval(owned) == 0
        open_tables = """SELECT relname FROM pg_class WHERE relname IN ('resource', 'version', 'participation')
            AND NOT (relrowsecurity AND relforcerowsecurity)"""
        assert await connection.fetch(open_tables) == []
    finally:
        await connection.close()
