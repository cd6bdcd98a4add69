"""The numbers of search parameters and their states; a building one is refused and absent from /metadata."""

from collections.abc import Iterable

import asyncpg

from app.store.pool import Store

KNOWN = "SELECT id, type, code, state FROM search_parameter"
# A parameter that comes to a type that has resources already has to be built before it may answer.
ADD = """
INSERT INTO search_parameter (id, type, code, state)
SELECT coalesce((SELECT max(id) FROM search_parameter), 0) + row_number() OVER (ORDER BY n.type, n.code),
    n.type, n.code,
    CASE WHEN $3 THEN 'building' ELSE 'active' END
FROM unnest($1::text[], $2::text[]) AS n (type, code)
ON CONFLICT (type, code) DO NOTHING
"""

Numbers = dict[str, dict[str, int]]


async def synchronise(dsn: str, wanted: Iterable[tuple[str, str]]) -> None:
    """Gives every (type, code) of the registry its number; called by the migrator, as the owner."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE search_parameter IN EXCLUSIVE MODE")
            known = {(row["type"], row["code"]) for row in await connection.fetch(KNOWN)}
            types_in_use = {type_name for type_name, _ in known}
            for building in (False, True):
                new = sorted(pair for pair in set(wanted) - known if (pair[0] in types_in_use) == building)
                await connection.execute(ADD, [pair[0] for pair in new], [pair[1] for pair in new], building)
    finally:
        await connection.close()


async def active(store: Store) -> Numbers:
    """type -> code -> number, of those that may be asked for."""
    return _numbers([row for row in await store.pool.fetch(KNOWN) if row["state"] == "active"])


async def all_numbers(store: Store) -> Numbers:
    """type -> code -> number, building ones too: writers fill them already."""
    return _numbers(await store.pool.fetch(KNOWN))


def _numbers(rows: Iterable[asyncpg.Record]) -> Numbers:
    numbers: Numbers = {}
    for row in rows:
        numbers.setdefault(row["type"], {})[row["code"]] = row["id"]
    return numbers
