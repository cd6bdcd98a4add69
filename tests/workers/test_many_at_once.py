"""What must be decided once is decided once, whichever process is asked. *Source*: REL-02, REL-03, attack B24."""

import asyncio
import os
from uuid import uuid4

import httpx
import pytest

from tests.builders import resource
from tests.stories.town import Town
from tests.workers.conftest import PROCESSES
from tests.workers.processes import web_processes, with_connections

ROUNDS = 100 if os.environ.get("SOAK") else 5
AT_ONCE = 64
PUTS = 50


async def test_all_processes_answer(place: Town, http: httpx.AsyncClient) -> None:
    """Or nothing here would be about several processes."""
    assert len(web_processes(place.server)) == PROCESSES
    busy = set[int]()
    for _ in range(20):
        await asyncio.gather(*(http.get("Location?name=nobody") for _ in range(AT_ONCE)))
        busy |= {number for number, clients in enumerate(with_connections(place.server)) if clients}
        if len(busy) > 1:
            return
    raise AssertionError("one process has answered everything")


@pytest.mark.long
async def test_sixty_four_conditional_creates_make_exactly_one_resource(http: httpx.AsyncClient) -> None:
    for _ in range(ROUNDS):
        value = uuid4().hex
        tree = resource("Patient", identifier=[{"system": "urn:s", "value": value}])
        condition = {"If-None-Exist": f"identifier=urn:s|{value}"}
        answers = await asyncio.gather(*(http.post("Patient", json=tree, headers=condition) for _ in range(AT_ONCE)))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200] * (AT_ONCE - 1) + [201], [each.text for each in answers if each.status_code > 201][:1]
        assert len({answer.json()["id"] for answer in answers}) == 1
        found = await http.get("Patient", params={"identifier": f"urn:s|{value}", "_total": "accurate"})
        assert found.json()["total"] == 1


@pytest.mark.long
async def test_of_fifty_updates_with_one_version_exactly_one_wins(http: httpx.AsyncClient) -> None:
    for _ in range(ROUNDS):
        made = await http.post("Patient", json=resource("Patient"))
        tree, version = made.json(), {"If-Match": made.headers["ETag"]}
        address = f"Patient/{tree['id']}"
        days = [f"19{number}-01-01" for number in range(10, 10 + PUTS)]
        puts = (http.put(address, json={**tree, "birthDate": day}, headers=version) for day in days)
        answers = await asyncio.gather(*puts)
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * (PUTS - 1)
        (won,) = [answer.json() for answer in answers if answer.status_code == 200]
        assert (await http.get(address)).json() == won
        history = (await http.get(f"{address}/_history")).json()
        assert [each["resource"]["meta"]["versionId"] for each in history["entry"]] == ["2", "1"]


@pytest.mark.long
async def test_one_key_sent_to_all_processes_at_once_creates_once(http: httpx.AsyncClient) -> None:
    for _ in range(ROUNDS):
        key, tag = {"Idempotency-Key": str(uuid4())}, uuid4().hex
        tree = resource("Location", meta={"tag": [{"system": "urn:t", "code": tag}]})
        answers = await asyncio.gather(*(http.post("Location", json=tree, headers=key) for _ in range(PROCESSES * 4)))
        assert {answer.status_code for answer in answers} <= {201, 409}, [each.text for each in answers][:1]
        assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
        found = await http.get("Location", params={"_tag": f"urn:t|{tag}", "_total": "accurate"})
        assert found.json()["total"] == 1
