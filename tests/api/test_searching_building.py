"""Parameters whose rows are still being made: refused, then answering without a restart; what writers do meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from app.services.network import Network
from app.services.rebuild_index import build_batch
from app.worker.search_index import build_search_index
from tests.api.answers import refused
from tests.api.verbs import delete
from tests.builders import resource
from tests.conftest import Database
from tests.town import a_town
from tests.world import System, World, running

STORED = 120
STATES = {"building": "building", "renewing": "renewing", "refolding": "renewing"}
FROM_THE_BEGINNING = UUID(int=0), ["ServiceRequest", "Task"]


class Upgraded:
    """A network that has just been started with something to build, and a system that asks it."""

    def __init__(self, world: World, system: System, ids: list[str]) -> None:
        self.world = world
        self.system = system
        self.ids = ids

    async def build(self) -> int:
        """How many batches there were."""
        batches = 0
        while await build_batch(self.world.network):
            batches += 1
        return batches

    async def total(self, query: str) -> int:
        answer = await self.system.get(f"Location?{query}&_count=0")
        assert answer.status_code == 200, answer.text
        total: int = answer.json()["total"]
        return total


@pytest.fixture
async def upgraded(
    database: Database, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Upgraded]:
    """Locations that were stored before `name` came (`building`), or before the rows of `identifier` (`renewing`) or of
    `name` (`refolding`) were what they are now; the worker beside the server rests, each test builds for itself."""
    monkeypatch.setattr("app.worker.search_index.build_batch", _rests)
    state = request.param
    async with a_town(database, tmp_path) as town:
        clinic = town.clinic
        for start in range(0, STORED, 60):
            saint = "St.  " if state == "refolding" else ""
            entries = [_entry(f"{saint}Before {number}") for number in range(start, start + 60)]
            assert (await town.ehr.bundle("transaction", entries)).status_code == 200
        rows = await town.world.rows("SELECT fhir_id FROM resource WHERE type = 'Location' ORDER BY id")
    owner = await asyncpg.connect(database.owner_dsn)
    code = "identifier" if state == "renewing" else "name"
    await owner.execute(
        "UPDATE search_parameter SET state = $2 WHERE type = 'Location' AND code = $1", code, STATES[state]
    )
    await owner.execute("INSERT INTO index_build VALUES ('Location', $1, 0, 0)", UUID(int=0))
    if state == "building":
        await owner.execute("DELETE FROM index_string")
    if state == "refolding":
        await owner.execute("UPDATE index_string SET folded = replace(lower(exact), '  ', ' ')")
    await owner.close()
    async with running(database.app_dsn, tmp_path) as world:
        yield Upgraded(world, await world.system(clinic), [row["fhir_id"] for row in rows])


async def _rests(_: Network) -> bool:
    return False


def _entry(name: str) -> dict[str, object]:
    return {"resource": resource("Location", name=name), "request": {"method": "POST", "url": "Location"}}


@pytest.mark.parametrize("upgraded", ["building"], indirect=True)
async def test_it_is_refused_until_it_is_built_and_answers_then(upgraded: Upgraded) -> None:
    for query in ("name=before", "name:missing=true", "_sort=-name"):
        refused(await upgraded.system.get(f"Location?{query}"), 400, "not-supported", rule="search-building")
    assert "name" not in await _listed(upgraded)
    # what is written meanwhile has its rows already
    assert (await upgraded.system.create(resource("Location", name="Before all"))).status_code == 201
    assert await upgraded.build() == 4
    await asyncio.sleep(1.1)
    assert await upgraded.total("name=before") == STORED + 1
    assert "name" in await _listed(upgraded)
    assert await upgraded.build() == 0


@pytest.mark.parametrize("upgraded", ["building"], indirect=True)
async def test_nothing_is_deleted_before_it_is_known_what_requests_name(upgraded: Upgraded, database: Database) -> None:
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("UPDATE search_parameter SET state = 'building' WHERE code = 'unsearched'")
    await owner.execute(
        "INSERT INTO index_build SELECT type, $1, 0, 0 FROM unnest($2::text[]) type", *FROM_THE_BEGINNING
    )
    await owner.close()
    refused(await delete(upgraded.system, f"Location/{upgraded.ids[0]}"), 503, "transient", rule="delete-building")
    await upgraded.build()
    assert (await delete(upgraded.system, f"Location/{upgraded.ids[0]}")).status_code == 204


@pytest.mark.parametrize("upgraded", ["renewing"], indirect=True)
async def test_what_an_earlier_release_kept_answers_while_the_rest_is_made(upgraded: Upgraded) -> None:
    assert await upgraded.total("identifier:missing=true") == STORED
    refused(
        await upgraded.system.get("Location?identifier:of-type=a|b|c"), 400, "not-supported", rule="search-building"
    )
    await upgraded.build()
    await asyncio.sleep(1.1)
    assert await upgraded.total("identifier:of-type=a|b|c") == 0


@pytest.mark.parametrize("upgraded", ["refolding"], indirect=True)
async def test_names_are_found_as_before_until_their_rows_are_as_they_are_now(upgraded: Upgraded) -> None:
    as_before = ("name=st. before", "name=ST.  Before", "name:contains=t. bef", "name=before,st. before")
    assert [await upgraded.total(query) for query in as_before] == [STORED] * 4
    assert await upgraded.total("name=st before") == 0
    # what is written meanwhile is found in both ways
    assert (await upgraded.system.create(resource("Location", name="St. Before all"))).status_code == 201
    assert (await upgraded.total("name=st. before"), await upgraded.total("name=st before")) == (STORED + 1, 1)
    await upgraded.build()
    await asyncio.sleep(1.1)
    assert [await upgraded.total(query) for query in (*as_before, "name=st before")] == [STORED + 1] * 5


@pytest.mark.parametrize("upgraded", ["building"], indirect=True)
async def test_a_change_during_the_building_loses_no_row(upgraded: Upgraded, database: Database) -> None:
    """The batch waits for a writer, and reads what that writer has stored."""
    writer = await asyncpg.connect(database.superuser_dsn)
    change = writer.transaction()
    await change.start()
    key = await writer.fetchval("SELECT id FROM resource WHERE fhir_id = $1", upgraded.ids[7])
    await writer.execute("UPDATE resource SET version = 2, last_updated = now() WHERE id = $1", key)
    await writer.execute(
        """INSERT INTO version SELECT resource, 2, now(), pg_current_xact_id(), 'update', author,
        convert_to(replace(convert_from(body, 'UTF8'), 'Before', 'After'), 'UTF8') FROM version WHERE resource = $1""",
        key,
    )
    building = asyncio.create_task(upgraded.build())
    await asyncio.sleep(0.5)
    assert not building.done()
    await change.commit()
    await writer.close()
    await building
    await asyncio.sleep(1.1)
    assert (await upgraded.total("name=after"), await upgraded.total("name=before")) == (1, STORED - 1)


@pytest.mark.parametrize("upgraded", ["building"], indirect=True)
async def test_two_workers_build_each_resource_once(upgraded: Upgraded) -> None:
    at_once = await asyncio.gather(upgraded.build(), upgraded.build())
    # whoever found the type taken has stopped asking
    assert sum(at_once) + await upgraded.build() == 4
    await asyncio.sleep(1.1)
    assert await upgraded.total("name=before") == STORED


@pytest.mark.parametrize("upgraded", ["building"], indirect=True)
async def test_an_older_program_leaves_alone_what_it_does_not_know(upgraded: Upgraded, database: Database) -> None:
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("INSERT INTO search_parameter VALUES (30000, 'Location', 'of-the-future', 'building')")
    await owner.close()
    assert await upgraded.build() == 0
    refused(await upgraded.system.get("Location?name=before"), 400, "not-supported", rule="search-building")


async def _listed(upgraded: Upgraded) -> list[str]:
    tree = (await upgraded.system.get("metadata")).json()
    (location,) = (each for each in tree["rest"][0]["resource"] if each["type"] == "Location")
    return [each["name"] for each in location["searchParam"]]


@pytest.mark.parametrize("upgraded", ["building"], indirect=True)
async def test_the_builder_outlives_a_database_that_is_away(
    upgraded: Upgraded, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, stop, asked = upgraded.world.network, asyncio.Event(), 0

    async def away(_: Network) -> None:
        nonlocal asked
        asked += 1
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr("app.worker.search_index.WAITS_S", 0.01)
        patch.setattr(Network, "asking_by_now", away)
        builder = asyncio.create_task(build_search_index(network, stop))
        async with asyncio.timeout(10):
            while asked < 3 and not builder.done():
                await asyncio.sleep(0.01)
        assert not builder.done()
        stop.set()
        await builder
