"""What became of a resource, of a type's resources or of everything: versions, newest first.

The predicates are those of a vread: what the caller may not see now is not shown of the past either, and a recipient's
history starts where its part starts. A poll (`since`) stops at the oldest writer that is still running (ADR 0004).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.store.audit import Act
from app.store.pool import Unit
from app.store.resources import COLUMNS, Stored
from app.store.visibility import VISIBLE, VISIBLE_VERSION

_VERSIONS = """
FROM resource r JOIN version v ON v.resource = r.id
WHERE r.type = ANY($2::text[]) AND ($3::text IS NULL OR r.fhir_id = $3)
    AND ($4::timestamptz IS NULL OR v.last_updated >= $4) AND ($5::timestamptz IS NULL OR v.last_updated < $5)
    AND {visible}
""".replace("{visible}", VISIBLE_VERSION)
# the times of one resource rise, so a time and a key are one version
PAGE = """
WITH page AS MATERIALIZED (
    SELECT v.resource, v.version {versions}
        AND ($6::timestamptz IS NULL OR (v.last_updated, v.resource) < ($6, $7::uuid))
    ORDER BY v.last_updated DESC, v.resource DESC LIMIT $8
), noted AS (
    INSERT INTO audit (id, action, outcome, client, account, members, type, resource, request_id)
    SELECT $9::uuid, $10, 'done', $11, $12::uuid, $1::uuid[], $13, min(p.resource::text)::uuid, $14
    FROM (SELECT page.resource FROM page WHERE $3 IS NOT NULL LIMIT 1) p)
SELECT {columns}, v.interaction FROM page JOIN resource r ON r.id = page.resource
JOIN version v ON v.resource = page.resource AND v.version = page.version
ORDER BY v.last_updated DESC, v.resource DESC
""".replace("{versions}", _VERSIONS).replace("{columns}", COLUMNS)
COUNT = "SELECT count(*) " + _VERSIONS
SEEN = """
SELECT EXISTS (SELECT 1 FROM resource r WHERE r.type = $2 AND r.fhir_id = $3 AND {visible})
""".replace("{visible}", VISIBLE)


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which types, of which resource (None: all of them), and what was stamped in [since, before)."""

    types: tuple[str, ...]
    fhir_id: str | None
    since: datetime | None
    before: datetime | None


@dataclass(frozen=True, slots=True)
class PastVersion:
    """`interaction` is what made it: create, update, patch or delete."""

    stored: Stored
    interaction: str


async def page(
    unit: Unit, act: Act, asked: Asked, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[PastVersion]:
    """At most `limit` versions that are older than the place `after`; writes the audit row."""
    place: Sequence[object] = after or (None, None)
    noted = (act.id, act.action, act.client, act.account, act.type, act.request_id)
    rows = await unit.conn.fetch(PAGE, *_arguments(unit, asked), *place, limit, *noted)
    return [PastVersion(Stored(*list(row.values())[:-1]), row["interaction"]) for row in rows]


async def count(unit: Unit, asked: Asked) -> int:
    found: int = await unit.conn.fetchval(COUNT, *_arguments(unit, asked))
    return found


async def is_seen(unit: Unit, type_name: str, fhir_id: str) -> bool:
    """Whether the caller sees this resource, deleted or not."""
    return bool(await unit.conn.fetchval(SEEN, list(unit.members), type_name, fhir_id))


def _arguments(unit: Unit, asked: Asked) -> tuple[object, ...]:
    return list(unit.members), list(asked.types), asked.fhir_id, asked.since, asked.before
