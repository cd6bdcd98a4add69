"""The profiles, tags and security labels in use among what the caller may see."""

from collections.abc import Collection

from app.store.pool import Unit
from app.store.visibility import VISIBLE

MOST = 1000
USED = """
SELECT DISTINCT i.param, i.system, i.value FROM index_token i JOIN resource r ON r.id = i.resource
WHERE i.param = ANY($2::smallint[]) AND NOT r.deleted AND {visible}
ORDER BY i.value, i.system, i.param LIMIT $3
""".replace("{visible}", VISIBLE)


async def used(unit: Unit, numbers: Collection[int]) -> list[tuple[int, str, str]]:
    """(parameter number, system or '', value), each once, at most MOST of them."""
    rows = await unit.conn.fetch(USED, list(unit.members), list(numbers), MOST)
    return [(row["param"], row["system"], row["value"]) for row in rows]
