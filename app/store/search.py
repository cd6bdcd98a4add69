"""Search: one page of what the caller may see, and what the page's resources refer to.

The order is that of the resource keys (UUIDv7: by creation), newest first, which no update changes, so pages neither
repeat nor skip. A poll (`_lastUpdated=gt...`) goes by its stamps, oldest first: who stops halfway goes on from there.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.fhir.search import Query
from app.store.arguments import Arguments
from app.store.audit import Act
from app.store.pool import Unit
from app.store.resources import COLUMNS, Stored
from app.store.visibility import VISIBLE
from app.store.where import Numbers, anchor_of, where

INCLUDED = """
SELECT {columns} FROM resource r JOIN version v ON v.resource = r.id AND v.version = r.version
WHERE NOT r.deleted AND r.id IN (
    SELECT i.target FROM index_reference i
    JOIN unnest($3::smallint[], $4::text[]) AS wanted (param, type) ON wanted.param = i.param
    WHERE i.resource = ANY($2::uuid[]) AND (wanted.type = '' OR wanted.type = r.type))
AND {visible} ORDER BY r.id LIMIT 10000
""".replace("{columns}", COLUMNS).replace("{visible}", VISIBLE)
# The page's keys first, then its bodies; the audit row in the same statement: nothing is disclosed unwritten.
PAGE = """
WITH page AS MATERIALIZED ({page}), noted AS (
    INSERT INTO audit (id, action, outcome, client, account, members, type, request_id, detail)
    SELECT {id}, {action}, 'done', {client}, {account}, $1::uuid[], {type}, {request}, {detail})
SELECT {columns} FROM page JOIN resource r ON r.id = page.id
JOIN version v ON v.resource = r.id AND v.version = r.version ORDER BY {order}
""".replace("{columns}", COLUMNS)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: its last resource's key and stamp."""

    key: UUID
    stamp: datetime


def is_poll(query: Query) -> bool:
    """Whether a search asks for what has changed since some moment."""
    return any(match.prefix in ("gt", "ge", "sa") for each in query.last_updated for match in each)


async def page(
    unit: Unit,
    act: Act,
    query: Query,
    numbers: Numbers,
    *,
    limit: int,
    after: Place | None = None,
    before_moment: datetime | None = None,
) -> list[Stored]:
    """At most `limit` resources beyond `after`; with `before_moment`, only what was stamped before it."""
    args = Arguments([list(unit.members)])
    anchor, poll = anchor_of(query), is_poll(query)
    conditions = _matching(query, numbers, args, before_moment)
    if after is not None and poll:
        place = args.add(after.stamp, "timestamptz") + ", " + args.add(after.key, "uuid")
        conditions += " AND (" + anchor.stamp + ", " + anchor.key + ") > (" + place + ")"
    elif after is not None:
        conditions += " AND " + anchor.key + " < " + args.add(after.key, "uuid")
    order = anchor.stamp + ", " + anchor.key if poll else anchor.key + " DESC"
    found = ("SELECT ", anchor.key, " AS id FROM ", anchor.table, " WHERE ", conditions, " ORDER BY ", order)
    keys = "".join((*found, " LIMIT ", args.add(limit, "int")))
    statement = _noted(keys, act, args).replace("{order}", "r.last_updated, r.id" if poll else "r.id DESC")
    rows = await unit.conn.fetch(statement, *args)
    return [Stored(*row.values()) for row in rows]


async def count(unit: Unit, query: Query, numbers: Numbers, *, before_moment: datetime | None = None) -> int:
    """How many resources match of those that the caller may see."""
    args = Arguments([list(unit.members)])
    conditions = _matching(query, numbers, args, before_moment)
    statement = "".join(("SELECT count(*) FROM ", anchor_of(query).table, " WHERE ", conditions))
    total: int = await unit.conn.fetchval(statement, *args)
    return total


async def included(unit: Unit, page_ids: Collection[UUID], wanted: Sequence[tuple[int, str]]) -> list[Stored]:
    """What a page's resources refer to by (parameter number, type or ''), as far as the caller may see it."""
    numbers, types = [number for number, _ in wanted], [type_name for _, type_name in wanted]
    rows = await unit.conn.fetch(INCLUDED, list(unit.members), list(page_ids), numbers, types)
    return [Stored(*row.values()) for row in rows if row["id"] not in page_ids]


def _matching(query: Query, numbers: Numbers, args: Arguments, before_moment: datetime | None) -> str:
    conditions = where(query, numbers, args)
    if before_moment is not None:
        conditions += " AND " + anchor_of(query).stamp + " < " + args.add(before_moment, "timestamptz")
    return conditions


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
