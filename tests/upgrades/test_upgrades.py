"""A data folder from the end of every earlier release still starts, nothing in it is lost, and what had begun goes on."""

import asyncio
import gzip
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import asyncpg
import pytest

from app.fhir import json
from app.services.caller import Caller
from app.services.referrals.find import find
from app.services.referrals.pass_on import pass_on
from app.services.referrals.respond import respond
from app.services.referrals.views import inbox, open_referrals, story, waiting
from app.store import resources, search_parameters
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import MIGRATIONS
from app.wiring import bring_up_to_date
from tests.api.answers import refused
from tests.api.verbs import delete
from tests.builders import referral
from tests.clinician.charts import condition
from tests.launch.ehr import fake_ehr
from tests.loop.taking_ehr import DOCUMENT, Chart, TakingEhr
from tests.profiles.packing import SITE
from tests.town import Town, staff_of
from tests.upgrades.make import CALLER, HERE, SECRET_KEY, STRICTER
from tests.world import World, running

# the dump of each release -> how many of its referrals are open
DUMPS = {"one-referral": 2, "three-doors": 4, "whole-api": 4, "profiles": 4}
# what releases have run: a database that has it never runs it again -> the beginning of its SHA-256
FROZEN = {
    "sql/0001_the_loop.sql": "8128d8f841228f3c",
    "sql/0002_the_launch.sql": "d6221f1e26019933",
    "sql/0003_the_search.sql": "5aa7de911581d379",
    "sql/0004_the_interactions.sql": "bee7a801e8dfd592",
    "sql/0005_the_requesters_tasks.sql": "a357d3ec4727b9d2",
    "sql/0006_the_write_side.sql": "604c76086b574a21",
    "sql/0007_the_search_again.sql": "c037f993f7350b61",
    "sql/0008_the_definitions.sql": "ebddfe5f3a1cbba0",
    "sql/0009_the_concepts.sql": "8a0923f08db3d46f",
    "versions/0001_the_loop.py": "f5d2c8a6cd7da1c2",
    "versions/0002_the_launch.py": "98799f30b8585c47",
    "versions/0003_the_search.py": "779d0f0fb2a39eae",
    "versions/0004_the_interactions.py": "e57c72669503fc6f",
    "versions/0005_the_requesters_tasks.py": "b3b26cffb132913a",
    "versions/0006_the_write_side.py": "8b64c62952027776",
    "versions/0007_the_search_again.py": "cd8cec51d1a72972",
    "versions/0008_the_definitions.py": "b9555da7c10b210c",
    "versions/0009_the_concepts.py": "0b8b73cacd6dab65",
}

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def restored(cluster: EmbeddedPostgres, dump: str, folder: Path, more: str = "") -> AsyncIterator[World]:
    """A running network on the data of that release; `more`: statements about its data before it is brought up to
    date."""
    name = f"upgrade_{dump.replace('-', '_')}"
    postgres = await asyncpg.connect(cluster.dsn("postgres", "postgres"))
    try:
        await postgres.execute(" ".join(("CREATE DATABASE", name, "OWNER baton_owner")))
        # as the superuser: the dump gives its tables to the owner itself, as a restore by the operator does
        psql = [str(cluster.programs / "psql"), "-v", "ON_ERROR_STOP=1", "-q", cluster.dsn(name, "postgres")]
        rows = gzip.decompress((HERE / f"{dump}.sql.gz").read_bytes())
        subprocess.run(psql, input=rows + more.encode(), check=True, capture_output=True)
        await bring_up_to_date(cluster.dsn(name, "baton_owner"), "baton_app")
        async with running(cluster.dsn(name, "baton_app"), folder, secret_key=SECRET_KEY) as world:
            yield world
    finally:
        await postgres.execute(" ".join(("DROP DATABASE IF EXISTS", name, "WITH (FORCE)")))
        await postgres.close()


@pytest.fixture
async def town(cluster: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[Town]:
    async with town_of(cluster, "profiles", tmp_path) as newest:
        yield newest


@pytest.fixture
async def old_town(cluster: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[Town]:
    """Of the last release that kept fewer rows for searches."""
    async with town_of(cluster, "three-doors", tmp_path) as old:
        yield old


@asynccontextmanager
async def town_of(cluster: EmbeddedPostgres, dump: str, folder: Path) -> AsyncIterator[Town]:
    """The town of a dump, with new systems beside those that it had."""
    async with restored(cluster, dump, folder) as world:
        rows = await world.rows("SELECT organization FROM member ORDER BY organization")
        platform, clinic, pantry, shelter = (row["organization"] for row in rows)
        systems = [await world.system(member) for member in (clinic, pantry, shelter)]
        yield Town(world, platform, clinic, pantry, shelter, *systems)


@pytest.fixture
async def chart(town: Town) -> AsyncIterator[Chart]:
    """The clinic's EHR, which has moved to an address that is free here."""
    async with fake_ehr(TakingEhr) as ehr:
        made = Chart(town, ehr)
        made.taking.offers, ehr.chart["Condition/food"] = DOCUMENT, condition()
        (known,) = await town.world.rows("UPDATE connection SET fhir_base = $1 RETURNING client_id", ehr.base)
        assert known["client_id"] == ehr.client_id
        try:
            yield made
        finally:
            await made.close()


def test_there_is_a_dump_of_every_release() -> None:
    assert sorted(DUMPS) == sorted(file.name.removesuffix(".sql.gz") for file in HERE.glob("*.sql.gz"))


def test_what_a_release_has_run_is_never_changed() -> None:
    found = {name: sha256((MIGRATIONS / name).read_bytes()).hexdigest()[:16] for name in FROZEN}
    assert found == FROZEN, "write a new migration instead"


# until then the words that another package told of a code took the place of the code in its own system
TOLD_BY_ANOTHER = """
INSERT INTO public.package (name, version) VALUES ('words.example', '1');
UPDATE public.concept SET package = 'words.example' WHERE code = 'north';
"""


async def test_a_code_system_has_its_codes_again_that_another_package_told_of(
    cluster: EmbeddedPostgres, tmp_path: Path
) -> None:
    async with restored(cluster, "profiles", tmp_path, TOLD_BY_ANOTHER) as world:
        rows = await world.rows("SELECT code FROM concept WHERE package = 'county.example' ORDER BY code")
        assert [row["code"] for row in rows] == ["north", "south"]


@pytest.mark.parametrize("dump", DUMPS)
async def test_it_starts_and_its_referrals_are_there(cluster: EmbeddedPostgres, dump: str, tmp_path: Path) -> None:
    async with restored(cluster, dump, tmp_path) as world:
        operator = Caller(frozenset({world.network.coordinator}), "person", role="operator")
        targets = await world.network.store.pool.fetch("SELECT organization FROM member WHERE kind = 'target'")
        staff = Caller(frozenset(row["organization"] for row in targets), "person", role="intake")
        assert len(await open_referrals(world.network, operator)) == DUMPS[dump]
        assert {item.status for item in await inbox(world.network, staff)} >= {"in-progress", "completed"}
        # what the release before had no search rows for is made beside all that
        async with asyncio.timeout(60):
            while await world.network.store.pool.fetch("SELECT type FROM index_build"):
                await asyncio.sleep(0.1)
        assert not await search_parameters.states(world.network.store)


async def test_what_was_stored_is_found_as_what_is_stored_now(old_town: Town) -> None:
    """`:text` of codes, which no release before had rows for; names without their punctuation."""
    async with asyncio.timeout(60):
        while await old_town.world.network.store.pool.fetch("SELECT type FROM index_build"):
            await asyncio.sleep(0.1)
    (made,) = await old_town.world.rows(
        """SELECT count(*) FILTER (WHERE s.code = 'code') AS words,
            count(*) FILTER (WHERE s.code = 'name' AND i.folded ~ '[.,;()-]') AS marks
        FROM index_string i JOIN search_parameter s ON s.id = i.param"""
    )
    assert made["words"] > 0
    assert made["marks"] == 0


async def test_what_an_old_referral_names_is_not_deleted(old_town: Town) -> None:
    """Until its requests have been read no delete is judged; from then on it stays, though no search finds why."""
    world = old_town.world
    first = "SELECT source_request FROM referral WHERE closed_at IS NULL ORDER BY received_at LIMIT 1"
    (row,) = await world.rows(first)
    async with world.network.store.unit([old_town.platform]) as unit:
        request = json.parse((await resources.by_ids(unit, [row["source_request"]]))[row["source_request"]].body)
    reason = request["reasonReference"][0]["reference"]
    async with asyncio.timeout(60):
        while (answer := await delete(old_town.ehr, reason)).status_code == 503:
            assert answer.json()["issue"][0]["details"]["text"] == "delete-building"
            await asyncio.sleep(0.1)
    refused(answer, 409, "conflict", rule="delete-referral")


async def test_what_the_site_had_installed_is_still_demanded_and_stops_nothing_that_had_begun(town: Town) -> None:
    stricter = f"{SITE}StructureDefinition/{STRICTER}"
    statement = (await town.ehr.get("metadata")).json()
    assert any(stricter in each for of in statement["rest"][0]["resource"] for each in of.get("supportedProfile", ()))
    unfit = await town.ehr.bundle("transaction", referral(town.platform, town.pantry))
    refused(unfit, 422, "required", rule="profile-required")
    (task,) = await town.cbo.search("Task?status=accepted")
    assert (await town.cbo.update({**task, "status": "in-progress"})).status_code == 200


async def test_who_had_been_launched_launches_again_and_what_had_waited_reaches_the_chart(chart: Chart) -> None:
    world = chart.town.world
    before = {(row["state"], row["detail"]) for row in await world.rows("SELECT state, detail FROM write_back")}
    assert before == {("done", None), ("waiting", "no-token"), ("waiting", "until-it-ends")}
    people = await chart.count("Patient")
    nora = await chart.launched()
    await world.settled()
    assert "Food for a week." in chart.text()
    assert len(chart.taking.written) == 1, "what was in the chart is not written again"
    await nora.refers(chart.town.pantry)
    await world.settled()
    newest = (await chart.referrals())[-1]
    assert (await story(world.network, staff_of(chart.town.pantry), newest["id"])).status == "requested"
    assert await chart.count("Patient") == people, "the patient is known"
    assert [row["name"] for row in await world.rows("SELECT name FROM clinician")] == ["Ines Novak"]


async def test_who_had_sent_a_referral_takes_it_back(chart: Chart) -> None:
    (row,) = [row for row in await chart.referrals() if row["trigger"] == "launch" and row["closed_as"] is None]
    nora = await chart.launched()
    await nora.open(f"/referrals/{row['id']}")
    await nora.press("Cancel referral")
    await nora.press("Cancel referral", words="Help came from the family")
    await chart.town.world.settled()
    (row,) = [each for each in await chart.referrals() if each["id"] == row["id"]]
    assert row["closed_as"] == "cancelled"


async def test_what_somebody_had_said_by_phone_is_found_and_passed_on(town: Town) -> None:
    network = town.world.network
    (account,) = await town.world.rows("SELECT id FROM account WHERE email = 'olga@platform.example'")
    olga = Caller(frozenset({town.platform}), "person", account=account["id"], role="operator", request_id="test")
    assert CALLER in [item.person for item in await waiting(network, olga)]
    (found,) = await find(network, olga, CALLER)
    await pass_on(network, olga, found.referral, to=town.pantry, basis_kind="spoken", attestation="She said yes")
    await town.world.settled()
    ana = staff_of(town.pantry)
    told = await story(network, ana, found.referral)
    assert (told.person.name, told.status) == (CALLER, "requested")
    await respond(network, ana, found.referral, "Accept", version=told.version)
    assert (await story(network, ana, found.referral)).status == "accepted"
