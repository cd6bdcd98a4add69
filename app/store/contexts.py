"""Whose access decides about a Binary besides its own: the resource of its securityContext. *Source*: R4 binary.html.

Only Binaries that name one have a row; `visibility.py` reads it.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from app.store.pool import Unit
from app.store.visibility import SEES_CONTEXT

BIND = """
INSERT INTO binary_context (resource, context) SELECT * FROM unnest($1::uuid[], $2::uuid[])
ON CONFLICT (resource) DO UPDATE SET context = excluded.context
"""
HIDDEN = "SELECT r.id FROM unnest($2::uuid[]) AS r (id) WHERE NOT " + SEES_CONTEXT
RELEASE = "DELETE FROM binary_context WHERE resource = ANY($1::uuid[])"


async def bind(unit: Unit, contexts: Mapping[UUID, UUID]) -> None:
    """Binary -> the resource without which nobody sees it."""
    if contexts:
        await unit.conn.execute(BIND, list(contexts), list(contexts.values()))


async def hidden(unit: Unit, binaries: Collection[UUID]) -> set[UUID]:
    """Those of which the unit's members do not see the context."""
    if not binaries:
        return set()
    return {row["id"] for row in await unit.conn.fetch(HIDDEN, list(unit.members), list(binaries))}


async def release(unit: Unit, binaries: Collection[UUID]) -> None:
    """These depend on nothing else any more."""
    if binaries:
        await unit.conn.execute(RELEASE, list(binaries))
