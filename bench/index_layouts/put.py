"""Measure one PUT of a Task's status: WAL bytes, rows, milliseconds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from bench.index_layouts.layouts import Layout
from bench.index_layouts.stopwatch import Stopwatch, summary
from bench.index_layouts.world import APP_ROLE

PUTS = 300
BODY = b"x" * 100


async def measure(dsn: str, layout: Layout) -> dict[str, Any]:
    """Figures per PUT; `wal_bytes` without full page images, `wal_bytes_after_checkpoint` with them, times in ms."""
    admin = await asyncpg.connect(dsn)
    seeds = await admin.fetch("SELECT * FROM seed ORDER BY pick(n, 42, 1000000) LIMIT $1", PUTS * 2 + 20)
    writer = await asyncpg.connect(dsn)
    await writer.execute("SET ROLE " + APP_ROLE)
    statement = await writer.prepare(layout.put())
    # Autovacuum's own WAL must not be counted as the writer's: PostgreSQL counts per backend.
    for seed in seeds[:20]:
        await _put(writer, statement, seed)
    result: dict[str, Any] = {}
    for label, on, batch in (
        ("wal_bytes", False, seeds[20 : 20 + PUTS]),
        ("wal_bytes_after_checkpoint", True, seeds[20 + PUTS :]),
    ):
        await admin.execute("ALTER SYSTEM SET full_page_writes = " + ("on" if on else "off"))
        await admin.execute("SELECT pg_reload_conf()")
        await admin.execute("CHECKPOINT")
        before, rows_before = await _wal(admin, writer), await _rows(admin, writer)
        times = [await _put(writer, statement, seed) for seed in batch]
        after, rows_after = await _wal(admin, writer), await _rows(admin, writer)
        result[label] = round((after["wal_bytes"] - before["wal_bytes"]) / len(batch))
        if not on:
            result |= {
                "wal_records": round((after["wal_records"] - before["wal_records"]) / len(batch), 1),
                "rows": round((rows_after["rows"] - rows_before["rows"]) / len(batch), 1),
                "hot": round((rows_after["hot"] - rows_before["hot"]) / len(batch), 1),
            }
        else:
            result |= summary(times)
    await admin.close()
    await writer.close()
    return result


async def _put(connection: asyncpg.Connection, statement: Any, seed: Any) -> float:
    async with connection.transaction():
        member = seed["requester"]
        await connection.execute("SELECT set_config('baton.members', $1, true)", "{" + str(member) + "}")
        status = ("on-hold", "in-progress")[seed["n"] % 2]
        authored_on = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=seed["n"])
        with Stopwatch(connection) as watch:
            version = await statement.fetchval(
                seed["task"],
                BODY,
                status,
                seed["code"],
                f"T-{seed['n']}",
                seed["owner"],
                seed["requester"],
                seed["patient"],
                seed["request"],
                authored_on,
            )
    if version is None:
        raise SystemExit("the PUT wrote nothing")
    return watch.ms


async def _wal(admin: asyncpg.Connection, writer: asyncpg.Connection) -> Any:
    await writer.execute("SELECT pg_stat_force_next_flush()")
    return await admin.fetchrow(
        "SELECT wal_bytes::bigint, wal_records FROM pg_stat_get_backend_wal($1)", writer.get_server_pid()
    )


async def _rows(admin: asyncpg.Connection, writer: asyncpg.Connection) -> Any:
    await writer.execute("SELECT pg_stat_force_next_flush()")
    return await admin.fetchrow(
        """SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint AS rows, sum(n_tup_hot_upd)::bigint AS hot
           FROM pg_stat_user_tables"""
    )
