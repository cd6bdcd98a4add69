"""Signed-in browsers. The row decides, on every worker at once; the cookie only names it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.store.pool import Unit


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that has not ended, of an account that is not disabled. `roles` are those of its member, now."""

    account: UUID
    email: str
    member: UUID
    member_name: str
    roles: tuple[str, ...]
    csrf_secret: bytes
    seen_at: datetime
    expires_at: datetime
    development_only: bool


async def insert(
    unit: Unit, id_hash: bytes, *, account: UUID, member: UUID, csrf_secret: bytes, now: datetime, expires_at: datetime
) -> None:
    await unit.conn.execute(INSERT, id_hash, account, member, csrf_secret, now, expires_at)


INSERT = """
INSERT INTO session (id_hash, account, member, csrf_secret, created_at, seen_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $5, $6)
"""


async def find(unit: Unit, id_hash: bytes, now: datetime, seen_after: datetime) -> LiveSession | None:
    """The session, or None when it ended, ran out, was last seen before `seen_after`, or nothing is left to act as."""
    row = await unit.conn.fetchrow(FIND, id_hash, now, seen_after)
    if row is None or not row["roles"]:
        return None
    return LiveSession(**{**row, "roles": tuple(row["roles"])})


FIND = """
SELECT session.account, account.email, session.member, member.name AS member_name, session.csrf_secret,
       session.seen_at, session.expires_at, account.development_only,
       ARRAY(SELECT role FROM membership
             WHERE membership.account = session.account AND membership.member = session.member
               AND membership.ended_at IS NULL
             ORDER BY role) AS roles
FROM session
JOIN account ON account.id = session.account
JOIN member ON member.organization = session.member
WHERE session.id_hash = $1 AND session.ended_at IS NULL AND session.expires_at > $2 AND session.seen_at > $3
  AND account.disabled_at IS NULL
"""


async def touch(unit: Unit, id_hash: bytes, now: datetime) -> None:
    await unit.conn.execute("UPDATE session SET seen_at = $2 WHERE id_hash = $1 AND seen_at < $2", id_hash, now)


async def end(unit: Unit, id_hash: bytes, now: datetime) -> None:
    await unit.conn.execute("UPDATE session SET ended_at = $2 WHERE id_hash = $1 AND ended_at IS NULL", id_hash, now)


async def end_all(unit: Unit, account: UUID, now: datetime) -> None:
    """Every browser in which this person is signed in."""
    await unit.conn.execute("UPDATE session SET ended_at = $2 WHERE account = $1 AND ended_at IS NULL", account, now)


async def forget_old(unit: Unit, now: datetime) -> None:
    """Removes sessions that ran out and invitations that nobody can use any more, a month later."""
    for statement in FORGET_OLD:
        await unit.conn.execute(statement, now)


FORGET_OLD = (
    """
    DELETE FROM session WHERE id_hash IN (
        SELECT id_hash FROM session WHERE expires_at <= $1::timestamptz - interval '30 days'
        LIMIT 5000 FOR UPDATE SKIP LOCKED)
    """,
    """
    DELETE FROM invitation WHERE token_hash IN (
        SELECT token_hash FROM invitation WHERE expires_at <= $1::timestamptz - interval '30 days'
        LIMIT 5000 FOR UPDATE SKIP LOCKED)
    """,
)
