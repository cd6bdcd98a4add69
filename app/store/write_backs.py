"""What of a referral stands in the chart of the EHR that it came from: one row, and the delivery that keeps it up."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import orjson

from app.store.pool import Unit
from app.store.search_parameters import Numbers

HANDLER = "write-back"


@dataclass(frozen=True, slots=True)
class WriteBackRow:
    """`kind` is a FHIR type, or "none" while none was chosen. `state`: waiting, sending, done, failed, not-offered.

    `tries`: those since it was last in line with the referral. `created`: whether the EHR made the resource; "perhaps"
    from when it is asked to until it has answered.
    """

    kind: str
    remote_id: str | None
    state: str
    tries: int
    created: Literal["no", "perhaps", "yes"] = "no"


async def queue(unit: Unit, event: UUID, referral: UUID) -> None:
    """A delivery that brings the chart in line with the referral as it is when it is carried out.

    One that is not under way, be it postponed or set aside, would do the same: it is carried out now.
    """
    key = str(referral)
    unit.wakes_worker = True
    if await unit.conn.fetch(NOW, HANDLER, key):
        return
    await unit.conn.execute(QUEUE, event, HANDLER, key, orjson.dumps({"referral": key}).decode())


# the tries of one whose worker died are kept: it may be why
NOW = """
UPDATE delivery SET not_before = now(), dead_reason = NULL, tries = CASE WHEN lease_until IS NULL THEN 0 ELSE tries END
WHERE handler = $1 AND order_key = $2 AND (lease_until IS NULL OR lease_until < now()) RETURNING id
"""
QUEUE = "INSERT INTO delivery (event, handler, order_key, payload) VALUES ($1, $2, $3, $4::jsonb)"


async def another_follows(unit: Unit, referral: UUID) -> bool:
    """Whether a later delivery will do the same: the oldest of a key is carried out first."""
    return bool(await unit.conn.fetchval(ANOTHER_FOLLOWS, HANDLER, str(referral)))


ANOTHER_FOLLOWS = "SELECT count(*) > 1 FROM delivery WHERE handler = $1 AND order_key = $2"


async def get(unit: Unit, referral: UUID) -> WriteBackRow | None:
    row = await unit.conn.fetchrow(GET, referral)
    return WriteBackRow(*row.values()) if row else None


GET = """
SELECT kind, remote_id, state, tries, created FROM write_back WHERE referral = $1
ORDER BY (remote_id IS NULL), (created = 'no'), updated_at DESC LIMIT 1
"""


async def keep(unit: Unit, id: UUID, referral: UUID, connection: UUID, row: WriteBackRow, detail: str | None) -> None:
    """How it stands now; a kind that was never begun gives way to the one that was."""
    await unit.conn.execute(
        KEEP, id, referral, connection, row.kind, row.remote_id, row.state, row.tries, row.created, detail
    )
    await unit.conn.execute(DROP_OTHERS, referral, row.kind)


KEEP = """
INSERT INTO write_back (id, referral, connection, kind, remote_id, state, tries, created, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (referral, kind) DO UPDATE SET remote_id = coalesce(excluded.remote_id, write_back.remote_id),
    state = excluded.state, tries = excluded.tries, created = excluded.created, detail = excluded.detail,
    updated_at = clock_timestamp()
"""
DROP_OTHERS = "DELETE FROM write_back WHERE referral = $1 AND kind <> $2 AND remote_id IS NULL AND created = 'no'"


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


async def unwritten(unit: Unit, numbers: Numbers, connection: UUID, patient: str, limit: int) -> list[UUID]:
    """The referrals of this patient of theirs that the chart does not hold as they are, why ever."""
    rows = await unit.conn.fetch(UNWRITTEN, numbers["ServiceRequest"]["patient"], limit, connection, patient)
    return [row["referral"] for row in rows]


async def unanswered(unit: Unit, numbers: Numbers, limit: int) -> list[UUID]:
    """The referrals that their EHR did not answer about for half an hour, while it may still let us in."""
    return [row["referral"] for row in await unit.conn.fetch(UNANSWERED, numbers["ServiceRequest"]["patient"], limit)]


OF_PATIENT = """
SELECT DISTINCT w.referral FROM write_back w
JOIN referral f ON f.id = w.referral
JOIN index_reference i ON i.resource = f.source_request AND i.param = $1
JOIN origin o ON o.connection = w.connection AND o.type = 'Patient' AND o.local = i.target
"""
UNWRITTEN = (
    OF_PATIENT + "WHERE w.connection = $3 AND o.remote_id = $4 AND w.state <> 'done' ORDER BY w.referral LIMIT $2"
)
UNANSWERED = (
    OF_PATIENT
    + """
JOIN launch_session s ON s.connection = w.connection AND s.patient = o.remote_id AND s.refresh_sealed IS NOT NULL
WHERE w.state <> 'done' AND w.updated_at < now() - interval '30 minutes'
    AND (w.state = 'sending' OR w.detail IN ('away', 'ended')) ORDER BY w.referral LIMIT $2
"""
)
