"""What belongs to a person: the resources that lead to her by the parameters of her compartment, page by page.

The same predicate as everywhere decides who sees what, before the limit; what the page's resources refer to beyond the
compartment (organizations, practitioners, places) is asked for apart.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from app.store import budget
from app.store.arguments import Arguments
from app.store.budget import FIRST_AND_FITTING, FITTING
from app.store.pool import Unit
from app.store.resources import Stored
from app.store.visibility import TAKES_PART, VISIBLE

# of one person who was found before, or of every one whom the caller sees
OF_ONE = "i.target = {patient}"
OF_ALL = """EXISTS (
    SELECT 1 FROM resource x WHERE x.id = i.target AND x.type = 'Patient' AND NOT x.deleted AND {visible})""".replace(
    "{visible}", TAKES_PART.replace("r.id", "x.id")
)
PAGE = """
WITH page AS MATERIALIZED (
    SELECT r.id FROM resource r
    WHERE NOT r.deleted AND r.type = ANY({types}) AND {visible} AND ({itself} OR r.id IN (
        SELECT i.resource FROM index_reference i WHERE i.param = ANY({params}) AND {about}))
    {narrower} ORDER BY r.id LIMIT {limit})
SELECT {columns} FROM page JOIN resource r ON r.id = page.id
JOIN version v ON v.resource = r.id AND v.version = r.version ORDER BY r.id
""".replace("{columns}", FIRST_AND_FITTING.replace("{order}", "r.id")).replace("{visible}", TAKES_PART)
# what says no date of care belongs to every time
CARE = """ AND (r.type = 'Patient'
    OR EXISTS (SELECT 1 FROM index_date d WHERE d.resource = r.id AND d.param = ANY({dates}) AND {within})
    OR NOT EXISTS (SELECT 1 FROM index_date d WHERE d.resource = r.id AND d.param = ANY({dates})))"""
SUPPORTING = """
SELECT {columns} FROM resource r JOIN version v ON v.resource = r.id AND v.version = r.version
WHERE NOT r.deleted AND r.type = ANY($3) AND r.id IN (
    SELECT i.target FROM index_reference i WHERE i.resource = ANY($2::uuid[]))
AND {visible} ORDER BY r.id LIMIT 10001
""".replace("{columns}", FITTING.replace("{order}", "r.id").replace("{bytes}", "$4")).replace("{visible}", VISIBLE)
# more than a page refers to; one that refers to more is made shorter
MOST_SUPPORTING = 10_000


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of it is wanted. `patient` None: of everybody; `params` lead to the person, `dates` tell of care."""

    patient: UUID | None
    types: Sequence[str]
    params: Sequence[int]
    dates: Sequence[int] = ()
    start: datetime | None = None
    end: datetime | None = None
    since: datetime | None = None
    before_moment: datetime | None = None


async def page(unit: Unit, extent: Extent, *, limit: int, after: UUID | None) -> tuple[list[Stored], bool]:
    """At most `limit` resources beyond `after`, oldest first, as one answer holds them, and whether there are more."""
    args = Arguments([list(unit.members)])
    patient = args.add(extent.patient, "uuid") if extent.patient else ""
    statement = PAGE
    for name, text in (
        ("{types}", args.add(list(extent.types), "text[]")),
        ("{params}", args.add(list(extent.params), "smallint[]")),
        ("{itself}", "r.id = " + patient if patient else "r.type = 'Patient'"),
        ("{about}", OF_ONE.replace("{patient}", patient) if patient else OF_ALL),
        ("{narrower}", _narrower(extent, after, args)),
        ("{limit}", args.add(limit + 1, "int")),
        ("{bytes}", args.add(budget.MOST_BYTES, "bigint")),
    ):
        statement = statement.replace(name, text)
    return _stored(await unit.conn.fetch(statement, *args), limit)


async def supporting(unit: Unit, of: Collection[UUID], types: Sequence[str]) -> tuple[list[Stored], bool]:
    """What these resources refer to, of these types, as far as the caller may see it and as one answer holds it; and
    whether there is more."""
    arguments = (list(unit.members), list(of), list(types), budget.MOST_BYTES)
    return _stored(await unit.conn.fetch(SUPPORTING, *arguments), MOST_SUPPORTING)


def _stored(rows: Sequence[Record], most: int) -> tuple[list[Stored], bool]:
    found, more = budget.fitting([tuple(row.values()) for row in rows], -1, most)
    return [Stored(*row) for row in found], more


def _narrower(extent: Extent, after: UUID | None, args: Arguments) -> str:
    pieces = ""
    if after is not None:
        pieces += " AND r.id > " + args.add(after, "uuid")
    if extent.since is not None:
        pieces += " AND r.last_updated >= " + args.add(extent.since, "timestamptz")
    if extent.before_moment is not None:
        pieces += " AND r.last_updated < " + args.add(extent.before_moment, "timestamptz")
    if extent.start is not None or extent.end is not None:
        within = ["true"]
        if extent.start is not None:
            within.append("d.ends > " + args.add(extent.start, "timestamptz"))
        if extent.end is not None:
            within.append("d.starts < " + args.add(extent.end, "timestamptz"))
        care = CARE.replace("{dates}", args.add(list(extent.dates), "smallint[]"))
        pieces += care.replace("{within}", " AND ".join(within))
    return pieces
