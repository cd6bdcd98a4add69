"""Idempotency-Key: what is sent again under its key has its effect once, and gets the first answer.

Numbers are those of the security sheet's list of attacks; REL-05.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.services.identity.housekeeping import forget_expired
from app.store.pool import Store, Unit
from tests.api.answers import MARK, refused
from tests.builders import entry, put_entry, resource, urn
from tests.town import Town
from tests.world import FHIR_JSON, System

REPLAYED = "idempotency-replayed"


def key(text: str = "") -> dict[str, str]:
    return {"Idempotency-Key": text or uuid4().hex}


async def post_bundle(system: System, kind: str, entries: list[Any], **headers: str) -> httpx.Response:
    body = {"resourceType": "Bundle", "type": kind, "entry": entries}
    return await system.http.post("/fhir", json=body, headers={"Content-Type": FHIR_JSON, **headers})


def marked() -> dict[str, Any]:
    return resource("Location", name=uuid4().hex)


async def test_what_is_sent_again_is_answered_the_same_and_done_once(town: Town) -> None:
    tree, under = marked(), key()
    first, second, third = [await town.ehr.create(tree, **under) for _ in range(3)]
    assert first.status_code == 201
    assert REPLAYED not in first.headers
    for again in (second, third):
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers[REPLAYED] == "true"
        for name in ("location", "etag", "last-modified"):
            assert again.headers[name] == first.headers[name]
    assert len(await town.ehr.search(f"Location?name={tree['name']}")) == 1
    rows = await town.world.rows("SELECT action FROM audit WHERE client = $1 AND type = 'Location'", town.ehr.client_id)
    assert [row["action"] for row in rows].count("replay") == 2, "what is shown again is written down"


async def test_without_a_key_each_request_has_its_effect(town: Town) -> None:
    tree = marked()
    for _ in range(2):
        await town.ehr.create(tree)
    for _ in range(2):
        await town.ehr.create(tree, **key())
    assert len(await town.ehr.search(f"Location?name={tree['name']}")) == 4


async def test_many_at_once_have_one_effect(town: Town) -> None:
    """B31: each is answered like the first, or told that the first is under way."""
    for _ in range(3):
        tree, under = marked(), key()
        answers = await asyncio.gather(*(town.ehr.create(tree, **under) for _ in range(24)))
        assert {answer.status_code for answer in answers} <= {201, 409}
        done = [answer for answer in answers if answer.status_code == 201]
        assert [REPLAYED in answer.headers for answer in done].count(False) == 1
        assert len({answer.content for answer in done}) == 1
        for answer in answers:
            if answer.status_code == 409:
                refused(answer, 409, "conflict", rule="idempotency-under-way")
        assert len(await town.ehr.search(f"Location?name={tree['name']}")) == 1


@pytest.fixture
def a_slow_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = Store.unit

    @asynccontextmanager
    async def slow(store: Store, members: Any, *, write: bool = False, **how: bool) -> AsyncIterator[Unit]:
        async with unit(store, members, write=write, **how) as opened:
            yield opened
            if write:
                await asyncio.sleep(0.5)

    monkeypatch.setattr(Store, "unit", slow)


async def test_while_the_first_is_under_way_others_are_told_so(empty_town: Town, a_slow_commit: None) -> None:
    town, tree, under = empty_town, marked(), key()
    first = asyncio.create_task(town.ehr.create(tree, **under))
    await asyncio.sleep(0.25)
    refused(await town.ehr.create(tree, **under), 409, "conflict", rule="idempotency-under-way")
    assert (await first).status_code == 201
    assert (await town.ehr.create(tree, **under)).headers[REPLAYED] == "true"


async def test_another_body_under_the_same_key_is_refused(town: Town) -> None:
    """B32; so is another condition."""
    tree, under = marked(), key()
    assert (await town.ehr.create(tree, **under)).status_code == 201
    other = {**tree, "name": MARK}
    refused(await town.ehr.create(other, **under), 422, "business-rule", rule="idempotency-key-used")
    condition = {"If-None-Exist": "identifier=a|1"}
    refused(await town.ehr.create(tree, **under, **condition), 422, "business-rule", rule="idempotency-key-used")
    assert (await town.ehr.create(tree, **under)).headers[REPLAYED] == "true"


async def test_a_key_is_its_clients_and_its_routes(town: Town) -> None:
    """B33: others have keys of their own, also of the same member."""
    tree, under = marked(), key()
    second = await town.world.system(town.clinic)
    for system in (town.ehr, second, town.cbo):
        answer = await system.create(tree, **under)
        assert (answer.status_code, REPLAYED in answer.headers) == (201, False)
    elsewhere = await town.ehr.create(resource("Patient"), **under)
    assert (elsewhere.status_code, REPLAYED in elsewhere.headers) == (201, False)


@pytest.mark.parametrize("text", ["k" * 256, "k" * 10_000, "kéy", "k\ty", ""])
async def test_a_key_is_short_and_printable(town: Town, text: str) -> None:
    """B34."""
    tree = marked()
    request = town.ehr.http.build_request("POST", "/fhir/Location", json=tree, headers={"Content-Type": FHIR_JSON})
    request.headers = httpx.Headers([*request.headers.raw, (b"Idempotency-Key", text.encode())])
    refused(await town.ehr.http.send(request), 400, "value", rule="idempotency-key")
    assert await town.ehr.search(f"Location?name={tree['name']}") == []


async def test_a_refusal_leaves_its_key_free(town: Town) -> None:
    under = key()
    refused(await town.ehr.create(resource("Location", status=MARK), **under), 400, "code-invalid")
    answer = await town.ehr.create(marked(), **under)
    assert (answer.status_code, REPLAYED in answer.headers) == (201, False)


async def test_a_conditional_create_that_found_is_answered_again(town: Town) -> None:
    value, under = uuid4().hex, key()
    tree = resource("Patient", identifier=[{"system": "urn:s", "value": value}])
    condition = {"If-None-Exist": f"identifier=urn:s|{value}"}
    await town.ehr.create(tree)
    answers = [await town.ehr.create(tree, **condition, **under) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert answers[1].headers[REPLAYED] == "true"


async def test_a_transaction_has_its_effect_once_and_reads_anew(town: Town) -> None:
    tree, person, under = marked(), urn(), key()
    made = (await town.ehr.create(marked())).json()
    entries = [
        {"request": {"method": "GET", "url": f"Location/{made['id']}"}},
        entry(resource("Patient"), person),
        entry(resource("Condition", subject=person)),
        entry(tree),
    ]
    first = await post_bundle(town.ehr, "transaction", entries, **under)
    assert first.status_code == 200, first.text
    await town.ehr.update(made)
    second = await post_bundle(town.ehr, "transaction", entries, **under)
    assert second.headers[REPLAYED] == "true"
    one, two = first.json()["entry"], second.json()["entry"]
    assert two[1:] == one[1:]
    assert [each[0]["resource"]["meta"]["versionId"] for each in (one, two)] == ["1", "2"]
    assert len(await town.ehr.search(f"Location?name={tree['name']}")) == 1
    other = await post_bundle(town.ehr, "transaction", entries[:3], **under)
    refused(other, 422, "business-rule", rule="idempotency-key-used")


async def test_a_repeated_answer_shows_no_more_than_its_token_may_read(town: Town) -> None:
    """The token of the repeat may have fewer scopes than that of the first."""
    system = await town.world.system(town.clinic)
    tree, under, both = marked(), key(), key()
    made = await system.create(tree, **under)
    bundle = await post_bundle(system, "transaction", [entry(tree)], **both)
    assert "resource" in bundle.json()["entry"][0]
    narrow = await narrower(town, system, "system/Location.c")
    again = await narrow.create(tree, **under)
    assert (again.status_code, again.content) == (201, b"")
    assert again.headers["location"] == made.headers["location"]
    again = await post_bundle(narrow, "transaction", [entry(tree)], **both)
    assert again.headers[REPLAYED] == "true"
    assert "resource" not in again.json()["entry"][0]
    assert again.json()["entry"][0]["response"]["location"] == bundle.json()["entry"][0]["response"]["location"]


async def test_a_repeated_answer_shows_nothing_that_its_client_may_no_longer_see(town: Town) -> None:
    """CON-15: what ends a part ends what was shown by it, also where it was shown before."""
    tree, under, both = marked(), key(), key()
    first = await town.ehr.create(tree, **under)
    entries = [entry(marked()), entry(marked())]
    bundle = (await post_bundle(town.ehr, "transaction", entries, **both)).json()["entry"]
    ended = """
        UPDATE participation SET until = now() WHERE resource = ANY($1::text[]::uuid[]) AND member = $2 RETURNING 1"""
    gone = [first.json()["id"], bundle[0]["resource"]["id"]]
    assert len(await town.world.rows(ended, gone, town.clinic)) == 2
    again = await town.ehr.create(tree, **under)
    assert (again.status_code, again.content, again.headers[REPLAYED]) == (201, b"", "true")
    again = await post_bundle(town.ehr, "transaction", entries, **both)
    assert again.headers[REPLAYED] == "true"
    assert ["resource" in each for each in again.json()["entry"]] == [False, True]


async def test_a_key_is_that_of_the_members_for_whom_its_client_speaks(town: Town) -> None:
    """TEN-08: whoever has lost a member is not told what was done for it, nor that there was anything."""
    system = await town.world.system(town.clinic, town.shelter)
    tree, under = marked(), key()
    first = await system.create(tree, **under)
    pool = town.world.network.store.pool
    lost = system.client_id, town.shelter
    await pool.execute("DELETE FROM client_member WHERE client = $1 AND member = $2", *lost)
    await asyncio.sleep(2.1)  # what a process knows of a token, it knows for two seconds
    other = await system.create({**tree, "status": "active"}, **under)
    assert (other.status_code, REPLAYED in other.headers) == (201, False)
    again = await system.create({**tree, "status": "active"}, **under)
    assert (again.content, again.headers[REPLAYED]) == (other.content, "true")
    await pool.execute("INSERT INTO client_member (client, member) VALUES ($1, $2)", *lost)
    await asyncio.sleep(2.1)
    again = await system.create(tree, **under)
    assert (again.content, again.headers[REPLAYED]) == (first.content, "true")


async def narrower(town: Town, system: System, scopes: str) -> System:
    """The same client with a token of fewer scopes."""
    digest = "SELECT hash FROM access_token WHERE client = $1"
    (row,) = await town.world.network.store.pool.fetch(digest, system.client_id)
    change = "UPDATE access_token SET scopes = $2 WHERE hash = $1"
    await town.world.network.store.pool.execute(change, row["hash"], scopes)
    await asyncio.sleep(2.1)  # what a process knows of a token, it knows for two seconds
    return system


async def test_each_entry_of_a_batch_has_its_effect_once(town: Town) -> None:
    one, other, under = marked(), marked(), key()
    entries = [entry(one), entry(resource("Location", status=MARK)), entry(other), entry(one)]
    first = (await post_bundle(town.ehr, "batch", entries, **under)).json()["entry"]
    assert [each["response"]["status"][:3] for each in first] == ["201", "400", "201", "201"]
    second = (await post_bundle(town.ehr, "batch", entries, **under)).json()["entry"]
    for before, again in zip(first, second, strict=True):
        assert again["response"].get("location") == before["response"].get("location")
        assert again["response"]["status"] == before["response"]["status"]
    assert len(await town.ehr.search(f"Location?name={one['name']}")) == 2
    assert len(await town.ehr.search(f"Location?name={other['name']}")) == 1


async def test_other_methods_need_no_key(town: Town) -> None:
    made = (await town.ehr.create(marked())).json()
    under = key()
    answers = [await town.ehr.update(made, **under) for _ in range(2)]
    assert [answer.headers["etag"] for answer in answers] == ['W/"2"', 'W/"3"']
    changed = await post_bundle(town.ehr, "batch", [put_entry(made)], **under)
    assert changed.json()["entry"][0]["response"]["etag"] == 'W/"4"'


async def test_a_key_is_forgotten_after_seven_days(town: Town) -> None:
    tree, kept, old = marked(), key(), key()
    for under in (kept, old):
        await town.ehr.create(tree, **under)
    pool = town.world.network.store.pool
    days = "UPDATE idempotency_key SET created_at = now() - $2::interval WHERE key = $1"
    await pool.execute(days, old["Idempotency-Key"], timedelta(days=7, minutes=1))
    await pool.execute(days, kept["Idempotency-Key"], timedelta(days=6, hours=23))
    again = await town.ehr.create(tree, **old)
    assert REPLAYED not in again.headers, "a key that is too old is a new one, forgotten or not"
    await pool.execute(days, old["Idempotency-Key"], timedelta(days=7, minutes=1))
    await forget_expired(town.world.network)
    rows = await pool.fetch("SELECT key FROM idempotency_key")
    assert kept["Idempotency-Key"] in {row["key"] for row in rows}
    assert old["Idempotency-Key"] not in {row["key"] for row in rows}
    assert (await town.ehr.create(tree, **kept)).headers[REPLAYED] == "true"
