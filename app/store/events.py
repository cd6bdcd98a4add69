"""What happened, appended outside a resource's own write: a referral received, passed on, ended."""

from collections.abc import Sequence

import orjson

from app.store.pool import Unit
from app.store.record import DeliveryRow, EventRow

ADD = """
INSERT INTO event (id, kind, resource, version, referral, member, account, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb)
"""
QUEUE = """
INSERT INTO delivery (event, handler, order_key, payload, not_before)
VALUES ($1, $2, $3, $4::jsonb, coalesce($5::timestamptz, now()))
"""


async def add(unit: Unit, event: EventRow, deliveries: Sequence[DeliveryRow] = ()) -> None:
    detail = None if event.detail is None else orjson.dumps(event.detail).decode()
    await unit.conn.execute(
        ADD, event.id, event.kind, event.resource, event.version, event.referral, event.member, event.account, detail
    )
    for row in deliveries:
        payload = orjson.dumps(row.payload).decode()
        await unit.conn.execute(QUEUE, row.event, row.handler, row.order_key, payload, row.not_before)
        unit.wakes_worker = unit.wakes_worker or row.not_before is None
