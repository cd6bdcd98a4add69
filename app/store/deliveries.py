"""The outbox: claimed by lease in database time, done rows deleted, in order per (handler, order key)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.fhir import json
from app.store.pool import Store


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until its lease ends. `tries` counts this one."""

    id: int
    event: UUID
    handler: str
    order_key: str
    payload: dict[str, Any]
    tries: int
    lease: UUID


# Only the oldest delivery of a key may be claimed, and none while one of its key is held. The counter rises at the
# claim, so that what kills its worker reaches the dead letters too (OUT-01..03).
CLAIM = """
UPDATE delivery SET lease = $1, lease_until = now() + make_interval(secs => $2), tries = tries + 1
WHERE id IN (
    SELECT d.id FROM delivery d
    WHERE (d.handler = ANY($4)) = $5
        AND d.dead_reason IS NULL AND d.not_before <= now() AND (d.lease_until IS NULL OR d.lease_until < now())
        AND NOT EXISTS (
            SELECT 1 FROM delivery e
            WHERE e.handler = d.handler AND e.order_key = d.order_key AND e.id < d.id)
    ORDER BY d.id LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, event, handler, order_key, payload, tries
"""
DONE = "DELETE FROM delivery WHERE id = $1 AND lease = $2"
AGAIN = """
UPDATE delivery SET lease = NULL, lease_until = NULL, not_before = now() + make_interval(secs => $3)
WHERE id = $1 AND lease = $2
"""
BURY = "UPDATE delivery SET dead_reason = $3, lease = NULL, lease_until = NULL WHERE id = $1 AND lease = $2"
LIST = """
SELECT id, handler, order_key, tries, not_before, dead_reason FROM delivery ORDER BY id LIMIT $1
"""
RETRY = """
UPDATE delivery SET dead_reason = NULL, tries = 0, not_before = now() WHERE id = $1 AND dead_reason IS NOT NULL
"""
SKIP = "DELETE FROM delivery WHERE id = $1 AND dead_reason IS NOT NULL"


async def claim(
    store: Store, lease: UUID, *, lease_s: float, limit: int, handlers: Collection[str], others: bool = False
) -> list[Claimed]:
    """What is due for these handlers, or with `others` for all but these, oldest first."""
    rows = await store.pool.fetch(CLAIM, lease, lease_s, limit, list(handlers), not others)
    claimed = [
        Claimed(
            row["id"],
            row["event"],
            row["handler"],
            row["order_key"],
            json.parse(row["payload"].encode()),
            row["tries"],
            lease,
        )
        for row in rows
    ]
    return sorted(claimed, key=lambda delivery: delivery.id)


async def done(store: Store, delivery: Claimed) -> None:
    await store.pool.execute(DONE, delivery.id, delivery.lease)


async def again(store: Store, delivery: Claimed, *, after_s: float) -> None:
    await store.pool.execute(AGAIN, delivery.id, delivery.lease, after_s)


async def bury(store: Store, delivery: Claimed, reason: str) -> None:
    """Set aside for the operator; it blocks only what follows under its own key."""
    await store.pool.execute(BURY, delivery.id, delivery.lease, reason)


async def listed(store: Store, limit: int) -> list[dict[str, Any]]:
    return [dict(row) for row in await store.pool.fetch(LIST, limit)]


async def retry(store: Store, delivery: int) -> bool:
    return str(await store.pool.execute(RETRY, delivery)).endswith(" 1")


async def skip(store: Store, delivery: int) -> bool:
    return str(await store.pool.execute(SKIP, delivery)).endswith(" 1")
