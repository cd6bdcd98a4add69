"""Members of the network: the rows that give an Organization its part."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from app.store.index_text import short
from app.store.pool import Unit
from app.store.visibility import TAKES_PART


@dataclass(frozen=True, slots=True)
class MemberRow:
    """`organization` is the key of its Organization resource; `notify` are addresses for news, not accounts."""

    organization: UUID
    kind: str
    name: str
    time_zone: str
    notify: tuple[str, ...]


COLUMNS = "SELECT m.organization, m.kind, m.name, m.time_zone, m.notify FROM member m "
BY_ID = COLUMNS + "WHERE m.organization = ANY($1::uuid[])"
BY_KIND = COLUMNS + "WHERE m.kind = $1 ORDER BY m.name, m.organization"
BY_FHIR_ID = (
    COLUMNS
    + "JOIN resource r ON r.id = m.organization WHERE r.type = 'Organization' AND r.fhir_id = $2 AND "
    + TAKES_PART
)
BY_IDENTIFIER = (
    COLUMNS
    + """JOIN index_token t ON t.resource = m.organization
WHERE t.param = $1 AND t.system = $2 AND t.value = $3 ORDER BY m.organization LIMIT 2"""
)
ADD = "INSERT INTO member (organization, kind, name, time_zone, notify) VALUES ($1, $2, $3, $4, $5)"


async def get(unit: Unit, ids: Collection[UUID]) -> dict[UUID, MemberRow]:
    if not ids:
        return {}
    return {row["organization"]: _of(row) for row in await unit.conn.fetch(BY_ID, list(ids))}


async def by_fhir_id(unit: Unit, fhir_id: str) -> MemberRow | None:
    """The member whose own Organization has this id, where the unit's members may see it."""
    row = await unit.conn.fetchrow(BY_FHIR_ID, list(unit.members), fhir_id)
    return None if row is None else _of(row)


async def of_kind(unit: Unit, kind: str) -> list[MemberRow]:
    return [_of(row) for row in await unit.conn.fetch(BY_KIND, kind)]


async def by_identifier(unit: Unit, parameter: int, system: str, value: str) -> MemberRow | None:
    """The one member whose Organization carries this identifier; None when nobody or more than one does."""
    rows = await unit.conn.fetch(BY_IDENTIFIER, parameter, short(system), short(value))
    return _of(rows[0]) if len(rows) == 1 else None


async def add(unit: Unit, member: MemberRow) -> None:
    await unit.conn.execute(ADD, member.organization, member.kind, member.name, member.time_zone, list(member.notify))


def _of(row: asyncpg.Record) -> MemberRow:
    return MemberRow(row["organization"], row["kind"], row["name"], row["time_zone"], tuple(row["notify"]))
