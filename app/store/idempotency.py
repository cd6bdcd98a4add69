"""What POSTs were answered, under the keys that their clients chose: the effect of one key happens once.

A key is that of a client for a route, and of the members that the client speaks for: when they change, what it was
answered for those of before is not its own any more. The row is written in the transaction of the effect itself; until
that ends, a lock of the same transaction tells others that it is under way. *Source*: security sheet REL-05, TEN-08.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.fhir import json
from app.store.pool import Unit

# transaction locks of two numbers are nobody else's here
LOCK = """
SELECT pg_try_advisory_xact_lock(
    hashtext(concat_ws(' ', $1::text, $2::text)), hashtext(concat_ws(' ', $3::text, $4::text)))
"""
EXPIRE = """
DELETE FROM idempotency_key WHERE client = $1 AND members = $2 AND route = $3 AND key = $4 AND created_at < $5
"""
FIND = """
SELECT fingerprint, status, headers::text AS headers, body FROM idempotency_key
WHERE client = $1 AND members = $2 AND route = $3 AND key = $4
"""
KEEP = """
INSERT INTO idempotency_key (client, members, route, key, fingerprint, status, headers, body, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9)
"""
FORGET = """
DELETE FROM idempotency_key WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency_key WHERE created_at < $1 ORDER BY created_at LIMIT 5000))
"""


@dataclass(frozen=True, slots=True)
class Key:
    """Whose key, for which route; `members` as `members_hash` has them."""

    client: str
    members: str
    route: str
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What the first request brought (a hash) and what it was answered."""

    fingerprint: bytes
    status: int
    headers: dict[str, str]
    body: bytes


def members_hash(members: Collection[UUID]) -> str:
    """A name for exactly these members, short enough for an index however many they are."""
    return hashlib.sha256(" ".join(map(str, sorted(members))).encode()).hexdigest()


async def begin(unit: Unit, key: Key) -> bool:
    """False while another request with this key is under way; else none is until this transaction ends."""
    return bool(await unit.conn.fetchval(LOCK, *_scope(key)))


async def find(unit: Unit, key: Key, oldest: datetime) -> Answered | None:
    """What was answered under this key; a key older than `oldest` is a new one."""
    await unit.conn.execute(EXPIRE, *_scope(key), oldest)
    row = await unit.conn.fetchrow(FIND, *_scope(key))
    if row is None:
        return None
    return Answered(row["fingerprint"], row["status"], json.parse(row["headers"].encode()), row["body"])


async def keep(unit: Unit, key: Key, answered: Answered) -> None:
    headers = json.dump(answered.headers).decode()
    rest = (answered.fingerprint, answered.status, headers, answered.body, unit.now)
    await unit.conn.execute(KEEP, *_scope(key), *rest)


def _scope(key: Key) -> tuple[str, str, str, str]:
    return key.client, key.members, key.route, key.text


async def forget_old(unit: Unit, oldest: datetime) -> None:
    await unit.conn.execute(FORGET, oldest)
