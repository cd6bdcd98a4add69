"""The profiles, tags and security labels in use among what the caller may see."""

from collections.abc import Mapping

from app.store.pool import Unit
from app.store.visibility import VISIBLE

# more than anybody chooses from; whoever has more is told so
MOST = 10_000
USED = """
SELECT DISTINCT w.element, i.system, i.value FROM unnest($2::smallint[], $3::text[]) AS w (param, element)
JOIN index_token i ON i.param = w.param AND (w.element <> 'profile' OR i.system = '')
JOIN resource r ON r.id = i.resource
WHERE NOT r.deleted AND {visible}
ORDER BY i.value, i.system, w.element LIMIT 10001
""".replace("{visible}", VISIBLE)


async def used(unit: Unit, elements: Mapping[int, str]) -> list[tuple[str, str, str]]:
    """(element of Meta, system or '', value), each once; one more than MOST when there are more. `elements`: the number
    of a search parameter -> the element that it indexes."""
    rows = await unit.conn.fetch(USED, list(unit.members), list(elements), list(elements.values()))
    return [(row["element"], row["system"], row["value"]) for row in rows]
