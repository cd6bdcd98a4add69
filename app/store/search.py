"""Search: one page of what the caller may see, newest first, and what the page's resources refer to.

The order is that of the resource keys (UUIDv7: by creation), which no update changes, so pages neither repeat nor skip.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from app.fhir.search import Query
from app.store.arguments import Arguments
from app.store.audit import Act
from app.store.pool import Unit
from app.store.resources import COLUMNS, Stored
from app.store.visibility import VISIBLE
from app.store.where import Numbers, where

INCLUDED = """
SELECT {columns} FROM resource r JOIN version v ON v.resource = r.id AND v.version = r.version
WHERE NOT r.deleted AND r.id IN (
    SELECT i.target FROM index_reference i
    JOIN unnest($3::smallint[], $4::text[]) AS wanted (param, type) ON wanted.param = i.param
    WHERE i.resource = ANY($2::uuid[]) AND (wanted.type = '' OR wanted.type = r.type))
AND {visible} ORDER BY r.id LIMIT 1000
""".replace("{columns}", COLUMNS).replace("{visible}", VISIBLE)
# The page's keys first, then its bodies; the audit row in the same statement: nothing is disclosed unwritten.
PAGE = """
WITH page AS MATERIALIZED ({page}), noted AS (
    INSERT INTO audit (id, action, outcome, client, account, members, type, request_id, detail)
    SELECT {id}, {action}, 'done', {client}, {account}, $1::uuid[], {type}, {request}, {detail})
SELECT {columns} FROM page JOIN resource r ON r.id = page.id
JOIN version v ON v.resource = r.id AND v.version = r.version ORDER BY r.id DESC
""".replace("{columns}", COLUMNS)


async def page(
    unit: Unit,
    act: Act,
    query: Query,
    numbers: Numbers,
    *,
    limit: int,
    after: UUID | None = None,
    before_moment: datetime | None = None,
) -> list[Stored]:
    """At most `limit` resources after the key `after`; with `before_moment`, only what was stamped before it."""
    args = Arguments([list(unit.members)])
    conditions = _matching(query, numbers, args, before_moment)
    if after is not None:
        conditions += " AND r.id < " + args.add(after, "uuid")
    keys = "".join(
        ("SELECT r.id FROM resource r WHERE ", conditions, " ORDER BY r.id DESC LIMIT ", args.add(limit, "int"))
    )
    rows = await unit.conn.fetch(_noted(keys, act, args), *args)
    return [Stored(*row.values()) for row in rows]


async def count(unit: Unit, query: Query, numbers: Numbers, *, before_moment: datetime | None = None) -> int:
    """How many resources match of those that the caller may see."""
    args = Arguments([list(unit.members)])
    conditions = _matching(query, numbers, args, before_moment)
    total: int = await unit.conn.fetchval("SELECT count(*) FROM resource r WHERE " + conditions, *args)
    return total


async def included(unit: Unit, page_ids: Collection[UUID], wanted: Sequence[tuple[int, str]]) -> list[Stored]:
    """What a page's resources refer to by (parameter number, type or ''), as far as the caller may see it."""
    numbers, types = [number for number, _ in wanted], [type_name for _, type_name in wanted]
    rows = await unit.conn.fetch(INCLUDED, list(unit.members), list(page_ids), numbers, types)
    return [Stored(*row.values()) for row in rows if row["id"] not in page_ids]


def _matching(query: Query, numbers: Numbers, args: Arguments, before_moment: datetime | None) -> str:
    pieces = ["r.type = " + args.add(query.type, "text"), "NOT r.deleted", VISIBLE, where(query, numbers, args)]
    if before_moment is not None:
        pieces.append("r.last_updated < " + args.add(before_moment, "timestamptz"))
    return " AND ".join(pieces)


def _noted(keys: str, act: Act, args: Arguments) -> str:
    statement = PAGE.replace("{page}", keys)
    for name, value, cast in (
        ("{id}", act.id, "uuid"),
        ("{action}", act.action, "text"),
        ("{client}", act.client, "text"),
        ("{account}", act.account, "uuid"),
        ("{type}", act.type, "text"),
        ("{request}", act.request_id, "text"),
        ("{detail}", act.detail, "text"),
    ):
        statement = statement.replace(name, args.add(value, cast))
    return statement
