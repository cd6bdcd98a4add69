"""The demo world: six referrals in different states, the same however often it is made."""

import asyncio
from typing import Any

import asyncpg
import pytest

from app.demo.cast import PASSWORD, PEOPLE, REFERRALS
from app.store.embedded import EmbeddedPostgres
from tests.cli.operator import Terminal

TABLES = (
    "member",
    "account",
    "membership",
    "client",
    "resource",
    "version",
    "referral",
    "child_task",
    "basis",
    "event",
)


@pytest.fixture(scope="module")
def said(terminal: Terminal) -> str:
    return terminal.done("demo")


def ask(postgres: EmbeddedPostgres, statement: str) -> list[Any]:
    async def run() -> list[Any]:
        connection = await asyncpg.connect(postgres.dsn("baton", "postgres"))
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    return asyncio.run(run())


def counts(postgres: EmbeddedPostgres) -> dict[str, int]:
    return {table: len(ask(postgres, "TABLE " + table)) for table in TABLES}


def test_it_says_who_can_sign_in(said: str) -> None:
    assert PASSWORD in said
    assert all(person.email in said for person in PEOPLE)


def test_its_referrals_are_in_different_states_and_one_is_overdue(said: str, postgres: EmbeddedPostgres) -> None:
    rows = ask(postgres, "SELECT next_action, closed_as, due < now() AS overdue, waiting_because FROM referral")
    assert len(rows) == len(REFERRALS) == 6
    assert sum(bool(row["overdue"]) for row in rows) == 1
    states = {(row["next_action"], row["closed_as"], row["waiting_because"]) for row in rows}
    assert len(states) >= 5


def test_a_second_run_changes_nothing(terminal: Terminal, said: str, postgres: EmbeddedPostgres) -> None:
    before = counts(postgres)
    assert terminal.done("demo") == said
    assert counts(postgres) == before


def test_a_run_that_has_forgotten_the_first_changes_nothing_either(
    terminal: Terminal, said: str, postgres: EmbeddedPostgres
) -> None:
    before = counts(postgres)
    (terminal.data_dir / "demo" / "made").unlink()
    terminal.done("demo")
    assert counts(postgres) == before


def test_it_is_refused_outside_development(terminal: Terminal) -> None:
    production = {"BATON_ENV": "production", "BATON_PUBLIC_URL": "https://baton.example"}
    secret = "f3Qd9-x7Lm2_Zp8Rk4Vt6Wy1Bn5Hc0Js3Ga"
    assert "development only" in terminal.baton("demo", **production, BATON_SECRET_KEY=secret).refused(1)
    assert "development only" in terminal.baton("serve", "--demo", **production, BATON_SECRET_KEY=secret).refused(1)
