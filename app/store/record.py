"""The one statement that stores a write: current row, version, index rows, participation, event, deliveries, audit.

One round trip for any number of resources: each table's rows come as arrays. Nothing else inserts into `version`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from app.store.audit import Act
from app.store.index_write import IndexRows, index_rows
from app.store.pool import Unit


@dataclass(frozen=True, slots=True)
class VersionRow:
    id: UUID
    type: str
    fhir_id: str
    version: int
    last_updated: datetime
    interaction: str
    author: str
    body: bytes


@dataclass(frozen=True, slots=True)
class ParticipationRow:
    member: UUID
    resource: UUID
    because: UUID
    role: str
    basis: UUID | None = None
    basis_version: int | None = None
    from_version: int = 1
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventRow:
    id: UUID
    kind: str
    resource: UUID | None = None
    version: int | None = None
    referral: UUID | None = None
    member: UUID | None = None
    account: UUID | None = None
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    event: UUID
    handler: str
    order_key: str
    payload: dict[str, Any]
    not_before: datetime | None = None


@dataclass(slots=True)
class Rows:
    """All that one write stores."""

    versions: list[VersionRow] = field(default_factory=list)
    index: IndexRows = field(default_factory=IndexRows)
    participations: list[ParticipationRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    deliveries: list[DeliveryRow] = field(default_factory=list)
    acts: list[tuple[Act, UUID | None, int | None]] = field(default_factory=list)


RECORD = "".join(
    (
        """
WITH made AS (
    INSERT INTO resource (id, type, fhir_id, version, last_updated, writer)
    SELECT n.id, n.type, n.fhir_id, n.version, n.last_updated, pg_current_xact_id()
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::timestamptz[])
        AS n (id, type, fhir_id, version, last_updated)
    WHERE n.version = 1
), changed AS (
    UPDATE resource r SET version = n.version, last_updated = n.last_updated, writer = pg_current_xact_id(),
        deleted = n.interaction = 'delete'
    FROM unnest($1::uuid[], $4::int[], $5::timestamptz[], $6::text[]) AS n (id, version, last_updated, interaction)
    WHERE r.id = n.id AND n.version > 1
), kept AS (
    INSERT INTO version (resource, version, last_updated, writer, interaction, author, body)
    SELECT n.id, n.version, n.last_updated, pg_current_xact_id(), n.interaction, n.author, n.body
    FROM unnest($1::uuid[], $4::int[], $5::timestamptz[], $6::text[], $7::text[], $8::bytea[])
        AS n (id, version, last_updated, interaction, author, body)
), shared AS (
    INSERT INTO participation (member, resource, because, role, basis, basis_version, from_version, until)
    SELECT n.member, n.resource, n.because, n.role, n.basis, n.basis_version, n.from_version,
        coalesce(n.until, 'infinity')
    FROM unnest($9::uuid[], $10::uuid[], $11::uuid[], $12::text[], $13::uuid[], $14::int[], $15::int[],
        $16::timestamptz[]) AS n (member, resource, because, role, basis, basis_version, from_version, until)
), happened AS (
    INSERT INTO event (id, kind, resource, version, referral, member, account, detail)
    SELECT * FROM unnest($17::uuid[], $18::text[], $19::uuid[], $20::int[], $21::uuid[], $22::uuid[], $23::uuid[],
        $24::jsonb[])
), queued AS (
    INSERT INTO delivery (event, handler, order_key, payload)
    SELECT * FROM unnest($25::uuid[], $26::text[], $27::text[], $28::jsonb[])
), audited AS (
    INSERT INTO audit (id, action, outcome, client, account, members, type, resource, version, request_id, detail)
    SELECT n.id, n.action, 'done', n.client, n.account, $36::uuid[], n.type, n.resource, n.version, $37, NULL
    FROM unnest($29::uuid[], $30::text[], $31::text[], $32::uuid[], $33::text[], $34::uuid[], $35::int[])
        AS n (id, action, client, account, type, resource, version)
        )""",
        index_rows(38),
        "SELECT 1",
    )
)


class IdTaken(Exception):
    """Another resource of the type has the id that a client chose."""


async def record(unit: Unit, rows: Rows) -> None:
    """Stores everything in the unit's transaction. A version that exists already is a fault of the caller's lock.

    Raises IdTaken.
    """
    try:
        await _record(unit, rows)
    except asyncpg.UniqueViolationError as problem:
        if problem.constraint_name != "resource_type_fhir_id":
            raise
        raise IdTaken from None
    if rows.deliveries:
        unit.wakes_worker = True


async def _record(unit: Unit, rows: Rows) -> None:
    await unit.conn.execute(
        RECORD,
        *_columns(rows.versions, "id", "type", "fhir_id", "version", "last_updated", "interaction", "author", "body"),
        *_columns(rows.participations, *ParticipationRow.__slots__),
        *_columns(rows.events, "id", "kind", "resource", "version", "referral", "member", "account"),
        [_json(event.detail) for event in rows.events],
        *_columns(rows.deliveries, "event", "handler", "order_key"),
        [_json(delivery.payload) for delivery in rows.deliveries],
        *_acts(rows.acts),
        *rows.index.arrays(),
    )


def _columns(rows: Sequence[object], *names: str) -> list[list[Any]]:
    return [[getattr(row, name) for row in rows] for name in names]


def _acts(acts: Sequence[tuple[Act, UUID | None, int | None]]) -> list[Any]:
    """The audit rows' arrays, then what all of one write share: the members and the request id."""
    columns = _columns([act for act, _, _ in acts], "id", "action", "client", "account", "type")
    return [
        *columns,
        [resource for _, resource, _ in acts],
        [version for _, _, version in acts],
        list(acts[0][0].members) if acts else [],
        acts[0][0].request_id if acts else "",
    ]


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else orjson.dumps(value, default=str).decode()
