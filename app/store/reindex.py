"""Search rows made anew, batch by batch; the rows themselves are written as `index_write.py` says.

A build of a type's new parameters keeps in `index_build` how far it is, in the transaction of each batch: whoever
takes it up next, after a kill too, goes on from there.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.store.index_write import WIDTHS, IndexRows, index_rows
from app.store.pool import Store, Unit
from app.store.resources import COLUMNS, Stored
from app.store.visibility import TAKES_PART

COUNT = """
SELECT count(*) FROM resource r WHERE r.type = ANY($2::text[]) AND NOT r.deleted AND {visible}
""".replace("{visible}", TAKES_PART)
# locked first and read after: what another writer has just changed is then what is read
LOCKED = """
SELECT r.id FROM resource r WHERE r.type = $2 AND r.id > $3 AND NOT r.deleted AND {visible}
ORDER BY r.id LIMIT $4 FOR NO KEY UPDATE OF r
""".replace("{visible}", TAKES_PART)
READ = """
SELECT {columns} FROM resource r JOIN version v ON v.resource = r.id AND v.version = r.version
WHERE r.id = ANY($1::uuid[]) ORDER BY r.id
""".replace("{columns}", COLUMNS)
_FORGET = "DELETE FROM index_token WHERE resource = ANY($1::uuid[]) AND param = ANY($2::smallint[])"
FORGET = tuple(_FORGET.replace("index_token", "index_" + kind) for kind in WIDTHS)
# a reference to a registered EHR leads to our copy, where we have one
POINT_TO_COPIES = """
UPDATE index_reference i SET target = o.local
FROM origin o JOIN connection c ON c.id = o.connection
WHERE i.resource = ANY($1::uuid[]) AND i.target IS NULL AND i.written = concat_ws('/', c.fhir_base, o.type, o.remote_id)
"""
PUT = "".join(("WITH nothing AS (SELECT 1)", index_rows(1), "SELECT 1"))
BEFORE_ALL = UUID(int=0)

BUILDS = "SELECT type, reached, done, total FROM index_build ORDER BY type"
# one process builds a type at a time; the others take another type
TAKEN_UP = "SELECT type, reached, done, total FROM index_build WHERE type = $1 FOR UPDATE SKIP LOCKED"
CODES = "SELECT code FROM search_parameter WHERE type = $1 AND state IN ('building', 'renewing')"
NOTED = "UPDATE index_build SET reached = $2, done = $3, total = $4 WHERE type = $1"
ACTIVATE = """
UPDATE search_parameter SET state = 'active'
WHERE type = $1 AND code = ANY($2::text[]) AND state IN ('building', 'renewing')
"""
FINISHED = "DELETE FROM index_build WHERE type = $1"


@dataclass(frozen=True, slots=True)
class Build:
    """How far a type's rows are: everything up to the key `reached`, `done` of about `total` resources."""

    type: str
    reached: UUID
    done: int
    total: int


async def builds(store: Store) -> list[Build]:
    """What is being built."""
    return [Build(*row.values()) for row in await store.pool.fetch(BUILDS)]


async def take_up(unit: Unit, type_name: str) -> Build | None:
    """A type's build, until the transaction ends ours alone; None when it is finished or another's."""
    row = await unit.conn.fetchrow(TAKEN_UP, type_name)
    return Build(*row.values()) if row else None


async def codes_to_build(unit: Unit, type_name: str) -> frozenset[str]:
    """The parameters of a type that have no rows of resources stored before."""
    return frozenset(row["code"] for row in await unit.conn.fetch(CODES, type_name))


async def note(unit: Unit, build: Build) -> None:
    await unit.conn.execute(NOTED, build.type, build.reached, build.done, build.total)


async def finish(unit: Unit, type_name: str, codes: Collection[str]) -> None:
    """These parameters answer from now on; nothing of the type is left to build."""
    await unit.conn.execute(ACTIVATE, type_name, list(codes))
    await unit.conn.execute(FINISHED, type_name)


async def count(unit: Unit, types: Collection[str]) -> int:
    found: int = await unit.conn.fetchval(COUNT, list(unit.members), list(types))
    return found


async def locked_batch(unit: Unit, type_name: str, *, after: UUID, limit: int) -> list[Stored]:
    """The next resources of a type by key, locked until the transaction ends."""
    locked = await unit.conn.fetch(LOCKED, list(unit.members), type_name, after, limit)
    rows = await unit.conn.fetch(READ, [row["id"] for row in locked])
    return [Stored(*row.values()) for row in rows]


async def replace(unit: Unit, resources: Sequence[UUID], params: Collection[int], rows: IndexRows) -> None:
    """The rows of these parameters, instead of those that these resources have."""
    for forget in FORGET:
        await unit.conn.execute(forget, list(resources), list(params))
    await unit.conn.execute(PUT, *rows.arrays())
    await unit.conn.execute(POINT_TO_COPIES, list(resources))
