"""The referral row, its child Tasks, and the worklists that are read from them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from app.store.pool import Unit
from app.store.search_parameters import Numbers


@dataclass(frozen=True, slots=True)
class ReferralRow:
    """`sources` are the members that sent it: what comes of it is theirs to see."""

    id: UUID
    source_request: UUID | None
    source_task: UUID | None
    task_home: str
    trigger: str
    sources: list[UUID]
    connection: UUID | None
    external_key: str | None
    owner: UUID | None
    next_action: str | None
    due: datetime | None
    waiting_because: str | None
    received_at: datetime
    closed_at: datetime | None
    closed_as: str | None


@dataclass(frozen=True, slots=True)
class ChildRow:
    """A part that was passed on: `task` is the child Task, `ended_at` when it left its recipient's hands."""

    task: UUID
    referral: UUID
    filler_order: UUID
    target: UUID
    basis: UUID
    passed_on_at: datetime
    ended_at: datetime | None


COLUMNS = """
SELECT f.id, f.source_request, f.source_task, f.task_home, f.trigger, f.sources, f.connection, f.external_key, f.owner,
    f.next_action, f.due, f.waiting_because, f.received_at, f.closed_at, f.closed_as
FROM referral f
"""
BY_ID = COLUMNS + "WHERE f.id = $1"
BY_ID_LOCKED = BY_ID + " FOR UPDATE"
BY_SOURCE_TASK = COLUMNS + "WHERE f.source_task = $1 FOR UPDATE"
BY_SOURCE_REQUEST = COLUMNS + "WHERE f.source_request = $1 AND f.closed_at IS NULL ORDER BY f.id FOR UPDATE"
NAMING_CONSENT = (
    COLUMNS
    + """JOIN index_reference i ON i.resource = f.source_request
JOIN search_parameter s ON s.id = i.param AND s.type = 'ServiceRequest' AND s.code = 'supporting-info'
WHERE i.target = $1 AND f.closed_at IS NULL ORDER BY f.id FOR UPDATE OF f"""
)
# those of the system whose resource it is a copy of
WAITING_FOR_SENDER = (
    COLUMNS
    + """WHERE f.closed_at IS NULL AND f.waiting_because = 'sender-not-read' AND EXISTS (
    SELECT 1 FROM origin o JOIN connection n ON n.id = o.connection
    WHERE o.local = $1 AND n.member = ANY(f.sources))
ORDER BY f.id FOR UPDATE OF f"""
)
OPEN = COLUMNS + "WHERE f.closed_at IS NULL ORDER BY f.due, f.id LIMIT $1"
# $1 how a number ends; $2 beginnings of names, all of which the person must have; $3 and $4 the search parameters
FOUND = (
    """WITH person AS (
    SELECT n.resource FROM unnest($2::text[]) AS wanted (part)
    JOIN index_string n ON n.param = $4 AND strpos(' ' || n.folded, ' ' || wanted.part) > 0
    GROUP BY n.resource HAVING count(DISTINCT wanted.part) = cardinality($2::text[]))"""
    + COLUMNS
    + """WHERE (f.closed_at IS NULL OR f.closed_at > now() - make_interval(days => $5)) AND (
    right(f.id::text, 6) = $1
    OR f.source_request IN (
        SELECT i.resource FROM index_reference i JOIN person p ON p.resource = i.target WHERE i.param = $3))
ORDER BY (f.closed_at IS NOT NULL), f.due, f.closed_at DESC, f.id LIMIT $6"""
)
OF_OWNER = COLUMNS + "WHERE f.closed_at IS NULL AND f.owner = $1 ORDER BY f.due, f.id LIMIT $2"
OF_TARGET = (
    COLUMNS
    + """WHERE EXISTS (
    SELECT 1 FROM child_task c JOIN participation p ON p.resource = c.task AND p.member = c.target AND p.until > now()
    WHERE c.referral = f.id AND c.target = ANY($1::uuid[]))
ORDER BY (f.closed_at IS NOT NULL), f.due, f.id DESC LIMIT $2"""
)
INSERT = """
INSERT INTO referral (id, source_request, source_task, task_home, trigger, sources, connection, external_key, owner,
    next_action, due, waiting_because, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT DO NOTHING
"""
HAND = """
UPDATE referral SET owner = $2, next_action = $3, due = $4, waiting_because = $5 WHERE id = $1 AND closed_at IS NULL
"""
SOURCE_REQUEST = "UPDATE referral SET source_request = $2 WHERE id = $1"
CLOSE = """
UPDATE referral SET closed_at = clock_timestamp(), closed_as = $2, owner = NULL, next_action = NULL, due = NULL,
    waiting_because = NULL
WHERE id = $1 AND closed_at IS NULL
"""
ADD_CHILD = """
INSERT INTO child_task (task, referral, filler_order, target, basis) VALUES ($1, $2, $3, $4, $5)
"""
CHILD = "SELECT task, referral, filler_order, target, basis, passed_on_at, ended_at FROM child_task "
CHILDREN = CHILD + "WHERE referral = ANY($1::uuid[]) ORDER BY passed_on_at, task"
CHILD_OF_TASK = CHILD + "WHERE task = $1"
CHILDREN_OF_BASES = CHILD + "WHERE basis = ANY($1::uuid[]) ORDER BY task"
END_CHILD = "UPDATE child_task SET ended_at = clock_timestamp() WHERE task = ANY($1::uuid[]) AND ended_at IS NULL"


# 64 bits of it: two keys that share them wait for each other, no more
KEEP_KEY = "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))"


async def keep_key(unit: Unit, referral: UUID) -> None:
    """From here to the end of the transaction nobody else makes a referral under this key; waits for who is at it."""
    await unit.conn.execute(KEEP_KEY, str(referral))


async def get(unit: Unit, referral: UUID, *, lock: bool = False) -> ReferralRow | None:
    return _referral(await unit.conn.fetchrow(BY_ID_LOCKED if lock else BY_ID, referral))


async def of_source_task(unit: Unit, task: UUID) -> ReferralRow | None:
    """The referral that a source's Task began, locked."""
    return _referral(await unit.conn.fetchrow(BY_SOURCE_TASK, task))


async def of_source_request(unit: Unit, request: UUID) -> list[ReferralRow]:
    """The open referrals that a source's ServiceRequest stands behind, locked."""
    return [ReferralRow(*row.values()) for row in await unit.conn.fetch(BY_SOURCE_REQUEST, request)]


async def waiting_for_sender(unit: Unit, copy: UUID) -> list[ReferralRow]:
    """The referrals that wait for their sender's resources and may have waited for this copy, locked."""
    return [ReferralRow(*row.values()) for row in await unit.conn.fetch(WAITING_FOR_SENDER, copy)]


async def naming_consent(unit: Unit, consent: UUID) -> list[ReferralRow]:
    """The open referrals whose request names this Consent, locked."""
    return [ReferralRow(*row.values()) for row in await unit.conn.fetch(NAMING_CONSENT, consent)]


async def open_ones(unit: Unit, limit: int) -> list[ReferralRow]:
    """Everything that is not closed, most urgent first: the operator's list."""
    return [ReferralRow(*row.values()) for row in await unit.conn.fetch(OPEN, limit)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """`number`: how the id ends; `names`: folded beginnings of a person's names. Empty ones match nothing."""

    number: str
    names: list[str]


async def found(unit: Unit, wanted: Wanted, numbers: Numbers, days: int, limit: int) -> list[ReferralRow]:
    """Open referrals and those closed in the last `days` that bear the number, or are about a person of that name."""
    subject, name = numbers["ServiceRequest"]["patient"], numbers["Patient"]["name"]
    rows = await unit.conn.fetch(FOUND, wanted.number, wanted.names, subject, name, days, limit)
    return [ReferralRow(*row.values()) for row in rows]


async def of_owner(unit: Unit, owner: UUID, limit: int) -> list[ReferralRow]:
    """What waits for one member to act, most urgent first."""
    return [ReferralRow(*row.values()) for row in await unit.conn.fetch(OF_OWNER, owner, limit)]


async def of_target(unit: Unit, members: Collection[UUID], limit: int) -> list[ReferralRow]:
    """Referrals of which a part was ever passed on to one of `members`."""
    return [ReferralRow(*row.values()) for row in await unit.conn.fetch(OF_TARGET, list(members), limit)]


async def add(unit: Unit, row: ReferralRow) -> bool:
    """False when this source Task has begun a referral already."""
    done = await unit.conn.execute(
        INSERT,
        row.id,
        row.source_request,
        row.source_task,
        row.task_home,
        row.trigger,
        row.sources,
        row.connection,
        row.external_key,
        row.owner,
        row.next_action,
        row.due,
        row.waiting_because,
        row.received_at,
    )
    return str(done).endswith(" 1")


async def hand(
    unit: Unit, referral: UUID, *, owner: UUID, next_action: str, due: datetime, because: str | None = None
) -> None:
    """Whose turn it is now, what is to be done, by when, and why it waits if it does."""
    await unit.conn.execute(HAND, referral, owner, next_action, due, because)


async def set_source_request(unit: Unit, referral: UUID, request: UUID) -> None:
    await unit.conn.execute(SOURCE_REQUEST, referral, request)


async def close(unit: Unit, referral: UUID, closed_as: str) -> None:
    await unit.conn.execute(CLOSE, referral, closed_as)


async def add_child(unit: Unit, *, task: UUID, referral: UUID, filler_order: UUID, target: UUID, basis: UUID) -> None:
    await unit.conn.execute(ADD_CHILD, task, referral, filler_order, target, basis)


async def children(unit: Unit, referrals: Collection[UUID]) -> list[ChildRow]:
    return [ChildRow(*row.values()) for row in await unit.conn.fetch(CHILDREN, list(referrals))]


async def child(unit: Unit, task: UUID) -> ChildRow | None:
    row = await unit.conn.fetchrow(CHILD_OF_TASK, task)
    return None if row is None else ChildRow(*row.values())


async def children_of_bases(unit: Unit, bases: Collection[UUID]) -> list[ChildRow]:
    return [ChildRow(*row.values()) for row in await unit.conn.fetch(CHILDREN_OF_BASES, list(bases))]


async def end_children(unit: Unit, tasks: Collection[UUID]) -> None:
    await unit.conn.execute(END_CHILD, list(tasks))


def _referral(row: asyncpg.Record | None) -> ReferralRow | None:
    return None if row is None else ReferralRow(*row.values())
