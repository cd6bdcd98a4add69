"""What POSTs were answered, under the keys that their clients chose: the effect of one key happens once.

The row is written in the transaction of the effect itself; until that ends, a lock of the same transaction tells others
that it is under way. *Source*: security sheet REL-05.
"""

from dataclasses import dataclass
from datetime import datetime

from app.fhir import json
from app.store.pool import Unit

# transaction locks of two numbers are nobody else's here
LOCK = "SELECT pg_try_advisory_xact_lock(hashtext($1), hashtext(concat_ws(' ', $2::text, $3::text)))"
EXPIRE = "DELETE FROM idempotency_key WHERE client = $1 AND route = $2 AND key = $3 AND created_at < $4"
FIND = """
SELECT fingerprint, status, headers::text AS headers, body FROM idempotency_key
WHERE client = $1 AND route = $2 AND key = $3
"""
KEEP = """
INSERT INTO idempotency_key (client, route, key, fingerprint, status, headers, body, created_at)
VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8)
"""
FORGET = """
DELETE FROM idempotency_key WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency_key WHERE created_at < $1 ORDER BY created_at LIMIT 5000))
"""


@dataclass(frozen=True, slots=True)
class Key:
    """Whose key for which route."""

    client: str
    route: str
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What the first request brought (a hash) and what it was answered."""

    fingerprint: bytes
    status: int
    headers: dict[str, str]
    body: bytes


async def begin(unit: Unit, key: Key) -> bool:
    """False while another request with this key is under way; else none is until this transaction ends."""
    return bool(await unit.conn.fetchval(LOCK, key.client, key.route, key.text))


async def find(unit: Unit, key: Key, oldest: datetime) -> Answered | None:
    """What was answered under this key; a key older than `oldest` is a new one."""
    await unit.conn.execute(EXPIRE, key.client, key.route, key.text, oldest)
    row = await unit.conn.fetchrow(FIND, key.client, key.route, key.text)
    if row is None:
        return None
    return Answered(row["fingerprint"], row["status"], json.parse(row["headers"].encode()), row["body"])


async def keep(unit: Unit, key: Key, answered: Answered) -> None:
    headers = json.dump(answered.headers).decode()
    rest = (answered.fingerprint, answered.status, headers, answered.body, unit.now)
    await unit.conn.execute(KEEP, key.client, key.route, key.text, *rest)


async def forget_old(unit: Unit, oldest: datetime) -> None:
    await unit.conn.execute(FORGET, oldest)
