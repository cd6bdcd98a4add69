"""The numbers of search parameters and their states.

`active`: it answers. `building`: it came to a type that has resources, whose rows the worker makes; until then it is
refused. `renewing`: it answers, but not yet what resources of an earlier release have no rows for. `gone`: the registry
has it no longer.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import asyncpg

from app.store.pool import Store

KNOWN = "SELECT id, type, code, state FROM search_parameter"
ADD = """
INSERT INTO search_parameter (id, type, code, state)
SELECT coalesce((SELECT max(id) FROM search_parameter), 0) + row_number() OVER (ORDER BY n.type, n.code),
    n.type, n.code,
    CASE WHEN $3 THEN 'building' ELSE 'active' END
FROM unnest($1::text[], $2::text[]) AS n (type, code)
ON CONFLICT (type, code) DO NOTHING
"""
# rows of a parameter that was away have gaps
STATE = """
UPDATE search_parameter SET state = $3
FROM unnest($1::text[], $2::text[]) AS n (type, code)
WHERE (search_parameter.type, search_parameter.code) = (n.type, n.code)
"""
# what is built already has no rows of a parameter that comes now
FROM_THE_BEGINNING = """
INSERT INTO index_build (type, reached, done, total)
SELECT unnest($1::text[]), '00000000-0000-0000-0000-000000000000', 0, 0
ON CONFLICT (type) DO UPDATE SET reached = excluded.reached, done = 0, total = 0
"""
CARRIED_ON = """
INSERT INTO index_build (type, reached, done, total)
SELECT DISTINCT type, '00000000-0000-0000-0000-000000000000'::uuid, 0, 0 FROM search_parameter
WHERE state IN ('building', 'renewing')
ON CONFLICT (type) DO NOTHING
"""

Numbers = dict[str, dict[str, int]]
Pairs = set[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class States:
    """(type, code) of the parameters that do not answer, or not everything."""

    building: frozenset[tuple[str, str]]
    renewing: frozenset[tuple[str, str]]

    def __bool__(self) -> bool:
        return bool(self.building or self.renewing)


async def synchronise(dsn: str, wanted: Iterable[tuple[str, str]]) -> None:
    """Gives every (type, code) of the registry its number; called by the migrator, as the owner."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE search_parameter IN EXCLUSIVE MODE")
            known = {(row["type"], row["code"]): row["state"] for row in await connection.fetch(KNOWN)}
            await _synchronise(connection, known, set(wanted))
    finally:
        await connection.close()


async def _synchronise(connection: asyncpg.Connection, known: dict[tuple[str, str], str], wanted: Pairs) -> None:
    types_in_use = {type_name for type_name, _ in known}
    new = wanted - known.keys()
    late = {pair for pair in new if pair[0] in types_in_use}
    back = {pair for pair in wanted & known.keys() if known[pair] == "gone"}
    away = {pair for pair in known.keys() - wanted if known[pair] != "gone"}
    await connection.execute(ADD, *_columns(new - late), False)
    await connection.execute(ADD, *_columns(late), True)
    await connection.execute(STATE, *_columns(back), "building")
    await connection.execute(STATE, *_columns(away), "gone")
    await connection.execute(FROM_THE_BEGINNING, sorted({type_name for type_name, _ in late | back}))
    await connection.execute(CARRIED_ON)


def _columns(pairs: Collection[tuple[str, str]]) -> tuple[list[str], list[str]]:
    ordered = sorted(pairs)
    return [type_name for type_name, _ in ordered], [code for _, code in ordered]


async def states(store: Store) -> States:
    """What may not be asked for yet."""
    rows = await store.pool.fetch(KNOWN)
    building, renewing = (
        frozenset((row["type"], row["code"]) for row in rows if row["state"] == state)
        for state in ("building", "renewing")
    )
    return States(building, renewing)


async def all_numbers(store: Store) -> Numbers:
    """type -> code -> number, building ones too: writers fill them already."""
    numbers: Numbers = {}
    for row in await store.pool.fetch(KNOWN):
        numbers.setdefault(row["type"], {})[row["code"]] = row["id"]
    return numbers
