"""The rows that say why a disclosure is lawful."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.store.pool import Unit


@dataclass(frozen=True, slots=True)
class BasisRow:
    id: UUID
    kind: str
    referral: UUID
    recipient: UUID
    consent: UUID | None
    consent_version: int | None
    attested_by: UUID | None
    attestation: str | None
    valid_from: datetime
    valid_until: datetime
    withdrawn_at: datetime | None


COLUMNS = """
SELECT id, kind, referral, recipient, consent, consent_version, attested_by, attestation, valid_from,
    CASE WHEN valid_until = 'infinity' THEN '9999-12-31T00:00:00Z'::timestamptz ELSE valid_until END, withdrawn_at
FROM basis
"""
OF_CONSENT = COLUMNS + "WHERE consent = $1 AND withdrawn_at IS NULL ORDER BY id FOR UPDATE"
OF_REFERRAL = COLUMNS + "WHERE referral = $1 ORDER BY id FOR UPDATE"
GET = COLUMNS + "WHERE id = $1"
WITHDRAWN_OF_CONSENT = "SELECT id FROM basis WHERE consent = $1 AND withdrawn_at IS NOT NULL"
# its share of the Consent waits for a withdrawal that is under way, and makes later ones wait
INSERT = """
INSERT INTO basis (id, kind, referral, recipient, consent, consent_version, attested_by, attestation, valid_from,
    valid_until)
SELECT n.* FROM (VALUES ($1::uuid, $2, $3::uuid, $4::uuid, $5::uuid, $6::int, $7::uuid, $8, $9::timestamptz,
    coalesce($10::timestamptz, 'infinity'))) AS n
LEFT JOIN (SELECT r.id FROM resource r WHERE r.id = $5::uuid FOR SHARE) AS held ON true
"""
LIMIT = "UPDATE basis SET valid_until = coalesce($2::timestamptz, 'infinity') WHERE id = $1 AND withdrawn_at IS NULL"
WITHDRAW = "UPDATE basis SET withdrawn_at = clock_timestamp() WHERE id = ANY($1::uuid[]) AND withdrawn_at IS NULL"


async def add(unit: Unit, row: BasisRow) -> None:
    await unit.conn.execute(
        INSERT,
        row.id,
        row.kind,
        row.referral,
        row.recipient,
        row.consent,
        row.consent_version,
        row.attested_by,
        row.attestation,
        row.valid_from,
        None if row.valid_until.year >= 9999 else row.valid_until,
    )


async def limit(unit: Unit, basis: UUID, until: datetime) -> None:
    """Sets the end of a standing basis."""
    await unit.conn.execute(LIMIT, basis, None if until.year >= 9999 else until)


async def get(unit: Unit, basis: UUID) -> BasisRow | None:
    row = await unit.conn.fetchrow(GET, basis)
    return None if row is None else BasisRow(*row.values())


async def of_consent(unit: Unit, consent: UUID) -> list[BasisRow]:
    """The standing bases that rest on a FHIR Consent, locked."""
    return [BasisRow(*row.values()) for row in await unit.conn.fetch(OF_CONSENT, consent)]


async def withdrawn_of_consent(unit: Unit, consent: UUID) -> list[UUID]:
    return [row["id"] for row in await unit.conn.fetch(WITHDRAWN_OF_CONSENT, consent)]


async def of_referral(unit: Unit, referral: UUID) -> list[BasisRow]:
    return [BasisRow(*row.values()) for row in await unit.conn.fetch(OF_REFERRAL, referral)]


async def withdraw(unit: Unit, bases: Collection[UUID]) -> None:
    await unit.conn.execute(WITHDRAW, list(bases))
