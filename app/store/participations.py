"""Who takes part in a resource, and the end of a part."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from app.store.pool import Unit
from app.store.record import ParticipationRow

ROLES = """
SELECT p.resource, p.role FROM participation p
WHERE p.resource = ANY($2::uuid[]) AND p.member = ANY($1::uuid[]) AND p.until > now()
"""
CLOSE = """
UPDATE participation SET until = least(until, clock_timestamp())
WHERE because = ANY($1::uuid[]) AND role = 'recipient' AND until > clock_timestamp()
    AND NOT resource = ANY($2::uuid[])
"""
LIMIT = """
UPDATE participation SET until = coalesce($2::timestamptz, 'infinity')
WHERE because = ANY($1::uuid[]) AND role = 'recipient' AND until > clock_timestamp()
"""
GRANT = """
INSERT INTO participation (member, resource, because, role, basis, basis_version, from_version, until)
SELECT n.member, n.resource, n.because, n.role, n.basis, n.basis_version, n.from_version, coalesce(n.until, 'infinity')
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::int[], $7::int[], $8::timestamptz[])
    AS n (member, resource, because, role, basis, basis_version, from_version, until)
ON CONFLICT (member, resource, because) DO NOTHING
"""


async def roles(unit: Unit, members: Collection[UUID], resources: Collection[UUID]) -> dict[UUID, set[str]]:
    """resource -> the roles that any of `members` has in it now."""
    found: dict[UUID, set[str]] = {}
    for row in await unit.conn.fetch(ROLES, list(members), list(resources)):
        found.setdefault(row["resource"], set()).add(row["role"])
    return found


async def close(unit: Unit, because: Collection[UUID], *, keeping: Collection[UUID] = ()) -> None:
    """Ends the recipients' parts that exist because of these Tasks; the unit must act for the recipients as well."""
    await unit.conn.execute(CLOSE, list(because), list(keeping))


async def limit(unit: Unit, because: Collection[UUID], until: datetime) -> None:
    """Sets the end of the recipients' open parts; the unit must act for the recipients as well."""
    await unit.conn.execute(LIMIT, list(because), until_or_forever(until))


async def grant(unit: Unit, rows: Collection[ParticipationRow]) -> None:
    """Parts in resources that exist already; a repeated grant changes nothing."""
    # a conflict can only be seen by one who may see the row
    await unit.also_for({row.member for row in rows})
    names = ParticipationRow.__slots__
    await unit.conn.execute(GRANT, *([getattr(row, name) for row in rows] for name in names))


def until_or_forever(moment: datetime) -> datetime | None:
    """None (infinity) for a moment past what PostgreSQL's clients print."""
    return None if moment.year >= 9999 else moment
