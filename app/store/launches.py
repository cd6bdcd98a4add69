"""Launches under way at an EHR, and the clinicians who came through them. The rows decide, on every worker at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.fhir import json
from app.store.pool import Unit


@dataclass(frozen=True, slots=True)
class StateRow:
    """A launch under way. `sealed`: what the callback needs and nobody else may read."""

    state_hash: bytes
    browser_hash: bytes
    connection: UUID
    sealed: bytes
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A clinician at one patient, ended or not. `patient` is the EHR's id; `clinician_name` may be nobody's."""

    id: UUID
    browser_hash: bytes
    connection: UUID
    clinician: UUID | None
    clinician_name: str | None
    fhir_user: str | None
    patient: str | None
    patient_name: str | None
    context: dict[str, Any]
    scopes: str
    csrf_secret: bytes
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_because: str | None


@dataclass(frozen=True, slots=True)
class NewSession:
    id: UUID
    secret_hash: bytes
    browser_hash: bytes
    connection: UUID
    clinician: UUID | None
    patient: str | None
    patient_name: str | None
    context: dict[str, Any]
    scopes: str
    access_sealed: bytes
    access_expires_at: datetime
    refresh_sealed: bytes | None
    discovery: dict[str, Any]
    csrf_secret: bytes
    now: datetime
    expires_at: datetime


async def begin(unit: Unit, row: StateRow, now: datetime) -> None:
    await unit.conn.execute(BEGIN, row.state_hash, row.browser_hash, row.connection, row.sealed, now, row.expires_at)


BEGIN = """
INSERT INTO launch_state (state_hash, browser_hash, connection, sealed, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""


async def find_state(unit: Unit, state_hash: bytes) -> StateRow | None:
    row = await unit.conn.fetchrow(FIND_STATE, state_hash)
    return StateRow(**row) if row else None


FIND_STATE = """
SELECT state_hash, browser_hash, connection, sealed, expires_at, used_at FROM launch_state WHERE state_hash = $1
"""


async def use_state(unit: Unit, state_hash: bytes, now: datetime) -> bool:
    """True once per state, whichever workers ask and however close together."""
    return await unit.conn.fetchval(USE_STATE, state_hash, now) is not None


USE_STATE = "UPDATE launch_state SET used_at = $2 WHERE state_hash = $1 AND used_at IS NULL RETURNING true"


async def see_clinician(
    unit: Unit, key: UUID, connection: UUID, subject: str, *, fhir_user: str | None, name: str, now: datetime
) -> UUID:
    """The clinician whom this EHR calls `subject`: a new one with the given key, or the one who was here before."""
    found: UUID = await unit.conn.fetchval(SEE_CLINICIAN, key, connection, subject, fhir_user, name, now)
    return found


SEE_CLINICIAN = """
INSERT INTO clinician AS known (id, connection, subject, fhir_user, name, first_seen)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (connection, subject) DO UPDATE SET fhir_user = excluded.fhir_user, name = excluded.name
RETURNING id
"""


async def insert(unit: Unit, new: NewSession) -> None:
    values = [getattr(new, name) for name in NewSession.__slots__]
    await unit.conn.execute(
        INSERT, *(json.dump(value).decode() if isinstance(value, dict) else value for value in values)
    )


INSERT = """
INSERT INTO launch_session (id, secret_hash, browser_hash, connection, clinician, patient, patient_name, context,
    scopes, access_sealed, access_expires_at, refresh_sealed, discovery, csrf_secret, created_at, seen_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9, $10, $11, $12, $13::text::jsonb, $14, $15, $15, $16)
"""


async def by_secret(unit: Unit, secret_hash: bytes) -> SessionRow | None:
    """The session that this secret names, whether or not it has ended."""
    return _session(await unit.conn.fetchrow(BY_SECRET, secret_hash))


async def of_same_browser(unit: Unit, session: UUID, other: UUID) -> SessionRow | None:
    """A session by its id, when the browser of the other had it: to name its patient to whoever saw it."""
    return _session(await unit.conn.fetchrow(OF_SAME_BROWSER, session, other))


SESSION = """
SELECT s.id, s.browser_hash, s.connection, s.clinician, c.name AS clinician_name, c.fhir_user, s.patient,
    s.patient_name, s.context::text AS context, s.scopes, s.csrf_secret, s.seen_at, s.expires_at, s.ended_at,
    s.ended_because
FROM launch_session s LEFT JOIN clinician c ON c.id = s.clinician
"""
BY_SECRET = SESSION + "WHERE s.secret_hash = $1"
OF_SAME_BROWSER = (
    SESSION + "WHERE s.id = $1 AND s.browser_hash = (SELECT o.browser_hash FROM launch_session o WHERE o.id = $2)"
)


def _session(row: Any) -> SessionRow | None:
    return SessionRow(**{**row, "context": json.parse(row["context"].encode())}) if row else None


async def touch(unit: Unit, session: UUID, now: datetime) -> None:
    await unit.conn.execute("UPDATE launch_session SET seen_at = $2 WHERE id = $1 AND seen_at < $2", session, now)


async def end(unit: Unit, session: UUID, now: datetime, because: str) -> None:
    await unit.conn.execute(END, session, now, because)


END = "UPDATE launch_session SET ended_at = $2, ended_because = $3 WHERE id = $1 AND ended_at IS NULL"


async def end_of_browser(unit: Unit, browser_hash: bytes, now: datetime, because: str) -> None:
    """Every session of this browser that has not ended; until the transaction ends, it opens no other one."""
    await unit.conn.execute(HOLD_BROWSER, browser_hash)
    await unit.conn.execute(END_OF_BROWSER, browser_hash, now, because)


# two callbacks at the same moment would not see each other's session
HOLD_BROWSER = "SELECT pg_advisory_xact_lock(hashtextextended('browser/' || encode($1, 'hex'), 0))"
END_OF_BROWSER = """
UPDATE launch_session SET ended_at = $2, ended_because = $3 WHERE browser_hash = $1 AND ended_at IS NULL
"""


async def choose_patient(unit: Unit, session: UUID, patient: str, name: str) -> bool:
    """True when the session had no patient until now; a session never changes from one patient to another."""
    return await unit.conn.fetchval(CHOOSE_PATIENT, session, patient, name) is not None


CHOOSE_PATIENT = """
UPDATE launch_session SET patient = $2, patient_name = $3
WHERE id = $1 AND patient IS NULL AND ended_at IS NULL RETURNING true
"""


async def forget_old(unit: Unit, now: datetime) -> None:
    """Removes launches that ran out an hour ago, and sessions a quarter after their end: their tokens go with them."""
    for statement in FORGET_OLD:
        await unit.conn.execute(statement, now)


FORGET_OLD = (
    """
    DELETE FROM launch_state WHERE state_hash IN (
        SELECT state_hash FROM launch_state WHERE expires_at <= $1::timestamptz - interval '1 hour'
        LIMIT 5000 FOR UPDATE SKIP LOCKED)
    """,
    """
    DELETE FROM launch_session WHERE id IN (
        SELECT id FROM launch_session WHERE expires_at <= $1::timestamptz - interval '90 days'
        LIMIT 5000 FOR UPDATE SKIP LOCKED)
    """,
)
