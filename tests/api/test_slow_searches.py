"""A search that the database gives up is told to ask for less; whatever else takes too long may come again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tests.api.answers import refused
from tests.builders import resource
from tests.conftest import Database
from tests.town import Town, a_town
from tests.world import FHIR_JSON


@pytest.fixture
async def impatient(database: Database, tmp_path: Path) -> AsyncIterator[Town]:
    """A statement has half a second, less than the wait for a lock."""
    async with a_town(database, tmp_path, statement_timeout_s=0.5) as town:
        yield town


@asynccontextmanager
async def locked(database: Database, table: str) -> AsyncIterator[None]:
    """Nobody else reads the table meanwhile."""
    holder = await asyncpg.connect(database.superuser_dsn)
    try:
        async with holder.transaction():
            await holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await holder.close()


@pytest.mark.parametrize(
    ("address", "table"),
    [
        ("Patient?name=x", "index_string"),
        ("Patient?_count=0&name=x", "index_string"),
        ("Location/_history", "version"),
        ("Location/$meta", "index_token"),
        ("Patient/$everything", "index_reference"),
    ],
)
async def test_a_search_that_takes_too_long_is_told_to_ask_for_less(
    impatient: Town, database: Database, address: str, table: str
) -> None:
    async with locked(database, table):
        answer = await impatient.ehr.get(address)
    refused(answer, 503, "timeout", rule="search-timeout")
    assert "retry-after" not in answer.headers


async def test_so_is_one_in_a_batch_and_its_neighbours_are_answered(impatient: Town, database: Database) -> None:
    made = (await impatient.ehr.create(resource("Location"))).json()
    asked = [f"Location/{made['id']}", "Patient?name=x"]
    async with locked(database, "index_string"):
        answer = await impatient.ehr.bundle("batch", [{"request": {"method": "GET", "url": url}} for url in asked])
    read, searched = (each["response"] for each in answer.json()["entry"])
    assert (read["status"][:3], searched["status"][:3]) == ("200", "503")
    assert searched["outcome"]["issue"][0]["details"]["text"] == "search-timeout"


async def test_a_read_that_takes_too_long_may_come_again(impatient: Town, database: Database) -> None:
    made = (await impatient.ehr.create(resource("Location"))).json()
    async with locked(database, "version"):
        answer = await impatient.ehr.http.get(f"/fhir/Location/{made['id']}", headers={"Accept": FHIR_JSON})
    refused(answer, 503, "timeout", rule="database-unavailable")
    assert answer.headers["retry-after"] == "2"
