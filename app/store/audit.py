"""Audit rows: written in the act's own transaction, or, for a refused act, in one of their own. Ids, never content."""

from dataclasses import dataclass
from uuid import UUID

from app.store.pool import Unit


@dataclass(frozen=True, slots=True)
class Act:
    """Who does what: the part of an audit row that is known before the act."""

    id: UUID
    action: str
    client: str | None
    account: UUID | None
    members: tuple[UUID, ...]
    request_id: str
    type: str | None = None
    detail: str | None = None


INSERT = """
INSERT INTO audit (id, action, outcome, client, account, members, type, resource, version, request_id, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""


async def write(
    unit: Unit, act: Act, outcome: str, *, resource: UUID | None = None, version: int | None = None
) -> None:
    """One row; `outcome` is "done", or the refusal's rule word."""
    await unit.conn.execute(
        INSERT,
        act.id,
        act.action,
        outcome,
        act.client,
        act.account,
        list(act.members),
        act.type,
        resource,
        version,
        act.request_id,
        act.detail,
    )
