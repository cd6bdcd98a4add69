"""The referrals of one person, for those who sent them; and the programmes of organizations that may help."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.store import resources
from app.store.pool import Unit
from app.store.referrals import COLUMNS, ReferralRow
from app.store.resources import Stored
from app.store.visibility import TAKES_PART

OF_PERSON = (
    COLUMNS
    + """WHERE f.sources && $2::uuid[] AND f.source_request IN (
    SELECT i.resource FROM index_reference i JOIN search_parameter s ON s.id = i.param
    WHERE s.type = 'ServiceRequest' AND s.code = 'patient' AND i.target = $1)
ORDER BY (f.closed_at IS NOT NULL), f.received_at DESC, f.id DESC LIMIT $3 OFFSET $4"""
)
ONE_OF_PERSON = (
    COLUMNS
    + """WHERE f.id = $3 AND f.sources && $2::uuid[] AND f.source_request IN (
    SELECT i.resource FROM index_reference i JOIN search_parameter s ON s.id = i.param
    WHERE s.type = 'ServiceRequest' AND s.code = 'patient' AND i.target = $1)"""
)
PROGRAMMES = (
    """
SELECT i.target, r.id, v.last_updated
FROM index_reference i JOIN search_parameter s ON s.id = i.param
JOIN resource r ON r.id = i.resource JOIN version v ON v.resource = r.id AND v.version = r.version
WHERE s.type = 'HealthcareService' AND s.code = 'organization' AND i.target = ANY($2::uuid[])
    AND NOT r.deleted AND """
    + TAKES_PART
    + """
ORDER BY i.target, r.id LIMIT $3
"""
)
WRITE_BACKS = "SELECT referral, state FROM write_back WHERE referral = ANY($1::uuid[]) ORDER BY updated_at"


@dataclass(frozen=True, slots=True)
class Programme:
    """A HealthcareService of a member, and when it was last said."""

    member: UUID
    service: Stored
    said_at: datetime


async def of_person(
    unit: Unit, patient: UUID, members: Collection[UUID], limit: int, *, after: int = 0
) -> list[ReferralRow]:
    """The referrals about our copy of a patient that one of `members` sent, open ones first, newest first.

    `after`: how many come before those that are wanted.
    """
    rows = await unit.conn.fetch(OF_PERSON, patient, list(members), limit, after)
    return [ReferralRow(*row.values()) for row in rows]


async def one_of_person(unit: Unit, patient: UUID, members: Collection[UUID], referral: UUID) -> ReferralRow | None:
    """This referral, when it is about our copy of this patient and one of `members` sent it."""
    row = await unit.conn.fetchrow(ONE_OF_PERSON, patient, list(members), referral)
    return ReferralRow(*row.values()) if row else None


async def programmes(unit: Unit, members: Collection[UUID], limit: int) -> list[Programme]:
    """The HealthcareServices that these members provide, as the unit sees them."""
    rows = await unit.conn.fetch(PROGRAMMES, list(unit.members), list(members), limit)
    stored = await resources.by_ids(unit, [row["id"] for row in rows])
    return [Programme(row["target"], stored[row["id"]], row["last_updated"]) for row in rows if row["id"] in stored]


async def write_backs(unit: Unit, referrals: Collection[UUID]) -> dict[UUID, str]:
    """referral -> how its newest writing into the EHR stands."""
    return {row["referral"]: row["state"] for row in await unit.conn.fetch(WRITE_BACKS, list(referrals))}
