"""What the operator lists and keeps apart: members with their kinds, systems, EHRs; one admission at a time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.store.members import MemberRow
from app.store.pool import Unit

# any constant: whoever admits holds it until the transaction ends, so that "is it there already" stays true
ONE_ADMISSION = 4_206_070
WAIT_FOR_TURN = "SELECT pg_advisory_xact_lock($1)"
MEMBERS = """
SELECT organization, kind, name, time_zone, notify FROM member ORDER BY kind, name, organization
"""
CLIENTS = """
SELECT c.id, c.name, c.scopes, c.created_at, c.disabled_at, array_agg(m.member ORDER BY m.member) AS members
FROM client c JOIN client_member m ON m.client = c.id
GROUP BY c.id ORDER BY c.created_at, c.id
"""


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A registered system; `members` are those that it speaks for."""

    id: str
    name: str
    scopes: str
    created_at: datetime
    disabled_at: datetime | None
    members: list[UUID]


async def wait_for_turn(unit: Unit) -> None:
    """From here to the end of the transaction nobody else admits or registers."""
    await unit.conn.execute(WAIT_FOR_TURN, ONE_ADMISSION)


async def all_members(unit: Unit) -> list[MemberRow]:
    rows = await unit.conn.fetch(MEMBERS)
    return [MemberRow(r["organization"], r["kind"], r["name"], r["time_zone"], tuple(r["notify"])) for r in rows]


async def all_clients(unit: Unit) -> list[ClientRow]:
    return [ClientRow(*row.values()) for row in await unit.conn.fetch(CLIENTS)]
