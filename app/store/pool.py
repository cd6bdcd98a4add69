"""One pool, one transaction per unit of work, and in each the members it acts for.

The members are the second lock: row-level security shows a transaction only what they take part in.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from app.store.visibility import EVERYBODY

# The transaction id is taken before the clock is read: a poller that sees no running writer sees all stamps (ADR 0004).
STAMP = "SELECT pg_current_xact_id()::text AS writer, date_trunc('milliseconds', clock_timestamp()) AS now"


@dataclass(slots=True)
class Unit:
    """One transaction, seeing what `members` take part in."""

    conn: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
    members: frozenset[UUID]
    stamp: datetime | None = None
    acting_for: set[UUID] = field(default_factory=set)
    wakes_worker: bool = False

    @property
    def now(self) -> datetime:
        """Database time to the millisecond, read after the writer's transaction id was taken; for writers only."""
        if self.stamp is None:
            raise RuntimeError("a reading unit has no stamp: open it with write=True")
        return self.stamp

    async def also_for(self, members: Collection[UUID]) -> None:
        """Widens the context to rows of `members`: for acts, such as a withdrawal, that end what others may see."""
        if not set(members) <= self.acting_for:
            self.acting_for |= set(members)
            wanted = self.members | self.acting_for
            await self.conn.execute("SELECT set_config('baton.members', $1, true)", _array(wanted))


class Wake:
    """Says to everybody who waits for work that there is some; each has an event of its own, to clear when it looks."""

    def __init__(self) -> None:
        self._ears: list[asyncio.Event] = []

    def ear(self) -> asyncio.Event:
        self._ears.append(asyncio.Event())
        return self._ears[-1]

    def set(self) -> None:
        for ear in self._ears:
            ear.set()


class Store:
    """The door to PostgreSQL: `async with store.unit(members) as unit`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.pool = pool
        # a write in this process wakes the workers in this process; others poll
        self.wake = Wake()

    @classmethod
    async def open(
        cls, dsn: str, *, max_size: int = 10, statement_timeout_s: float = 5, idle_timeout_s: float = 10
    ) -> "Store":
        """Connections of a role that owns nothing; statements and idle transactions end after these times."""
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=max_size,
            server_settings={
                "application_name": "baton",
                "statement_timeout": str(int(statement_timeout_s * 1000)),
                "lock_timeout": "2000",
                "idle_in_transaction_session_timeout": str(int(idle_timeout_s * 1000)),
                "timezone": "UTC",
                # the tables are small to the planner's eye and hot: compiling a plan costs more than it saves
                "jit": "off",
            },
            reset=_as_it_was,
        )
        return cls(pool)

    async def close(self) -> None:
        await self.pool.close()

    @asynccontextmanager
    async def unit(
        self, members: Collection[UUID], *, write: bool = False, searching: bool = False
    ) -> AsyncIterator[Unit]:
        """A transaction that sees what `members` take part in; committed at the end, rolled back on any exception."""
        context = frozenset(members) | {EVERYBODY}
        async with self.pool.acquire() as conn:
            await conn.execute(opening(context, PLANNED_ANEW if searching else PLANNED_ONCE if write else ""))
            try:
                stamp = await conn.fetchval(STAMP, column=1) if write else None
                unit = Unit(conn, context, stamp)
                yield unit
            except BaseException:
                await conn.execute("ROLLBACK")
                raise
            await conn.execute("COMMIT")
        if unit.wakes_worker:
            self.wake.set()


# A search is planned for its own values: what suits a member with twenty rows is slow for one with 40 % (ADR 0002). It
# merges no joins: walking all parts in the matches' order is quick where these are the newest, and reads everything
# where they are old.
PLANNED_ANEW = "; SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_mergejoin = off"
# A writer asks by keys only, for which every plan is the same: planning anew, policies and all, costs twice the answer.
PLANNED_ONCE = "; SET LOCAL plan_cache_mode = force_generic_plan"


def opening(members: Collection[UUID], planning: str = "") -> str:
    """Begins a transaction that acts for `members`, in one round trip; `planning` is one of the two above, or ''."""
    return "".join(("BEGIN; SET LOCAL baton.members = '", _array(members), "'", planning))


async def _as_it_was(_: object) -> None:
    """Instead of asyncpg's reset, one more round trip each time: nothing here outlives its transaction."""


def _array(members: Collection[UUID]) -> str:
    """A PostgreSQL array literal; the values are UUIDs, so nothing needs quoting."""
    return "{" + ",".join(str(UUID(str(member))) for member in members) + "}"
