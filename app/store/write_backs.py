"""What of a referral stands in the chart of the EHR that it came from: one row, and the delivery that keeps it up."""

from dataclasses import dataclass
from uuid import UUID

import orjson

from app.store.pool import Unit
from app.store.search_parameters import Numbers

HANDLER = "write-back"


@dataclass(frozen=True, slots=True)
class WriteBackRow:
    """`kind` is a FHIR type, or "none" while none was chosen. `state`: waiting, sending, done, failed, not-offered.

    `tries`: those since it was last in line with the referral.
    """

    kind: str
    remote_id: str | None
    state: str
    tries: int


async def queue(unit: Unit, event: UUID, referral: UUID) -> None:
    """A delivery that brings the chart in line with the referral as it is when it is carried out."""
    key = str(referral)
    await unit.conn.execute(QUEUE, event, HANDLER, key, orjson.dumps({"referral": key}).decode())
    unit.wakes_worker = True


QUEUE = "INSERT INTO delivery (event, handler, order_key, payload) VALUES ($1, $2, $3, $4::jsonb)"


async def another_follows(unit: Unit, referral: UUID) -> bool:
    """Whether a later delivery will do the same: the oldest of a key is carried out first."""
    return bool(await unit.conn.fetchval(ANOTHER_FOLLOWS, HANDLER, str(referral)))


ANOTHER_FOLLOWS = "SELECT count(*) > 1 FROM delivery WHERE handler = $1 AND order_key = $2"


async def get(unit: Unit, referral: UUID) -> WriteBackRow | None:
    row = await unit.conn.fetchrow(GET, referral)
    return WriteBackRow(*row.values()) if row else None


GET = """
SELECT kind, remote_id, state, tries FROM write_back WHERE referral = $1 ORDER BY (remote_id IS NULL), updated_at DESC
LIMIT 1
"""


async def keep(unit: Unit, id: UUID, referral: UUID, connection: UUID, row: WriteBackRow, detail: str | None) -> None:
    """How it stands now; a kind that was never begun gives way to the one that was."""
    await unit.conn.execute(KEEP, id, referral, connection, row.kind, row.remote_id, row.state, row.tries, detail)
    await unit.conn.execute(DROP_OTHERS, referral, row.kind)


KEEP = """
INSERT INTO write_back (id, referral, connection, kind, remote_id, state, tries, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (referral, kind) DO UPDATE SET remote_id = coalesce(excluded.remote_id, write_back.remote_id),
    state = excluded.state, tries = excluded.tries, detail = excluded.detail, updated_at = clock_timestamp()
"""
DROP_OTHERS = "DELETE FROM write_back WHERE referral = $1 AND kind <> $2 AND remote_id IS NULL"


async def patient(unit: Unit, numbers: Numbers, referral: UUID) -> str | None:
    """The person of a referral as the EHR names her."""
    found: str | None = await unit.conn.fetchval(PATIENT, referral, numbers["ServiceRequest"]["patient"])
    return found


PATIENT = """
SELECT o.remote_id FROM referral f
JOIN index_reference i ON i.resource = f.source_request AND i.param = $2
JOIN origin o ON o.connection = f.connection AND o.type = 'Patient' AND o.local = i.target
WHERE f.id = $1 ORDER BY o.remote_id LIMIT 1
"""


async def scopes(unit: Unit, connection: UUID, patient: str) -> str:
    """What the EHR granted the newest launch of this patient that may still write."""
    return str(await unit.conn.fetchval(SCOPES, connection, patient) or "")


SCOPES = """
SELECT scopes FROM launch_session WHERE connection = $1 AND patient = $2 AND access_sealed IS NOT NULL
ORDER BY created_at DESC, id DESC LIMIT 1
"""


async def waiting(unit: Unit, numbers: Numbers, connection: UUID, patient: str, limit: int) -> list[UUID]:
    """The referrals of this patient of theirs that wait to be written into the chart."""
    rows = await unit.conn.fetch(WAITING, connection, patient, numbers["ServiceRequest"]["patient"], limit)
    return [row["referral"] for row in rows]


WAITING = """
SELECT DISTINCT w.referral FROM write_back w
JOIN referral f ON f.id = w.referral
JOIN index_reference i ON i.resource = f.source_request AND i.param = $3
JOIN origin o ON o.connection = w.connection AND o.type = 'Patient' AND o.local = i.target
WHERE w.connection = $1 AND o.remote_id = $2 AND w.state = 'waiting' ORDER BY w.referral LIMIT $4
"""
