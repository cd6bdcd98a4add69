"""Build one layout's database: load it, change every Task's status five times, let autovacuum settle."""

import asyncio
import time
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bench.index_layouts.layouts import Layout
from bench.index_layouts.statements import fill, statements

LOTS = 50
STEPS = 5
APP_ROLE = "baton_bench_app"


def database(dsn: str, name: str) -> str:
    """The same server's DSN for another database."""
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(path=f"/{name}"))


async def build(dsn: str, layout: Layout, tasks: int) -> str:
    """Make the layout's database with this many Tasks, in the state of a network that has run for long; its DSN."""
    name = "layout_" + layout.name.replace("-", "_")
    admin = await asyncpg.connect(dsn)
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.execute(f'CREATE DATABASE "{name}"')
    if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", APP_ROLE):
        await admin.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
    await admin.close()
    own = database(dsn, name)
    connection = await asyncpg.connect(own, command_timeout=3600)
    # Loading and churning are not measured; the tables and indexes end up the same with these off.
    await connection.execute("SET synchronous_commit = off")
    await load(connection, layout, tasks)
    await churn(connection, layout)
    await settle(connection)
    await connection.close()
    return own


async def load(connection: asyncpg.Connection, layout: Layout, tasks: int) -> None:
    """Fill the shared tables, then the layout's own, then switch row-level security on."""
    base = statements("base")
    participation = base["participation_sorted" if layout.sorted else "participation_plain"]
    for sql in (
        base["functions"],
        base["seed"],
        base["resources"],
        participation,
        statements(layout.file)["load"],
        base["security"],
    ):
        started = time.monotonic()
        await connection.execute(fill(sql, tasks=tasks))
        print(f"  loaded {sql.split('(')[0][:40]!r} in {time.monotonic() - started:.0f} s", flush=True)
    await connection.execute("ANALYZE")


async def churn(connection: asyncpg.Connection, layout: Layout) -> None:
    """Five status changes of every Task, a fiftieth of the Tasks at a time, in an order unrelated to their creation."""
    base, started = statements("base"), time.monotonic()
    await connection.execute("CREATE TEMP TABLE chunk (task uuid, status text, at timestamptz)")
    # A chunk is small against the tables, which the planner cannot know before it is analyzed.
    await connection.execute("SET enable_hashjoin = off; SET enable_mergejoin = off")
    for step in range(1, STEPS + 1):
        for lot in range(LOTS):
            await connection.execute(fill(base["chunk"], step=step, lot=lot))
            await connection.execute(statements(layout.file)["chunk"])
            if layout.sorted:
                await connection.execute(base["chunk_sorted"])
        print(f"  status change {step} after {time.monotonic() - started:.0f} s", flush=True)


async def settle(connection: asyncpg.Connection, patience_s: float = 240) -> None:
    """Wait until autovacuum has had nothing to do for two of its rounds."""
    started, quiet = time.monotonic(), 0
    while quiet < 6 and time.monotonic() - started < patience_s:
        await asyncio.sleep(2)
        busy = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"
        )
        quiet = 0 if busy else quiet + 1
    print(f"  settled after {time.monotonic() - started:.0f} s", flush=True)
    await connection.execute("CHECKPOINT")
