"""Search rows made anew, batch by batch; the rows themselves are written as `index_write.py` says."""

import re
from collections.abc import Collection, Sequence
from uuid import UUID

from app.store.index_write import INDEX_ROWS, IndexRows
from app.store.pool import Unit
from app.store.resources import COLUMNS, Stored
from app.store.visibility import VISIBLE

FIRST_OF_INDEX_ROWS = 38
COUNT = """
SELECT count(*) FROM resource r WHERE r.type = ANY($2::text[]) AND NOT r.deleted AND {visible}
""".replace("{visible}", VISIBLE)
_BATCH = """
SELECT {columns} FROM resource r JOIN version v ON v.resource = r.id AND v.version = r.version
WHERE r.type = $2 AND r.id > $3 AND NOT r.deleted AND {visible}
ORDER BY r.id LIMIT $4 FOR UPDATE OF r
"""
BATCH = _BATCH.replace("{columns}", COLUMNS).replace("{visible}", VISIBLE)
FORGET = (
    "DELETE FROM index_token WHERE resource = ANY($1::uuid[])",
    "DELETE FROM index_reference WHERE resource = ANY($1::uuid[])",
    "DELETE FROM index_date WHERE resource = ANY($1::uuid[])",
    "DELETE FROM index_string WHERE resource = ANY($1::uuid[])",
)
# a reference to a registered EHR leads to our copy, where we have one
POINT_TO_COPIES = """
UPDATE index_reference i SET target = o.local
FROM origin o JOIN connection c ON c.id = o.connection
WHERE i.resource = ANY($1::uuid[]) AND i.target IS NULL AND i.written = concat_ws('/', c.fhir_base, o.type, o.remote_id)
"""
ACTIVATE = "UPDATE search_parameter SET state = 'active' WHERE type = $1 AND state = 'building'"
BEFORE_ALL = UUID(int=0)


def _renumbered(fragment: str) -> str:
    """The fragment of `record.py`'s statement, its parameters counted from $1."""
    first = FIRST_OF_INDEX_ROWS - 1
    return re.sub(r"\$(\d+)", lambda found: "$" + str(int(found[1]) - first), fragment)


PUT = "".join(("WITH nothing AS (SELECT 1)", _renumbered(INDEX_ROWS), "SELECT 1"))


async def count(unit: Unit, types: Collection[str]) -> int:
    found: int = await unit.conn.fetchval(COUNT, list(unit.members), list(types))
    return found


async def locked_batch(unit: Unit, type_name: str, *, after: UUID | None, limit: int) -> list[Stored]:
    """The next resources of a type by key, locked until the transaction ends."""
    rows = await unit.conn.fetch(BATCH, list(unit.members), type_name, after or BEFORE_ALL, limit)
    return [Stored(*row.values()) for row in rows]


async def replace(unit: Unit, resources: Sequence[UUID], rows: IndexRows) -> None:
    for forget in FORGET:
        await unit.conn.execute(forget, list(resources))
    await unit.conn.execute(PUT, *rows.arrays())
    await unit.conn.execute(POINT_TO_COPIES, list(resources))


async def activate(unit: Unit, type_name: str) -> None:
    """From the next start of a server on, every parameter of the type answers."""
    await unit.conn.execute(ACTIVATE, type_name)
