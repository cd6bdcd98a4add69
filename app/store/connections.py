"""EHRs that we know, and which copy of ours stands for which resource of theirs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from uuid import UUID

from app.store.index_text import short
from app.store.index_write import HOT_REFERENCES
from app.store.pool import Unit

ClientKind = Literal["none", "public", "asymmetric", "symmetric"]


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """`client_kind` is none, public, asymmetric (`key_file`) or symmetric (`secret_sealed`): how we are known there."""

    id: UUID
    name: str
    fhir_base: str
    member: UUID
    client_kind: ClientKind = "none"
    client_id: str | None = None
    key_file: str | None = None
    secret_sealed: bytes | None = None
    endpoint_hosts: tuple[str, ...] = ()
    private_ranges: tuple[str, ...] = ()
    ca_file: str | None = None
    vendor: str | None = None
    poll_minutes: int | None = None


COLUMNS = """
SELECT id, name, fhir_base, member, client_kind, client_id, key_file, secret_sealed, endpoint_hosts, private_ranges,
    ca_file, vendor, poll_minutes
FROM connection
"""
BY_BASES = COLUMNS + "WHERE fhir_base = ANY($1::text[])"
OF_MEMBERS = COLUMNS + "WHERE member = ANY($1::uuid[]) ORDER BY id"
BY_ID = COLUMNS + "WHERE id = $1"
ALL = COLUMNS + "ORDER BY created_at, id"
INSERT = """
INSERT INTO connection (id, name, fhir_base, member, client_kind, client_id, key_file, secret_sealed, endpoint_hosts,
    private_ranges, ca_file, vendor, poll_minutes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
# a deleted copy answers for nothing: the next one takes its place
COPY = """
SELECT o.local FROM origin o WHERE o.connection = $1 AND o.type = $2 AND o.remote_id = $3
    AND NOT EXISTS (SELECT 1 FROM resource r WHERE r.id = o.local AND r.deleted)
"""
# where the copy is one that the unit's members see, it is known by its id as well
COPIES = """
SELECT o.connection, o.type, o.remote_id, o.local, r.fhir_id
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS wanted (connection, type, remote_id)
JOIN origin o ON (o.connection, o.type, o.remote_id) = (wanted.connection, wanted.type, wanted.remote_id)
LEFT JOIN resource r ON r.id = o.local
WHERE r.deleted IS NOT TRUE
"""
NOTE_COPY = """
INSERT INTO origin AS o (connection, type, remote_id, local) VALUES ($1, $2, $3, $4)
ON CONFLICT (connection, type, remote_id) DO UPDATE SET local = excluded.local
WHERE EXISTS (SELECT 1 FROM resource r WHERE r.id = o.local AND r.deleted)
"""
# a remote reference is findable by what was written and, from now on, by the local copy
AWAITED = "SELECT EXISTS (SELECT 1 FROM index_reference WHERE written = $1 AND target IS NULL)"
POINT = "UPDATE index_reference SET target = $2 WHERE written = $1 AND target IS NULL"
_POINT_TASK = """
UPDATE index_task t SET {column} = $2 FROM index_reference i JOIN search_parameter s ON s.id = i.param
WHERE i.written = $1 AND i.resource = t.resource AND s.type = 'Task' AND s.code = '{column}' AND t.{column} IS NULL
"""
POINT_TASKS = tuple(_POINT_TASK.replace("{column}", code) for code in HOT_REFERENCES)


async def by_bases(unit: Unit, bases: Collection[str]) -> dict[str, ConnectionRow]:
    rows = await unit.conn.fetch(BY_BASES, list(bases))
    return {row["fhir_base"]: _row(row) for row in rows}


async def of_members(unit: Unit, members: Collection[UUID]) -> list[ConnectionRow]:
    return [_row(row) for row in await unit.conn.fetch(OF_MEMBERS, list(members))]


async def by_id(unit: Unit, connection: UUID) -> ConnectionRow | None:
    row = await unit.conn.fetchrow(BY_ID, connection)
    return _row(row) if row else None


async def all_connections(unit: Unit) -> list[ConnectionRow]:
    """Oldest first."""
    return [_row(row) for row in await unit.conn.fetch(ALL)]


async def add(unit: Unit, row: ConnectionRow) -> None:
    await unit.conn.execute(INSERT, *(getattr(row, name) for name in ConnectionRow.__slots__))


def _row(row: Mapping[str, Any]) -> ConnectionRow:
    lists = {name: tuple(row[name]) for name in ("endpoint_hosts", "private_ranges")}
    return ConnectionRow(**{**row, **lists})


async def local_copy(unit: Unit, connection: UUID, type_name: str, remote_id: str) -> UUID | None:
    found: UUID | None = await unit.conn.fetchval(COPY, connection, type_name, remote_id)
    return found


class Copy(NamedTuple):
    """Our copy of another system's resource; `fhir_id` is None where the unit's members do not see it."""

    local: UUID
    fhir_id: str | None


async def local_copies(unit: Unit, wanted: Collection[tuple[UUID, str, str]]) -> dict[tuple[UUID, str, str], Copy]:
    """(connection, type, remote id) -> our copy, of those that we hold."""
    if not wanted:
        return {}
    rows = await unit.conn.fetch(COPIES, *(list(column) for column in zip(*wanted, strict=True)))
    return {(row["connection"], row["type"], row["remote_id"]): Copy(row["local"], row["fhir_id"]) for row in rows}


async def note_copy(unit: Unit, connection: ConnectionRow, type_name: str, remote_id: str, local: UUID) -> None:
    await unit.conn.execute(NOTE_COPY, connection.id, type_name, remote_id, local)
    written = short("/".join((connection.fhir_base, type_name, remote_id)))
    await unit.conn.execute(POINT, written, local)
    for point in POINT_TASKS:
        await unit.conn.execute(point, written, local)


async def awaited(unit: Unit, connection: ConnectionRow, type_name: str, remote_id: str) -> bool:
    """Whether something stored here refers to this resource of theirs and we hold no copy yet."""
    written = short("/".join((connection.fhir_base, type_name, remote_id)))
    return bool(await unit.conn.fetchval(AWAITED, written))
