"""How many connections the processes of a server share out: no more than the database has."""

import subprocess
from collections.abc import Iterator

import asyncpg
import pytest

from app.cli.failures import Failed
from app.cli.pools import fitted, share
from app.settings import Settings
from app.store import schema
from tests.conftest import Database
from tests.parts import ROOT
from tests.stories.commands import BATON
from tests.stories.draw import Draw
from tests.stories.server import Server, installation, plain_environment


@pytest.mark.parametrize(
    ("allowed", "wanted", "processes", "each"),
    [
        (97, 10, 1, 10),
        (97, 10, 8, 10),
        (97, 10, 12, 7),
        (97, 10, 44, 2),
        (97, 200, 1, 88),
        (5, 10, 1, 5),
        (97, 1, 88, 1),
    ],
)
def test_each_process_gets_what_was_asked_for_or_its_share(
    allowed: int, wanted: int, processes: int, each: int
) -> None:
    assert share(allowed, wanted, processes) == each


@pytest.mark.parametrize(("allowed", "processes"), [(97, 45), (97, 256), (1, 1)])
def test_too_few_for_all_are_refused_with_what_would_do(allowed: int, processes: int) -> None:
    with pytest.raises(Failed, match=f"allows {allowed} connections, too few for {processes} processes"):
        share(allowed, 10, processes)


async def test_what_a_role_and_a_database_may_have_counts(database: Database) -> None:
    whole = await schema.connections_allowed(database.app_dsn)
    superuser = await asyncpg.connect(database.superuser_dsn)
    try:
        assert whole == int(await superuser.fetchval("SHOW max_connections")) - 3
        await superuser.execute(f"ALTER DATABASE {database.name} CONNECTION LIMIT 7")
        assert await schema.connections_allowed(database.app_dsn) == 7
    finally:
        await superuser.close()


async def test_the_settings_of_each_process_fit_and_that_is_said(database: Database) -> None:
    settings = Settings(env="development", database_url=database.app_dsn)
    assert await fitted(settings, database.app_dsn, 4) == (settings, "")
    fitting, said = await fitted(settings, database.app_dsn, 12)
    assert (fitting.pool_size, fitting.port) == (7, settings.port)
    assert "7 connections for each process" in said
    pooled = settings.model_copy(update={"database_direct_url": database.owner_dsn})
    assert await fitted(pooled, database.app_dsn, 200) == (pooled, ""), "a pooler decides for itself"


@pytest.fixture
def server() -> Iterator[Server]:
    with installation(Draw.from_environment()) as made:
        yield made


def test_a_server_of_too_many_processes_does_not_start(server: Server) -> None:
    environment = plain_environment() | {"DATA_DIR": str(server.data_dir), "PORT": "0"}
    command = (*BATON, "serve", "--workers", "60")
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "use --workers 44 or fewer" in done.stderr
    assert done.stderr.count("\n") == 1
