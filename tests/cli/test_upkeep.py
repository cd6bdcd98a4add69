"""What keeps an installation in order: migrations, deliveries that failed, search rows made anew."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from app.store.embedded import EmbeddedPostgres
from tests.cli.operator import Terminal

INDEX = "SELECT resource, param, position, system, value FROM index_token ORDER BY 1, 2, 3"
ADD_DELIVERY = """
INSERT INTO delivery (event, handler, order_key, payload, tries, dead_reason)
VALUES (gen_random_uuid(), 'notify', 'one-referral', '{}', 9, 'MailFailed') RETURNING id
"""


def ask(postgres: EmbeddedPostgres, statement: str) -> list[Any]:
    async def run() -> list[Any]:
        connection = await asyncpg.connect(postgres.dsn("baton", "postgres"))
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.fixture(scope="module", autouse=True)
def migrated(terminal: Terminal) -> None:
    assert terminal.done("migrate") == "the database is up to date"


def test_migrating_again_changes_nothing(terminal: Terminal, postgres: EmbeddedPostgres) -> None:
    before = ask(postgres, "SELECT version_num FROM alembic_version")
    terminal.done("migrate")
    assert ask(postgres, "SELECT version_num FROM alembic_version") == before


def test_nothing_waits_at_the_start(terminal: Terminal) -> None:
    assert json.loads(terminal.done("deliveries", "list", "--json")) == []
    assert terminal.done("deliveries", "list") == "Everything has been delivered."


def test_a_delivery_that_was_set_aside_is_listed_and_tried_again(
    terminal: Terminal, postgres: EmbeddedPostgres
) -> None:
    (row,) = ask(postgres, ADD_DELIVERY)
    (listed,) = json.loads(terminal.done("deliveries", "list", "--json"))
    assert (listed["delivery"], listed["set_aside_because"], listed["tries"]) == (row["id"], "MailFailed", 9)
    terminal.done("deliveries", "retry", str(row["id"]))
    (listed,) = json.loads(terminal.done("deliveries", "list", "--json"))
    assert (listed["set_aside_because"], listed["tries"]) == (None, 0)
    assert "set aside" in terminal.baton("deliveries", "skip", str(row["id"])).refused(1)
    ask(postgres, "DELETE FROM delivery")


def test_a_delivery_that_was_set_aside_can_be_given_up(terminal: Terminal, postgres: EmbeddedPostgres) -> None:
    (row,) = ask(postgres, ADD_DELIVERY)
    terminal.done("deliveries", "skip", str(row["id"]))
    assert ask(postgres, "SELECT id FROM delivery") == []
    assert "set aside" in terminal.baton("deliveries", "retry", str(row["id"])).refused(1)


def test_a_lost_search_index_is_made_anew(terminal: Terminal, postgres: EmbeddedPostgres) -> None:
    terminal.done("organization", "add", "Platform", "--kind", "network", "--identifier", "urn:oid:1.2|p")
    terminal.done("organization", "add", "Pantry", "--identifier", "urn:oid:1.2|q")
    before = ask(postgres, INDEX)
    assert before
    ask(postgres, "DELETE FROM index_token")
    assert terminal.done("search-index", "rebuild", "Organization") == "2 resources indexed"
    assert ask(postgres, INDEX) == before
    assert "no such resource type" in terminal.baton("search-index", "rebuild", "Nothing").refused(2)


def test_a_parameter_that_was_being_built_answers_after_it(terminal: Terminal, postgres: EmbeddedPostgres) -> None:
    ask(postgres, "UPDATE search_parameter SET state = 'building' WHERE type = 'Task' AND code = 'owner'")
    terminal.done("search-index", "rebuild", "Task")
    assert ask(postgres, "SELECT code FROM search_parameter WHERE state = 'building'") == []
