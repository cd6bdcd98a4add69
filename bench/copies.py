"""Copies of examples, made inside PostgreSQL: the same rows with other keys, earlier and earlier.

Every column is copied by its type: keys and texts get the copy's stem, times move with it, bodies both. What no search
and no read looks at (audit, events, deliveries) is not copied.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import asyncpg

from bench.examples import STEM, Example

# table -> the column by which a row belongs to an example
TABLES = {
    "resource": "id",
    "version": "resource",
    "participation": "resource",
    "referral": "id",
    "basis": "id",
    "child_task": "task",
    "index_task": "resource",
    "index_token": "resource",
    "index_reference": "resource",
    "index_date": "resource",
    "index_string": "resource",
    "index_quantity": "resource",
    "index_pair": "resource",
}
LOT = 5_000
# as many as a small machine has processors
AT_ONCE = 2
# from so many copies on it is quicker to make the secondary indexes anew
MANY = 20_000
COLUMNS = """
SELECT column_name AS name, data_type AS type FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position
"""
SECONDARY = """
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
WHERE i.indrelid::regclass::text = ANY($1::text[]) AND c.oid IS NULL ORDER BY 1
"""
INSTANT = "to_char(({}) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
COPIED = {
    "uuid": "replace(e.{}::text, l.old, l.new)::uuid",
    "text": "replace(e.{}, l.old, l.new)",
    "timestamp with time zone": "e.{} - l.back",
    "xid8": "pg_current_xact_id()",
    "bytea": "convert_to(replace(replace(convert_from(e.{}, 'UTF8'), l.old, l.new), "
    + INSTANT.format("e.last_updated")
    + ", "
    + INSTANT.format("e.last_updated - l.back")
    + "), 'UTF8')",
}

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Copies:
    """So many copies, of the examples in turn; the newest is of this moment, each before it `apart` earlier.

    `mark` tells the keys of several sets of copies apart.
    """

    examples: Sequence[Example]
    count: int
    newest: datetime
    apart: timedelta
    mark: int

    def stems(self) -> list[str]:
        """Of all copies, oldest first."""
        return [self.stem(number) for number in range(self.count)]

    def example(self, number: int) -> Example:
        return self.examples[number % len(self.examples)]

    def stem(self, number: int) -> str:
        moment = self.newest - (self.count - number) * self.apart
        return _stem(int(moment.timestamp() * 1000), self.mark)


async def make(superuser_dsn: str, copies: Copies, progress: Progress = lambda _: None) -> None:
    """Makes the copies; `progress` is told how many there are by now."""
    async with AsyncExitStack() as stack:
        superusers = [await stack.enter_async_context(connected(superuser_dsn)) for _ in range(AT_ONCE)]
        many = copies.count >= MANY
        indexes = await superusers[0].fetch(SECONDARY, list(TABLES)) if many else []
        for index in indexes:
            await superusers[0].execute("DROP INDEX " + index["name"])
        lots = iter(range(0, copies.count, LOT))
        done = count(LOT, LOT)
        await asyncio.gather(
            *(_lots(each, copies, lots, lambda: progress(min(next(done), copies.count))) for each in superusers)
        )
        await superusers[0].execute("SET maintenance_work_mem = '512MB'")
        for index in indexes:
            await superusers[0].execute(index["definition"])


async def _lots(
    superuser: asyncpg.Connection, copies: Copies, lots: Iterator[int], progress: Callable[[], None]
) -> None:
    """Makes lots, which begin at these numbers, for as long as there are any."""
    # keys are right by construction: no checks of references, no waits for the disk
    await superuser.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    statements = [await _prepared(superuser, table, key, copies) for table, key in TABLES.items()]
    await superuser.execute("CREATE TEMP TABLE lot (old text, new text, back interval)")
    for start in lots:
        rows = [_row(copies, number) for number in range(start, min(start + LOT, copies.count))]
        await superuser.copy_records_to_table("lot", records=rows)
        await superuser.execute("ANALYZE lot")
        for statement in statements:
            await superuser.execute(statement)
        await superuser.execute("TRUNCATE lot")
        progress()


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """For long work: nothing ends it."""
    connection = await asyncpg.connect(dsn, command_timeout=3600)
    try:
        await connection.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        yield connection
    finally:
        await connection.close()


async def _prepared(superuser: asyncpg.Connection, table: str, key: str, copies: Copies) -> str:
    """Puts the examples' rows of a table aside; returns the statement that copies them for a lot."""
    aside = "CREATE TEMP TABLE example_{t} AS SELECT left({k}::text, {n}) AS stem, t.* FROM {t} t WHERE false"
    await superuser.execute(aside.format(t=table, k=key, n=STEM))
    own = "INSERT INTO example_{t} SELECT s, t.* FROM {t} t, left(t.{k}::text, {n}) s WHERE s = ANY($1::text[])"
    await superuser.execute(own.format(t=table, k=key, n=STEM), [example.stem for example in copies.examples])
    await superuser.execute("ANALYZE example_" + table)
    columns = [(row["name"], row["type"]) for row in await superuser.fetch(COLUMNS, table)]
    values = ", ".join(COPIED.get(type_name, "e.{}").format(name, name) for name, type_name in columns)
    names = ", ".join(name for name, _ in columns)
    copying = "INSERT INTO {t} ({c}) SELECT {v} FROM lot l JOIN example_{t} e ON e.stem = l.old"
    return copying.format(t=table, c=names, v=values)


def _row(copies: Copies, number: int) -> tuple[str, str, timedelta]:
    example, stem = copies.example(number), copies.stem(number)
    return example.stem, stem, timedelta(milliseconds=_milliseconds(example.stem) - _milliseconds(stem))


def _stem(milliseconds: int, mark: int) -> str:
    """The first three groups of a UUIDv7 of this time."""
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}-7{mark:03x}"


def _milliseconds(stem: str) -> int:
    return int(stem[:8] + stem[9:13], 16)


def now() -> datetime:
    return datetime.now(UTC)
