"""Who creates what under an identifier: the unique key that makes a conditional create safe under load."""

from collections.abc import Sequence
from uuid import UUID

from app.store.index_text import short
from app.store.pool import Unit
from app.store.visibility import TAKES_PART

AUTHORED = """
SELECT DISTINCT t.resource FROM index_token t JOIN resource r ON r.id = t.resource AND r.type = $2 AND NOT r.deleted
WHERE t.param = $3 AND t.system = $4 AND t.value = $5 AND EXISTS (
    SELECT 1 FROM participation p
    WHERE p.resource = t.resource AND p.member = ANY($1::uuid[]) AND p.role = 'author' AND p.until > now())
LIMIT 2
"""
AUTHORED_ID = """
SELECT r.id FROM resource r WHERE r.type = $2 AND r.fhir_id = $3 AND NOT r.deleted AND EXISTS (
    SELECT 1 FROM participation p
    WHERE p.resource = r.id AND p.member = ANY($1::uuid[]) AND p.role = 'author' AND p.until > now())
"""
# what the caller sees, whoever wrote it: nothing is created for what is not there
SEEN = """
SELECT w.place, found.fhir_id
FROM unnest($2::text[], $3::smallint[], $4::text[], $5::text[]) WITH ORDINALITY AS w (type, param, system, value, place)
CROSS JOIN LATERAL (
    SELECT DISTINCT r.fhir_id FROM index_token t JOIN resource r ON r.id = t.resource AND r.type = w.type
    WHERE t.param = w.param AND t.system = w.system AND t.value = w.value AND NOT r.deleted AND {visible}
    LIMIT 2) AS found
ORDER BY w.place, found.fhir_id
""".replace("{visible}", TAKES_PART)
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


async def authored_with_id(unit: Unit, members: Sequence[UUID], type_name: str, fhir_id: str) -> list[UUID]:
    """The key of the resource with this id, if it is of these authors."""
    return [row["id"] for row in await unit.conn.fetch(AUTHORED_ID, list(members), type_name, fhir_id)]


async def seen_with_identifiers(unit: Unit, wanted: Sequence[tuple[str, int, str, str]]) -> list[list[str]]:
    """For each (type, parameter, system, value) the ids of at most two resources that the unit's members see."""
    found: list[list[str]] = [[] for _ in wanted]
    if wanted:
        types, numbers, systems, values = zip(*wanted, strict=True)
        texts = list(map(short, systems)), list(map(short, values))
        for row in await unit.conn.fetch(SEEN, list(unit.members), list(types), list(numbers), *texts):
            found[row["place"] - 1].append(row["fhir_id"])
    return found


async def claim(unit: Unit, members: Sequence[UUID], type_name: str, system: str, value: str, resource: UUID) -> bool:
    """True when the identifier is ours for all members; waits for a writer that claims it at the same moment."""
    done = await unit.conn.execute(CLAIM, list(members), type_name, short(system), short(value), resource)
    return int(done.rsplit(" ", 1)[-1]) == len(members)


async def forget_orphan(unit: Unit, members: Sequence[UUID], type_name: str, system: str, value: str) -> None:
    await unit.conn.execute(FORGET, list(members), type_name, short(system), short(value))
