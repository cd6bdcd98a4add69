"""The EHR's tokens of launched sessions, sealed; and the lease of whoever refreshes one of them.

A lease in the row, not a lock: the EHR is asked outside of any transaction, and a worker that dies leaves nothing
locked for longer than the lease.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.fhir import json
from app.store.pool import Unit


@dataclass(frozen=True, slots=True)
class Tokens:
    """`access_sealed` is None once the EHR refused to go on; `patient` where the launch has none yet."""

    session: UUID
    connection: UUID
    patient: str | None
    access_sealed: bytes | None
    access_expires_at: datetime
    refresh_sealed: bytes | None
    discovery: dict[str, Any]


async def of_session(unit: Unit, session: UUID) -> Tokens | None:
    row = await unit.conn.fetchrow(OF_SESSION, session)
    return Tokens(**{**row, "discovery": json.parse(row["discovery"].encode())}) if row else None


OF_SESSION = """
SELECT id AS session, connection, patient, access_sealed, access_expires_at, refresh_sealed,
    discovery::text AS discovery
FROM launch_session WHERE id = $1
"""


async def lease(unit: Unit, session: UUID, holder: UUID, *, now: datetime, until: datetime, expiring: datetime) -> bool:
    """True for one caller at a time, while the token runs out before `expiring` and can be refreshed."""
    return await unit.conn.fetchval(LEASE, session, holder, now, until, expiring) is not None


LEASE = """
UPDATE launch_session SET lease = $2, lease_until = $4
WHERE id = $1 AND access_expires_at <= $5 AND refresh_sealed IS NOT NULL
    AND (lease_until IS NULL OR lease_until <= $3)
RETURNING true
"""


async def renew(
    unit: Unit,
    session: UUID,
    holder: UUID,
    *,
    access: bytes,
    expires_at: datetime,
    refresh: bytes | None,
    scopes: str | None,
) -> None:
    """The new tokens, and the lease given back. Without a new refresh token the old one stays good; so do scopes."""
    await unit.conn.execute(RENEW, session, holder, access, expires_at, refresh, scopes)


RENEW = """
UPDATE launch_session SET access_sealed = $3, access_expires_at = $4, refresh_sealed = coalesce($5, refresh_sealed),
    scopes = coalesce($6, scopes), lease = NULL, lease_until = NULL
WHERE id = $1 AND lease = $2
"""


async def refused(unit: Unit, session: UUID, access: bytes, now: datetime) -> None:
    """The EHR took this access token no more, whatever it said about its time; another one is left alone."""
    await unit.conn.execute(REFUSED, session, access, now)


REFUSED = """
UPDATE launch_session SET access_expires_at = $3
WHERE id = $1 AND access_sealed = $2 AND access_expires_at > $3
"""


async def give_back(unit: Unit, session: UUID, holder: UUID) -> None:
    """The lease without new tokens: the EHR did not answer, somebody may try again."""
    await unit.conn.execute(GIVE_BACK, session, holder)


GIVE_BACK = "UPDATE launch_session SET lease = NULL, lease_until = NULL WHERE id = $1 AND lease = $2"


async def drop(unit: Unit, session: UUID) -> None:
    """The EHR takes them no more: nothing of them is kept."""
    await unit.conn.execute(DROP, session)


DROP = """
UPDATE launch_session SET access_sealed = NULL, refresh_sealed = NULL, lease = NULL, lease_until = NULL WHERE id = $1
"""


async def newest(unit: Unit, connection: UUID, patient: str, now: datetime, most: int) -> list[tuple[UUID, str]]:
    """Sessions of this patient whose tokens may still work, and the scopes of each, the newest first."""
    return [(row["id"], row["scopes"]) for row in await unit.conn.fetch(NEWEST, connection, patient, now, most)]


NEWEST = """
SELECT id, scopes FROM launch_session
WHERE connection = $1 AND patient = $2 AND access_sealed IS NOT NULL
    AND (refresh_sealed IS NOT NULL OR access_expires_at > $3)
ORDER BY created_at DESC, id DESC LIMIT $4
"""
