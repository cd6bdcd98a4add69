"""What became of a resource, of a type's resources or of everything: versions, newest first.

The predicates are those of a vread: what the caller may not see now is not shown of the past either, and a recipient's
history starts where its part starts. A poll (`since`) stops at the oldest writer that is still running (ADR 0004).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.store import budget
from app.store.audit import Act
from app.store.budget import FIRST_AND_FITTING
from app.store.pool import Unit
from app.store.resources import Stored
from app.store.visibility import seen

_VERSIONS = """
FROM resource r JOIN version v ON v.resource = r.id
WHERE r.type = ANY($2::text[]) AND ($3::text IS NULL OR r.fhir_id = $3)
    AND ($4::timestamptz IS NULL OR v.last_updated >= $4) AND ($5::timestamptz IS NULL OR v.last_updated < $5)
    AND {visible version}
"""
# the times of one resource rise, so a time and a key are one version
_PAGE = """
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
ORDER BY {order}
""".replace("{versions}", _VERSIONS).replace("{columns}", FIRST_AND_FITTING)
PAGE = seen(_PAGE.replace("{order}", "v.last_updated DESC, v.resource DESC").replace("{bytes}", "$15"))
COUNT = seen("SELECT count(*) FROM (SELECT 1 " + _VERSIONS + " LIMIT $6) counted")
SEEN = seen("SELECT EXISTS (SELECT 1 FROM resource r WHERE r.type = $2 AND r.fhir_id = $3 AND {visible})")


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which types, of which resource (None: all of them), and what was stamped in [since, before)."""

    types: tuple[str, ...]
    fhir_id: str | None
    since: datetime | None
    before: datetime | None


@dataclass(frozen=True, slots=True)
class PastVersion:
    """`interaction` is what made it: create, update, patch, delete, or restore (an update that brought it back)."""

    stored: Stored
    interaction: str


async def page(
    unit: Unit, act: Act, asked: Asked, *, after: tuple[datetime, UUID] | None, limit: int
) -> tuple[list[PastVersion], bool]:
    """At most `limit` versions that are older than the place `after`, as many as one answer holds, and whether there
    are more; writes the audit row."""
    place: Sequence[object] = after or (None, None)
    noted = (act.id, act.action, act.client, act.account, act.type, act.request_id)
    arguments = (*_arguments(unit, asked), *place, limit + 1, *noted, budget.MOST_BYTES)
    rows = await unit.conn.fetch(PAGE.of(asked.types), *arguments)
    found, more = budget.fitting([tuple(row.values()) for row in rows], -2, limit)
    return [PastVersion(Stored(*row[:-1]), row[-1]) for row in found], more


async def count(unit: Unit, asked: Asked, to: int) -> int:
    """How many versions there are; `to` + 1 when there are more than `to`."""
    found: int = await unit.conn.fetchval(COUNT.of(asked.types), *_arguments(unit, asked), to + 1)
    return found


async def is_seen(unit: Unit, type_name: str, fhir_id: str) -> bool:
    """Whether the caller sees this resource, deleted or not."""
    return bool(await unit.conn.fetchval(SEEN.of((type_name,)), list(unit.members), type_name, fhir_id))


def _arguments(unit: Unit, asked: Asked) -> tuple[object, ...]:
    return list(unit.members), list(asked.types), asked.fhir_id, asked.since, asked.before
