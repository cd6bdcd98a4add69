"""History: what was done, newest first, as far back as the caller's part reaches; deletions are part of it."""

import asyncio
import itertools
import random
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from app.fhir.json import parse
from app.fhir.structure import check
from tests.api.answers import refused, without_number
from tests.api.verbs import delete, op, patch
from tests.builders import refer, resource
from tests.town import Town
from tests.world import System

NOBODY = "0198c0de-0000-7000-8000-000000000000"


async def lived(system: System) -> dict[str, Any]:
    """A Location that was created, updated, patched and deleted."""
    made = (await system.create(resource("Location", name="one"))).json()
    assert (await system.update({**made, "name": "two"})).status_code == 200
    assert (await patch(system, f"Location/{made['id']}", op("replace", "/name", "three"))).status_code == 200
    assert (await delete(system, f"Location/{made['id']}")).status_code == 204
    return dict(made)


async def history(system: System, address: str) -> list[dict[str, Any]]:
    answer = await system.get(address)
    assert answer.status_code == 200, answer.text
    tree = answer.json()
    assert (tree["resourceType"], tree["type"]) == ("Bundle", "history")
    assert check("Bundle", parse(answer.content)) == []
    entries: list[dict[str, Any]] = tree.get("entry", [])
    return entries


async def walk(system: System, address: str) -> list[dict[str, Any]]:
    """Every entry, page by page."""
    found: list[dict[str, Any]] = []
    while address:
        answer = (await system.get(address.split("/fhir/")[-1])).json()
        found += answer.get("entry", [])
        address = next((link["url"] for link in answer["link"] if link["relation"] == "next"), "")
    return found


async def test_a_resource_tells_its_life_newest_first(town: Town) -> None:
    made = await lived(town.ehr)
    entries = await history(town.ehr, f"Location/{made['id']}/_history")
    assert [each["request"] for each in entries] == [
        {"method": "DELETE", "url": f"Location/{made['id']}"},
        {"method": "PATCH", "url": f"Location/{made['id']}"},
        {"method": "PUT", "url": f"Location/{made['id']}"},
        {"method": "POST", "url": "Location"},
    ]
    assert [each["response"]["etag"] for each in entries] == [f'W/"{n}"' for n in (4, 3, 2, 1)]
    assert [each.get("resource", {}).get("name") for each in entries] == [None, "three", "two", "one"]
    assert entries[3]["resource"] == made
    assert all(each["fullUrl"] == f"{town.world.address}/fhir/Location/{made['id']}" for each in entries)
    stamps = [each["response"]["lastModified"] for each in entries]
    assert stamps == sorted(stamps, reverse=True)


async def test_each_version_is_read_and_the_deletion_is_gone(town: Town) -> None:
    made = await lived(town.ehr)
    versions = [await town.ehr.get(f"Location/{made['id']}/_history/{n}") for n in (1, 2, 3)]
    assert [answer.json()["name"] for answer in versions] == ["one", "two", "three"]
    assert versions[0].headers["etag"] == 'W/"1"'
    refused(await town.ehr.get(f"Location/{made['id']}/_history/4"), 410, "deleted")
    refused(await town.ehr.get(f"Location/{made['id']}"), 410, "deleted")
    for version in ("5", "0", "x", "1" * 20):
        refused(await town.ehr.get(f"Location/{made['id']}/_history/{version}"), 404, "not-found")


async def test_of_a_type_everything_of_ones_own_is_told(empty_town: Town) -> None:
    town = empty_town
    mine = [await lived(town.ehr) for _ in range(3)]
    await lived(town.cbo)
    await town.ehr.create(resource("Patient"))
    entries = await history(town.ehr, "Location/_history")
    assert {each["fullUrl"].split("/")[-1] for each in entries} == {each["id"] for each in mine}
    assert len(entries) == 12
    assert entries[0]["request"] == {"method": "DELETE", "url": f"Location/{mine[2]['id']}"}
    assert await history(town.other_cbo, "Location/_history") == []


async def test_pages_follow_each_other_and_repeat_nothing(empty_town: Town) -> None:
    town = empty_town
    made = [await lived(town.ehr) for _ in range(5)]
    whole = await history(town.ehr, "Location/_history?_count=500")
    for size in (1, 3, 7, 20):
        assert await walk(town.ehr, f"Location/_history?_count={size}") == whole
    assert await walk(town.ehr, f"Location/{made[2]['id']}/_history?_count=1") == [
        each for each in whole if made[2]["id"] in each["fullUrl"]
    ]


async def test_a_page_link_is_its_callers_alone(town: Town) -> None:
    for _ in range(2):
        await lived(town.ehr)
    first = (await town.ehr.get("Location/_history?_count=2")).json()
    (following,) = [link["url"].split("/fhir/")[-1] for link in first["link"] if link["relation"] == "next"]
    assert (await town.ehr.get(following)).status_code == 200
    refused(await town.cbo.get(following), 400, "invalid", rule="page-token")
    refused(await town.ehr.get(following.replace("_count=2", "_count=3")), 400, "invalid", rule="page-token")
    refused(await town.ehr.get(following.replace("Location/", "Patient/")), 400, "invalid", rule="page-token")
    refused(await town.ehr.get(following[:-2]), 400, "invalid", rule="page-token")


async def test_since_tells_what_came_at_that_moment_or_later(town: Town) -> None:
    made = (await town.ehr.create(resource("Location", name="one"))).json()
    changed = (await town.ehr.update({**made, "name": "two"})).json()
    since = changed["meta"]["lastUpdated"]
    entries = await history(town.ehr, f"Location/{made['id']}/_history?_since={since}")
    assert [each["resource"]["name"] for each in entries] == ["two"]
    offset = quote(since.replace("Z", "+00:00"))
    assert len(await history(town.ehr, f"Location/{made['id']}/_history?_since={offset}")) == 1
    assert len(await history(town.ehr, f"Location/{made['id']}/_history?_since=2020-01-01")) == 2
    assert await history(town.ehr, f"Location/{made['id']}/_history?_since=2999-01-01T00:00:00Z") == []


async def test_a_count_of_nothing_tells_how_many(town: Town) -> None:
    made = await lived(town.ehr)
    answer = (await town.ehr.get(f"Location/{made['id']}/_history?_count=0")).json()
    assert (answer["total"], "entry" in answer) == (4, False)
    assert (await town.ehr.get(f"Location/{made['id']}/_history?_summary=count")).json()["total"] == 4
    refused(await town.ehr.get(f"Location/{made['id']}/_history/1?_summary=count"), 400, "value")
    assert len(await history(town.ehr, f"Location/{made['id']}/_history?_count=1000000000")) == 4


async def test_versions_are_counted_so_far_and_the_answer_says_where_it_stopped(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a search; an entry of a history has a request and a response, and the latter an outcome."""
    made = await lived(town.ehr)
    monkeypatch.setattr("app.services.interactions.totals.COUNTED_TO", {"accurate": 3})
    answer = await town.ehr.get(f"Location/{made['id']}/_history?_count=0")
    assert check("Bundle", parse(answer.content)) == []
    (told,) = answer.json()["entry"]
    (issue,) = told["response"]["outcome"]["issue"]
    assert (answer.json()["total"], issue["details"]["text"], issue["severity"]) == (3, "search-total-cap", "warning")
    assert told["request"] == {"method": "GET", "url": f"Location/{made['id']}/_history?_count=0"}
    assert "resource" not in told
    monkeypatch.setattr("app.services.interactions.totals.COUNTED_TO", {"accurate": 4})
    assert "entry" not in (await town.ehr.get(f"Location/{made['id']}/_history?_count=0")).json()


@pytest.mark.parametrize(
    ("query", "code"),
    [("_at=2026", "not-supported"), ("_list=1", "not-supported"), ("name=x", "not-supported"), ("_since=x", "value"),
     ("_since=2026&_since=2025", "value"), ("_count=-1", "value"), ("_count=abc", "value"), ("_page=x", "invalid"),
     ("_summary=x", "value"), ("_count=1&_count=2", "value"), ("_count=1&_count=1", "value")],
)  # fmt: skip
async def test_what_a_history_does_not_understand_is_refused(town: Town, query: str, code: str) -> None:
    made = (await town.ehr.create(resource("Location"))).json()
    for address in (f"Location/{made['id']}/_history", "Location/_history"):
        refused(await town.ehr.get(f"{address}?{query}"), 400, code)


async def test_what_others_have_has_no_history(town: Town) -> None:
    """C12: hidden is missing, deleted or not."""
    hidden = (await town.cbo.create(resource("Location"))).json()["id"]
    gone = (await lived(town.cbo))["id"]
    for suffix in ("", "?_since=2999-01-01T00:00:00Z", "?_count=0"):
        answers = [await town.ehr.get(f"Location/{id}/_history{suffix}") for id in (hidden, gone, NOBODY)]
        refused(answers[0], 404, "not-found")
        assert without_number(answers[0]) == without_number(answers[1]) == without_number(answers[2])


async def test_a_recipients_history_starts_where_its_part_starts(town: Town) -> None:
    person = (await town.ehr.create(resource("Patient", name=[{"family": "Before"}]))).json()
    await town.ehr.update({**person, "name": [{"family": "Shared"}]})
    sent = await refer(town.world, town.ehr, town.pantry, person=f"Patient/{person['id']}")
    mine = await history(town.ehr, f"{sent.ref('Patient')}/_history")
    theirs = await history(town.cbo, f"{sent.ref('Patient')}/_history")
    assert [each["response"]["etag"] for each in mine] == ['W/"2"', 'W/"1"']
    assert [each["response"]["etag"] for each in theirs] == ['W/"2"']
    of_type = [each for each in await history(town.cbo, "Patient/_history") if person["id"] in each["fullUrl"]]
    assert [each["response"]["etag"] for each in of_type] == ['W/"2"']
    refused(await town.other_cbo.get(f"{sent.ref('Patient')}/_history"), 404, "not-found")


async def test_a_history_is_in_the_audit_with_its_resource(town: Town) -> None:
    made = (await town.ehr.create(resource("Location"))).json()
    for address in (f"Location/{made['id']}/_history", "Location/_history"):
        await history(town.ehr, address)
    rows = await town.world.rows(
        "SELECT resource::text FROM audit WHERE action = 'history' AND outcome = 'done' ORDER BY at DESC LIMIT 2"
    )
    assert {row["resource"] for row in rows} == {made["id"], None}


async def test_the_history_of_everything_is_for_the_networks_own_systems(empty_town: Town) -> None:
    """C22, SCO-16."""
    town = empty_town
    await lived(town.ehr)
    sent = await refer(town.world, town.ehr, town.pantry)
    for system in (town.ehr, town.cbo):
        refused(await system.get("_history"), 403, "forbidden", rule="history-system")
    own = await town.world.system(town.platform)
    entries = await walk(own, "_history?_count=7")
    assert {sent.ids["Task"], sent.ids["Patient"]} <= {each["fullUrl"].split("/")[-1] for each in entries}
    assert {"DELETE", "PATCH", "PUT", "POST"} == {each["request"]["method"] for each in entries}
    narrow = await town.world.system(town.platform, scopes="system/Task.rs system/Patient.r")
    assert {each["fullUrl"].split("/")[-2] for each in await walk(narrow, "_history")} == {"Task"}
    nothing = await town.world.system(town.platform, scopes="system/Task.cru")
    refused(await nothing.get("_history"), 403, "forbidden", rule="scope")


async def test_scopes_of_a_history_are_those_of_reading_and_searching(town: Town) -> None:
    """SCO-02."""
    made = (await town.ehr.create(resource("Location"))).json()
    reader = await town.world.system(town.clinic, scopes="system/Location.r")
    searcher = await town.world.system(town.clinic, scopes="system/Location.s")
    one, all_of_them = f"Location/{made['id']}/_history", "Location/_history"
    assert (await reader.get(one)).status_code == (await searcher.get(all_of_them)).status_code == 200
    refused(await reader.get(all_of_them), 403, "forbidden")
    refused(await searcher.get(one), 403, "forbidden")


async def test_a_history_shows_as_much_as_is_asked_for(town: Town) -> None:
    made = await lived(town.ehr)
    entries = await history(town.ehr, f"Location/{made['id']}/_history?_elements=status")
    assert "name" not in entries[1]["resource"]
    assert entries[1]["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"
    answer = await town.ehr.http.head(f"/fhir/Location/{made['id']}/_history")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_poller_by_since_misses_nothing(empty_town: Town, slow_commits: None) -> None:
    """Writers with delays before commit; the poller asks for what came at its newest stamp or later."""
    town, written, seen = empty_town, set[str](), set[str]()
    stop = asyncio.Event()

    async def writer() -> None:
        for _ in range(12):
            made = (await town.ehr.create(resource("Location", name=uuid4().hex))).json()
            written.add(f"{made['id']}/1")
            if random.random() < 0.5:
                await delete(town.ehr, f"Location/{made['id']}")
                written.add(f"{made['id']}/2")

    async def poll(newest: str) -> str:
        for each in await walk(town.ehr, f"Location/_history?_since={newest}&_count=5"):
            seen.add("/".join((each["fullUrl"].split("/")[-1], each["response"]["etag"][3:-1])))
            newest = max(newest, each["response"]["lastModified"])
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
    assert seen == written


async def test_times_in_a_history_rise(town: Town) -> None:
    made = (await town.ehr.create(resource("Location"))).json()
    await asyncio.gather(*(town.ehr.update(made) for _ in range(10)))
    stamps = [each["response"]["lastModified"] for each in await history(town.ehr, f"Location/{made['id']}/_history")]
    assert len(stamps) == 11
    assert all(later > earlier for later, earlier in itertools.pairwise(stamps))
