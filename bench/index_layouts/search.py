"""Measure every search in one layout: p50, p99 and plan, for three callers, in both ways PostgreSQL may plan."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from typing import Any
from uuid import UUID

import asyncpg

from bench.index_layouts.layouts import QUERIES, Layout
from bench.index_layouts.statements import statements
from bench.index_layouts.stopwatch import Stopwatch, summary
from bench.index_layouts.world import APP_ROLE

CALLERS = {"40 %": 1, "20 rows": 2, "everything": 0}
# auto: from the sixth execution on PostgreSQL may keep one plan for all values; custom: it plans for these values
PLAN_MODES = ("auto", "custom")
LEAST_WARM_UPS, WARM_UPS, SAMPLES, BUDGET_S = 6, 9, 100, 1.0
# a page that takes longer is recorded with this time, and not asked for again
TIMEOUT_S = 5


def member(n: int) -> UUID:
    """The same id as the SQL function member()."""
    return UUID(md5(f"member{n}".encode(), usedforsecurity=False).hexdigest())


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what they plausibly ask for."""

    name: str
    member: UUID
    samples: Sequence[Mapping[str, Any]]
    recent: datetime

    @classmethod
    async def load(cls, connection: asyncpg.Connection, name: str, n: int) -> "Caller":
        """The caller with a hundred of its own Tasks to ask for."""
        about = member(n if n else 1)
        return cls(
            name,
            member(n),
            await connection.fetch(statements("base")["samples"], member(n)),
            await connection.fetchval(statements("base")["recent"], about),
        )

    def cases(self, query: str, i: int) -> dict[str, tuple[Any, ...]]:
        """Case name -> arguments of the i-th execution."""
        sample, members = self.samples[i % len(self.samples)], [self.member]
        # The network's own member looks into the largest member's inbox.
        about = self.member if self.name != "everything" else member(1)
        codes = [f"need-{(sample['n'] * 7 + k * 9) % 200}" for k in range(20)]
        cases: dict[str, dict[str, tuple[Any, ...]]] = {
            "inbox": {
                "inbox_requested": (members, about, "requested"),
                "inbox_completed": (members, about, "completed"),
            },
            "inbox_open": {"inbox_open": (members, about, ["requested", "accepted", "in-progress"])},
            "poll": {
                "poll_recent": (members, about, self.recent),
                "poll_backlog": (members, about, datetime(2024, 1, 2, tzinfo=UTC)),
            },
            "id_include": {"id_include": (members, sample["task"])},
            "patient": {"patient": (members, UUID(sample["patient"]))},
            "identifier": {"identifier": (members, f"T-{sample['n']}")},
            "or_20": {"or_20": (members, codes)},
            "owner_missing": {"owner_missing": (members,)},
            "chain_identifier": {"chain_identifier": (members, f"P-{sample['n'] // 4}")},
            "chain_intent": {"chain_intent": (members, "filler-order")},
        }
        return cases[query]


async def measure(dsn: str, layout: Layout) -> list[dict[str, Any]]:
    """One record per case, caller, shape and plan mode; times in ms."""
    connection = await asyncpg.connect(dsn, server_settings={"statement_timeout": f"{TIMEOUT_S}s"})
    callers = [await Caller.load(connection, name, n) for name, n in CALLERS.items()]
    await connection.execute("SET ROLE " + APP_ROLE)
    records = []
    for mode in PLAN_MODES:
        await connection.execute("SET plan_cache_mode = " + ("auto" if mode == "auto" else "force_custom_plan"))
        for query in QUERIES:
            for shape in layout.shapes:
                sql = layout.page(query, shape)
                if sql is None:
                    continue
                records += await _query(connection, sql, query, callers, {"shape": shape, "mode": mode})
    await connection.close()
    return records


async def _query(
    connection: asyncpg.Connection, sql: str, query: str, callers: Sequence[Caller], labels: dict[str, str]
) -> list[dict[str, Any]]:
    statement = await connection.prepare(sql)
    # One pooled connection serves all callers, so the executions that shape a generic plan are mixed.
    started = time.monotonic()
    for i in range(WARM_UPS):
        caller = callers[i % len(callers)]
        if i >= LEAST_WARM_UPS and time.monotonic() - started > BUDGET_S:
            break
        tried = [await _run(connection, statement, caller, args) for args in caller.cases(query, i).values()]
        if any(found is None for _, found in tried):
            break
    records = []
    for caller in callers:
        for case in caller.cases(query, 0):
            times: list[float] = []
            rows: list[int | None] = []
            started = time.monotonic()
            while len(times) < SAMPLES and (len(times) < 3 or time.monotonic() - started < BUDGET_S):
                elapsed, found = await _run(connection, statement, caller, caller.cases(query, len(times))[case])
                times.append(elapsed)
                rows.append(found)
                if found is None:
                    break
            generic = await connection.fetchval(
                "SELECT generic_plans > 0 FROM pg_prepared_statements WHERE name = $1", statement.get_name()
            )
            plan = await _plan(connection, statement, generic, caller, caller.cases(query, 0)[case])
            records.append(
                {
                    "case": case,
                    "caller": caller.name,
                    **labels,
                    "rows": rows[0],
                    **summary(times),
                    "generic": generic,
                    "plan": plan,
                }
            )
    return records


async def _run(
    connection: asyncpg.Connection, statement: Any, caller: Caller, args: tuple[Any, ...]
) -> tuple[float, int | None]:
    """Milliseconds and how many rows came, None when it took too long."""
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('baton.members', $1, true)", "{" + str(caller.member) + "}")
            with Stopwatch(connection) as watch:
                rows = await statement.fetch(*args)
    except asyncpg.QueryCanceledError:
        return TIMEOUT_S * 1000, None
    return watch.ms, len(rows)


async def _plan(
    connection: asyncpg.Connection, statement: Any, generic: bool, caller: Caller, args: tuple[Any, ...]
) -> str:
    async with connection.transaction():
        await connection.execute("SELECT set_config('baton.members', $1, true)", "{" + str(caller.member) + "}")
        if not generic:
            return outline((await statement.explain(*args))[0]["Plan"])
        await connection.execute(
            "SET LOCAL plan_cache_mode = force_generic_plan; PREPARE generic AS " + statement.get_query()
        )
        nothing = ", ".join(["NULL"] * len(args))
        text = await connection.fetchval("EXPLAIN (FORMAT JSON) EXECUTE generic (" + nothing + ")")
        await connection.execute("DEALLOCATE generic")
        return outline(json.loads(text)[0]["Plan"])


def outline(node: Mapping[str, Any]) -> str:
    """A plan in one line: Limit(Nested Loop(Index Scan index_task_inbox, ...))."""
    where = node.get("Index Name") or node.get("Relation Name") or node.get("CTE Name") or ""
    children = ", ".join(outline(child) for child in node.get("Plans", ()))
    return f"{node['Node Type']}{' ' + where if where else ''}{f'({children})' if children else ''}"
