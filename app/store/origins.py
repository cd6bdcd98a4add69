"""Copies of an EHR's resources that we keep: which stands for which, of which version, and what is wrong with it."""

from collections.abc import Collection
from uuid import UUID

import orjson

from app.store.pool import Unit

# two launches of one patient must not make two copies of the same resource
HOLD = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
COPIES = """
SELECT o.type, o.remote_id, o.local FROM unnest($2::text[], $3::text[]) AS wanted (type, remote_id)
JOIN origin o ON o.connection = $1 AND o.type = wanted.type AND o.remote_id = wanted.remote_id
"""
# the Consents of an EHR that something still rests on, in the referrals about one patient ($2, our copy)
STANDING = """
SELECT DISTINCT o.remote_id, o.local FROM origin o
JOIN basis b ON b.consent = o.local AND b.withdrawn_at IS NULL AND b.valid_until > now()
JOIN referral f ON f.id = b.referral
JOIN index_reference i ON i.resource = f.source_request AND i.target = $2
JOIN search_parameter s ON s.id = i.param AND s.type = 'ServiceRequest' AND s.code = 'patient'
WHERE o.connection = $1 AND o.type = 'Consent'
"""
READ_AGAIN = """
UPDATE origin SET remote_version = $4, flaws = $5::jsonb WHERE connection = $1 AND type = $2 AND remote_id = $3
"""


async def hold(unit: Unit, connection: UUID, patient: str) -> None:
    """Until the transaction ends, nobody else copies what this EHR holds of this patient."""
    await unit.conn.execute(HOLD, f"{connection}/{patient}")


async def copies(unit: Unit, connection: UUID, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    """(type, remote id) -> our copy's key, of those that were copied before."""
    rows = await unit.conn.fetch(COPIES, connection, [each[0] for each in keys], [each[1] for each in keys])
    return {(row["type"], row["remote_id"]): row["local"] for row in rows}


async def patient(unit: Unit, connection: UUID, remote_id: str | None) -> UUID | None:
    """Our copy of a patient; None while there is none, or where there is no patient."""
    if remote_id is None:
        return None
    return (await copies(unit, connection, [("Patient", remote_id)])).get(("Patient", remote_id))


async def standing_consents(unit: Unit, connection: UUID, patient: UUID) -> dict[str, UUID]:
    """Remote id -> our copy, of the Consents of this EHR by which somebody may see this patient now."""
    rows = await unit.conn.fetch(STANDING, connection, patient)
    return {row["remote_id"]: row["local"] for row in rows}


async def read_again(
    unit: Unit, connection: UUID, key: tuple[str, str], *, version: str | None, flaws: list[dict[str, str]]
) -> None:
    """Notes which version of theirs the copy is now, and what is wrong with it ([] for nothing)."""
    written = orjson.dumps(flaws).decode() if flaws else None
    await unit.conn.execute(READ_AGAIN, connection, *key, version, written)
