"""A data folder from the end of every earlier release still starts, and nothing in it is lost."""

import asyncio
import gzip
import subprocess
from pathlib import Path

import asyncpg
import pytest

from app.services.caller import Caller
from app.services.referrals.views import inbox, open_referrals
from app.store import search_parameters
from app.store.embedded import EmbeddedPostgres
from app.wiring import bring_up_to_date
from tests.world import running

DUMPS = sorted(Path(__file__).parent.glob("*.sql.gz"))

pytestmark = pytest.mark.anyio


def test_there_is_a_dump_of_every_release() -> None:
    assert DUMPS, "make one: python -m tests.upgrades.make NAME"


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.name.split(".")[0])
async def test_it_starts_and_its_referrals_are_there(cluster: EmbeddedPostgres, dump: Path, tmp_path: Path) -> None:
    name = f"upgrade_{dump.name.split('.')[0].replace('-', '_')}"
    postgres = await asyncpg.connect(cluster.dsn("postgres", "postgres"))
    try:
        await postgres.execute(" ".join(("CREATE DATABASE", name, "OWNER baton_owner")))
        # as the superuser: the dump gives its tables to the owner itself, as a restore by the operator does
        psql = [str(cluster.programs / "psql"), "-v", "ON_ERROR_STOP=1", "-q", cluster.dsn(name, "postgres")]
        subprocess.run(psql, input=gzip.decompress(dump.read_bytes()), check=True, capture_output=True)
        await bring_up_to_date(cluster.dsn(name, "baton_owner"), "baton_app")
        async with running(cluster.dsn(name, "baton_app"), tmp_path) as world:
            operator = Caller(frozenset({world.network.coordinator}), "person", role="operator")
            waiting = await open_referrals(world.network, operator)
            (target,) = await world.network.store.pool.fetch("SELECT organization FROM member WHERE kind = 'target'")
            staff = Caller(frozenset({target["organization"]}), "person", role="intake")
            kept = {item.status for item in await inbox(world.network, staff)}
            assert (len(waiting), kept) == (2, {"in-progress", "completed"})
            # what the release before had no search rows for is made beside all that
            async with asyncio.timeout(60):
                while await world.network.store.pool.fetch("SELECT type FROM index_build"):
                    await asyncio.sleep(0.1)
            assert not await search_parameters.states(world.network.store)
    finally:
        await postgres.execute(" ".join(("DROP DATABASE IF EXISTS", name, "WITH (FORCE)")))
        await postgres.close()
