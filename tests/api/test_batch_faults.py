"""A fault of ours in one entry of a batch: the others are done, and their client learns it."""

import asyncpg
import pytest

from tests.builders import entry, resource
from tests.town import Town


@pytest.mark.parametrize(
    ("fault", "status", "rule"),
    [
        pytest.param(asyncpg.CannotConnectNowError("away"), "503", "database-unavailable", id="the database"),
        pytest.param(RuntimeError("oh"), "500", "unexpected", id="the program"),
    ],
)
async def test_a_fault_of_one_entry_leaves_the_others_their_answers(
    town: Town, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: str, rule: str
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("app.store.search.page", fails)
    search = {"request": {"method": "GET", "url": "Patient?name=a"}}
    answer = await town.ehr.bundle("batch", [entry(resource("Patient")), search, entry(resource("Patient"))])
    assert answer.status_code == 200
    first, failed, last = [each["response"] for each in answer.json()["entry"]]
    assert (first["status"][:3], failed["status"][:3], last["status"][:3]) == ("201", status, "201")
    (issue,) = failed["outcome"]["issue"]
    assert issue["details"]["text"] == rule
