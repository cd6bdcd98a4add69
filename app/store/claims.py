"""Who creates what under an identifier: the unique key that makes a conditional create safe under load."""

from collections.abc import Sequence
from uuid import UUID

from app.store.index_text import short
from app.store.pool import Unit
from app.store.visibility import VISIBLE

AUTHORED = """
SELECT DISTINCT t.resource FROM index_token t JOIN resource r ON r.id = t.resource AND r.type = $2 AND NOT r.deleted
WHERE t.param = $3 AND t.system = $4 AND t.value = $5 AND EXISTS (
    SELECT 1 FROM participation p
    WHERE p.resource = t.resource AND p.member = ANY($1::uuid[]) AND p.role = 'author' AND p.until > now())
LIMIT 2
"""
# what the caller sees, whoever wrote it: nothing is created for what is not there
VISIBLE_ONES = """
SELECT DISTINCT t.resource FROM index_token t JOIN resource r ON r.id = t.resource AND r.type = $2 AND NOT r.deleted
WHERE t.param = $3 AND t.system = $4 AND t.value = $5 AND {visible}
LIMIT 2
""".replace("{visible}", VISIBLE)
CLAIM = """
INSERT INTO conditional_claim (member, type, system, value, resource)
SELECT m, $2, $3, $4, $5 FROM unnest($1::uuid[]) AS m
ON CONFLICT (member, type, system, value) DO NOTHING
"""
# A claim outlives its resource's identifier: when nothing with the identifier is left, it stands in nobody's way.
FORGET = """
DELETE FROM conditional_claim c WHERE c.member = ANY($1::uuid[]) AND c.type = $2 AND c.system = $3 AND c.value = $4
    AND NOT EXISTS (
        SELECT 1 FROM index_token t JOIN search_parameter s ON s.id = t.param AND s.type = $2 AND s.code = 'identifier'
        WHERE t.resource = c.resource AND t.system = $3 AND t.value = $4)
"""


async def authored_with_identifier(
    unit: Unit, members: Sequence[UUID], type_name: str, parameter: int, system: str, value: str
) -> list[UUID]:
    """At most two keys of resources of these authors with the identifier."""
    rows = await unit.conn.fetch(AUTHORED, list(members), type_name, parameter, short(system), short(value))
    return [row["resource"] for row in rows]


async def seen_with_identifier(unit: Unit, type_name: str, parameter: int, system: str, value: str) -> list[UUID]:
    """At most two keys of resources that the unit's members see with the identifier."""
    rows = await unit.conn.fetch(VISIBLE_ONES, list(unit.members), type_name, parameter, short(system), short(value))
    return [row["resource"] for row in rows]


async def claim(unit: Unit, members: Sequence[UUID], type_name: str, system: str, value: str, resource: UUID) -> bool:
    """True when the identifier is ours for all members; waits for a writer that claims it at the same moment."""
    done = await unit.conn.execute(CLAIM, list(members), type_name, short(system), short(value), resource)
    return int(done.rsplit(" ", 1)[-1]) == len(members)


async def forget_orphan(unit: Unit, members: Sequence[UUID], type_name: str, system: str, value: str) -> None:
    await unit.conn.execute(FORGET, list(members), type_name, short(system), short(value))
