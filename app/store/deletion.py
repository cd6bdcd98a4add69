"""What keeps a resource from being deleted, and what goes with it. Its versions stay, and so does who saw them."""

from collections.abc import Collection, Mapping
from uuid import UUID

from app.store.index_write import WIDTHS
from app.store.pool import Unit
from app.store.visibility import VISIBLE

# members whose parts must be looked at: they are hidden from whoever deletes
TARGETS = """
SELECT DISTINCT c.target FROM child_task c JOIN referral f ON f.id = c.referral WHERE f.closed_at IS NULL
"""
# What an open referral names is not all in search rows (its reasons are not), so its sender's requests are read.
NEEDED = """
WITH w AS (
    SELECT * FROM unnest($1::uuid[], $2::text[]) AS w (id, name)
), named AS (
    SELECT w.id, w.name FROM w UNION ALL
    SELECT o.local, concat_ws('/', c.fhir_base, o.type, o.remote_id)
    FROM w JOIN origin o ON o.local = w.id JOIN connection c ON c.id = o.connection
)
SELECT w.id FROM w
WHERE EXISTS (SELECT 1 FROM referral f WHERE f.source_task = w.id)
    OR EXISTS (SELECT 1 FROM referral f WHERE f.closed_at IS NULL AND f.source_request = w.id)
    OR EXISTS (SELECT 1 FROM child_task c WHERE c.task = w.id OR c.filler_order = w.id)
    OR EXISTS (
        SELECT 1 FROM participation p JOIN child_task c ON c.task = p.because JOIN referral f ON f.id = c.referral
        WHERE p.resource = w.id AND p.until > now() AND f.closed_at IS NULL)
    OR EXISTS (
        SELECT 1 FROM referral f CROSS JOIN LATERAL (VALUES (f.source_request), (f.source_task)) AS s (id)
        JOIN resource r ON r.id = s.id JOIN version v ON v.resource = r.id AND v.version = r.version
        JOIN named n ON position(convert_to(n.name || '"', 'UTF8') IN v.body) > 0
            OR position(convert_to(n.name || '/_history/', 'UTF8') IN v.body) > 0
        WHERE n.id = w.id AND f.closed_at IS NULL AND f.sources && $3::uuid[])
"""
RESTING = "SELECT consent AS id FROM basis WHERE consent = ANY($1::uuid[])"
REFERRING = """
SELECT DISTINCT i.target, r.type FROM index_reference i JOIN resource r ON r.id = i.resource
WHERE i.param = ANY($3::smallint[]) AND i.target = ANY($2::uuid[]) AND NOT r.deleted AND {visible}
LIMIT 100
""".replace("{visible}", VISIBLE)
_FORGET = "DELETE FROM index_token WHERE resource = ANY($1::uuid[])"
FORGET = tuple(_FORGET.replace("index_token", "index_" + kind) for kind in (*WIDTHS, "task"))


async def needed(unit: Unit, named: Mapping[UUID, str]) -> set[UUID]:
    """Those that an open referral stands on, names or has shown to somebody, and what the network itself passed on.

    The Task of a referral also after its end: brought back it would be asked for anew, under a row that is closed.
    `named`: resource -> how a reference names it, `Patient/1`; a copy is also named by the address that it has at home.
    """
    await unit.also_for({row["target"] for row in await unit.conn.fetch(TARGETS)})
    rows = await unit.conn.fetch(NEEDED, list(named), list(named.values()), list(unit.members))
    return {row["id"] for row in rows}


async def resting(unit: Unit, resources: Collection[UUID]) -> set[UUID]:
    """Consents on which a disclosure has rested, whether it still does or not."""
    return {row["id"] for row in await unit.conn.fetch(RESTING, list(resources))}


async def referring(unit: Unit, resources: Collection[UUID], parameters: Collection[int]) -> dict[UUID, set[str]]:
    """resource -> the types of what the caller sees that refers to it, by these search parameters."""
    found: dict[UUID, set[str]] = {}
    for row in await unit.conn.fetch(REFERRING, list(unit.members), list(resources), list(parameters)):
        found.setdefault(row["target"], set()).add(row["type"])
    return found


async def forget_index(unit: Unit, resources: Collection[UUID]) -> None:
    """A deleted resource is found by nothing."""
    for statement in FORGET:
        await unit.conn.execute(statement, list(resources))
