"""Many at once: one version wins, one resource is made, a poller misses nothing, a page walk repeats and skips nothing."""

import asyncio
import itertools
import random
from datetime import datetime
from uuid import uuid4

import pytest

from app.store.pool import Unit
from tests.builders import entry, resource
from tests.town import Town


async def test_fifty_puts_without_a_version_are_fifty_versions(town: Town) -> None:
    """Each is stored, in an order; the time of each is later than of the one before."""
    made = (await town.ehr.create(resource("Patient"))).json()
    answers = await asyncio.gather(*(town.ehr.update({**made, "birthDate": f"19{n}"}) for n in range(10, 60)))
    assert {answer.status_code for answer in answers} == {200}
    rows = await town.world.rows(
        "SELECT version, last_updated FROM version WHERE resource = $1::uuid ORDER BY version", made["id"]
    )
    assert [row["version"] for row in rows] == list(range(1, 52))
    times = [row["last_updated"] for row in rows]
    assert all(earlier < later for earlier, later in itertools.pairwise(times))


async def test_sixty_four_conditional_creates_make_one_resource(town: Town) -> None:
    """REL-03: also with two systems of the same member, and in Bundles."""
    second = await town.world.system(town.clinic)
    for _ in range(3):
        value = uuid4().hex
        tree = resource("Patient", identifier=[{"system": "urn:s", "value": value}])
        condition = f"identifier=urn:s|{value}"
        alone = [each.create(tree, **{"If-None-Exist": condition}) for each in (town.ehr, second) for _ in range(16)]
        bundled = [
            each.bundle("transaction", [entry(tree, ifNoneExist=condition)])
            for each in (town.ehr, second)
            for _ in range(16)
        ]
        answers = await asyncio.gather(*alone, *bundled)
        assert {answer.status_code for answer in answers} <= {200, 201}, [
            a.text for a in answers if a.status_code > 201
        ][:3]
        created = [a for a in answers[:32] if a.status_code == 201]
        created += [a for a in answers[32:] if a.json()["entry"][0]["response"]["status"].startswith("201")]
        assert len(created) == 1
        assert len(await town.ehr.search(f"Patient?identifier=urn:s|{value}")) == 1


async def test_systems_of_overlapping_members_make_one_resource_too(town: Town) -> None:
    both = await town.world.system(town.clinic, town.pantry)
    for _ in range(5):
        value = uuid4().hex
        tree = resource("Patient", identifier=[{"system": "urn:s", "value": value}])
        condition = {"If-None-Exist": f"identifier=urn:s|{value}"}
        answers = await asyncio.gather(*(each.create(tree, **condition) for each in (both, town.ehr) * 6))
        assert sorted(answer.status_code for answer in answers).count(201) == 1
        assert {answer.status_code for answer in answers} == {200, 201}


async def test_a_poller_by_last_updated_misses_nothing(empty_town: Town, slow_commits: None) -> None:
    """Four writers with delays before commit; the poller asks for what is newer than the newest that it has seen."""
    town, written, seen = empty_town, set[tuple[str, str]](), list[tuple[str, str]]()
    stop = asyncio.Event()

    async def writer() -> None:
        for _ in range(12):
            made = (await town.ehr.create(resource("Location", name="polled"))).json()
            written.add((made["id"], "1"))
            if random.random() < 0.4:
                changed = (await town.ehr.update(made)).json()
                written.add((made["id"], changed["meta"]["versionId"]))

    async def poll(newest: str) -> str:
        for tree in await town.ehr.search(f"Location?_lastUpdated=gt{newest}&_count=500"):
            seen.append((tree["id"], tree["meta"]["versionId"]))
            newest = max(newest, tree["meta"]["lastUpdated"])
        return newest

    async def poller() -> None:
        newest = "2020-01-01T00:00:00.000Z"
        while not stop.is_set():
            newest = await poll(newest)
        await asyncio.sleep(0.2)
        await poll(newest)

    polling = asyncio.create_task(poller())
    await asyncio.gather(*(writer() for _ in range(4)))
    stop.set()
    await polling
    assert len(seen) == len(set(seen)), "nothing is seen twice"
    # of a resource that was changed before the poller came, the newest version is enough
    newest_written = {id: max(version for each, version in written if each == id) for id, _ in written}
    assert {id: max(version for each, version in seen if each == id) for id, _ in seen} == newest_written


async def test_a_walk_through_pages_meets_each_row_that_stays_once(empty_town: Town) -> None:
    """PAG-01: while others create and change, before, behind and on the page."""
    town = empty_town
    there = [(await town.ehr.create(resource("Location", name="stays"))).json() for _ in range(40)]
    stop = asyncio.Event()

    async def disturb() -> None:
        while not stop.is_set():
            await town.ehr.create(resource("Location", name="stays"))
            await town.ehr.update(random.choice(there))

    disturbing = asyncio.create_task(disturb())
    met: list[str] = []
    address = f"{town.world.address}/fhir/Location?name=stays&_count=7"
    while address:
        answer = (await town.ehr.http.get(address)).json()
        met += [each["resource"]["id"] for each in answer.get("entry", ())]
        address = next((link["url"] for link in answer["link"] if link["relation"] == "next"), "")
    stop.set()
    await disturbing
    assert len(met) == len(set(met))
    assert {each["id"] for each in there} <= set(met)


async def test_what_was_written_is_found_at_once(town: Town) -> None:
    """PAG-02."""
    for _ in range(30):
        value = uuid4().hex
        assert (
            await town.ehr.create(resource("Patient", identifier=[{"system": "urn:s", "value": value}]))
        ).status_code == 201
        assert len(await town.ehr.search(f"Patient?identifier=urn:s|{value}")) == 1


async def test_times_of_a_resource_rise_though_the_clock_stands(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    made = (await town.ehr.create(resource("Location"))).json()
    still = datetime.fromisoformat(made["meta"]["lastUpdated"])
    monkeypatch.setattr(Unit, "now", property(lambda unit: still))
    times = [made["meta"]["lastUpdated"]]
    for _ in range(3):
        times.append((await town.ehr.update(made)).json()["meta"]["lastUpdated"])
    assert times == sorted(set(times))
