"""What keeps a resource from being deleted, and what goes with it. Its versions stay, and so does who saw them."""

from collections.abc import Collection
from uuid import UUID

from app.store.index_write import WIDTHS
from app.store.pool import Unit
from app.store.visibility import TAKES_PART

# whose parts must be looked at: they are hidden from whoever deletes
TARGETS = "SELECT organization FROM member WHERE kind = 'target'"
# Each line goes from what is deleted to what stands on it, by an index, and the first that finds one ends it.
NEEDED = """
WITH gone AS (
    SELECT unnest($1::uuid[]) AS id
), named AS (
    SELECT g.id, i.resource AS by
    FROM gone g JOIN index_reference i ON i.param = ANY($2::smallint[]) AND i.target = g.id
    UNION ALL
    SELECT o.local, i.resource FROM gone g JOIN origin o ON o.local = g.id JOIN connection c ON c.id = o.connection
    JOIN index_reference i
        ON i.written = concat_ws('/', c.fhir_base, o.type, o.remote_id) AND i.param = ANY($2::smallint[])
)
SELECT g.id FROM gone g JOIN referral f ON f.source_task = g.id
UNION ALL
SELECT g.id FROM gone g JOIN referral f ON f.source_request = g.id WHERE f.closed_at IS NULL
UNION ALL
SELECT g.id FROM gone g JOIN child_task c ON c.task = g.id
UNION ALL
SELECT g.id FROM gone g JOIN child_task c ON c.filler_order = g.id
UNION ALL
SELECT n.id FROM named n JOIN referral f ON f.source_request = n.by
WHERE f.closed_at IS NULL AND f.sources && $3::uuid[]
UNION ALL
SELECT n.id FROM named n JOIN referral f ON f.source_task = n.by
WHERE f.closed_at IS NULL AND f.sources && $3::uuid[]
UNION ALL
SELECT g.id FROM gone g JOIN participation p ON p.resource = g.id AND p.until > now()
JOIN child_task c ON c.task = p.because JOIN referral f ON f.id = c.referral WHERE f.closed_at IS NULL
LIMIT 1
"""
# what requests and Tasks of an earlier release name is being read
UNREAD = "SELECT EXISTS (SELECT 1 FROM search_parameter WHERE code = $1 AND state = 'building')"
RESTING = "SELECT consent AS id FROM basis WHERE consent = ANY($1::uuid[])"
REFERRING = """
SELECT DISTINCT i.target, r.type FROM index_reference i JOIN resource r ON r.id = i.resource
WHERE i.param = ANY($3::smallint[]) AND i.target = ANY($2::uuid[]) AND NOT r.deleted AND {visible}
LIMIT 100
""".replace("{visible}", TAKES_PART)
_FORGET = "DELETE FROM index_token WHERE resource = ANY($1::uuid[])"
FORGET = tuple(_FORGET.replace("index_token", "index_" + kind) for kind in (*WIDTHS, "task"))


async def needed(unit: Unit, gone: Collection[UUID], naming: Collection[int]) -> UUID | None:
    """One that an open referral stands on, names or has shown to somebody, or that the network itself passed on.

    The Task of a referral also after its end: brought back it would be asked for anew, under a row that is closed.
    `naming`: the numbers under which requests and Tasks have rows of what they name, a copy's also by its address.
    """
    await unit.also_for({row["organization"] for row in await unit.conn.fetch(TARGETS)})
    found: UUID | None = await unit.conn.fetchval(NEEDED, list(gone), list(naming), list(unit.members))
    return found


async def unread(unit: Unit, code: str) -> bool:
    """Whether rows of this code are still being made of what was stored before."""
    return bool(await unit.conn.fetchval(UNREAD, code))


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
