"""What a launched clinician has looked at lately: a page that asks again by itself is not a new look."""

from datetime import datetime
from uuid import UUID

from app.store.pool import Unit


async def first(unit: Unit, session: UUID, what: str, now: datetime, since: datetime) -> bool:
    """Whether this session has not looked at `what` after `since`; from here on it has, at `now`."""
    return await unit.conn.fetchval(LOOK, session, what, now, since) is not None


LOOK = """
INSERT INTO launch_look AS known (session, what, at) VALUES ($1, $2, $3)
ON CONFLICT (session, what) DO UPDATE SET at = excluded.at WHERE known.at <= $4 RETURNING true
"""


async def forget_old(unit: Unit, now: datetime) -> None:
    """Looks of an hour ago: by then the next one is a new one in any case."""
    await unit.conn.execute(FORGET_OLD, now)


FORGET_OLD = """
DELETE FROM launch_look WHERE (session, what) IN (
    SELECT session, what FROM launch_look WHERE at <= $1::timestamptz - interval '1 hour'
    LIMIT 5000 FOR UPDATE SKIP LOCKED)
"""
