"""Access tokens, kept as SHA-256 of what the client holds, and the counts that slow down whoever asks too often."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.store.pool import Unit


@dataclass(frozen=True, slots=True)
class LiveToken:
    """A token that has been neither revoked nor left without its client; it may have expired."""

    client: str
    scopes: str
    expires_at: datetime
    require_if_match: bool
    may_assign_ids: bool
    peer: str
    members: frozenset[UUID]


async def insert(
    unit: Unit, token_hash: bytes, client_id: str, scopes: str, *, issued_at: datetime, expires_at: datetime
) -> None:
    await unit.conn.execute(INSERT, token_hash, client_id, scopes, issued_at, expires_at)


INSERT = """
INSERT INTO access_token (hash, client, scopes, issued_at, expires_at)
VALUES ($1, $2, $3, $4, $5)
"""


async def find(unit: Unit, token_hash: bytes) -> LiveToken | None:
    row = await unit.conn.fetchrow(FIND, token_hash)
    if row is None:
        return None
    flags = (row["require_if_match"], row["may_assign_ids"], row["peer"])
    return LiveToken(row["client"], row["scopes"], row["expires_at"], *flags, frozenset(row["members"]))


FIND = """
SELECT token.client, token.scopes, token.expires_at, client.require_if_match, client.may_assign_ids, client.peer,
       ARRAY(SELECT member FROM client_member WHERE client_member.client = token.client) AS members
FROM access_token AS token
JOIN client ON client.id = token.client
WHERE token.hash = $1 AND token.revoked_at IS NULL AND client.disabled_at IS NULL
"""


async def revoke(unit: Unit, token_hash: bytes, now: datetime) -> bool:
    """True when the token was good until now."""
    return await unit.conn.fetchval(REVOKE, token_hash, now) is not None


REVOKE = "UPDATE access_token SET revoked_at = $2 WHERE hash = $1 AND revoked_at IS NULL RETURNING true"


async def count_requests(unit: Unit, subjects: Sequence[bytes], minute: datetime) -> list[int]:
    """Counts one request for each subject in this minute; how many there are now, in the subjects' order."""
    rows = await unit.conn.fetch(COUNT_REQUESTS, sorted(subjects), minute)
    counts = {row["subject"]: row["requests"] for row in rows}
    return [counts[subject] for subject in subjects]


# Sorted subjects: two requests that count the same two subjects take the row locks in the same order.
COUNT_REQUESTS = """
INSERT INTO auth_request AS counted (subject, minute, requests)
SELECT subject, $2, 1 FROM unnest($1::bytea[]) AS subject
ON CONFLICT (subject, minute) DO UPDATE SET requests = counted.requests + 1
RETURNING subject, requests
"""


async def forget_expired(unit: Unit, now: datetime) -> None:
    """Removes what can no longer matter: used assertions, dead tokens, old counts."""
    for statement in FORGET_EXPIRED:
        await unit.conn.execute(statement, now)


# SKIP LOCKED: a clean-up never waits for a client, nor a client for it. The rest goes at the next round.
FORGET_EXPIRED = (
    """
    DELETE FROM client_assertion WHERE (client, jti) IN (
        SELECT client, jti FROM client_assertion WHERE expires_at <= $1 LIMIT 5000 FOR UPDATE SKIP LOCKED)
    """,
    """
    DELETE FROM access_token WHERE hash IN (
        SELECT hash FROM access_token WHERE expires_at <= $1::timestamptz - interval '1 day'
        LIMIT 5000 FOR UPDATE SKIP LOCKED)
    """,
    """
    DELETE FROM auth_request WHERE (subject, minute) IN (
        SELECT subject, minute FROM auth_request WHERE minute <= $1::timestamptz - interval '5 minutes'
        LIMIT 5000 FOR UPDATE SKIP LOCKED)
    """,
)
