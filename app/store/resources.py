"""Reads of single resources: current, one version, locked for a write. All carry the visibility predicate.

Three locks, each on the row in `resource` and until the transaction ends. Whoever refers to a resource holds its key,
as a foreign key would; whoever changes it holds it against other changes; whoever deletes it holds it against both. So
those who refer wait for nobody but a deleter, and a deleter sees what has come to refer.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from app.store.audit import Act
from app.store.pool import Unit
from app.store.visibility import TAKES_PART, TAKES_PART_IN_VERSION, seen


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of a resource; `body` is exactly what a reader gets. `deleted`: this version took it away, its body
    is empty."""

    id: UUID
    type: str
    fhir_id: str
    version: int
    last_updated: datetime
    deleted: bool
    body: bytes


COLUMNS = "r.id, r.type, r.fhir_id, v.version, v.last_updated, v.interaction = 'delete' AS deleted, v.body"

_FOUND = """
SELECT {columns} FROM resource r JOIN version v ON v.resource = r.id AND v.version = {version}
WHERE r.type = $2 AND r.fhir_id = $3 AND {visible}
"""

# The audit row is part of the read's own statement: nobody sees anything that is not written down.
_AUDITED = """
WITH found AS ({found}), noted AS (
    INSERT INTO audit (id, action, outcome, client, account, members, type, resource, version, request_id)
    SELECT $4::uuid, $5::text, 'done', $6::text, $7::uuid, $1::uuid[], $2, f.id, f.version, $8::text FROM found f)
SELECT * FROM found
"""

_AUDITED = _AUDITED.replace("{found}", _FOUND).replace("{columns}", COLUMNS)
READ = seen(_AUDITED.replace("{version}", "r.version"))
VREAD = seen(_AUDITED.replace("{version}", "$9").replace("{visible}", "{visible version}"))

_BY_KEYS = """
SELECT {columns} FROM unnest($2::text[], $3::text[]) AS wanted (type, fhir_id)
JOIN resource r ON r.type = wanted.type AND r.fhir_id = wanted.fhir_id
JOIN version v ON v.resource = r.id AND v.version = r.version
WHERE {visible}
ORDER BY r.id
"""
_BY_KEYS = _BY_KEYS.replace("{columns}", COLUMNS)
BY_KEYS = seen(_BY_KEYS.replace("{visible}", "NOT r.deleted AND {visible}"))
# whoever is about to write sees what was deleted too
LOCKED = {"change": seen(_BY_KEYS + "FOR NO KEY UPDATE OF r"), "delete": seen(_BY_KEYS + "FOR UPDATE OF r")}

# read from the rows themselves: nothing large is fetched for it
WEIGHT = """
SELECT coalesce(sum(octet_length(v.body)), 0) FROM unnest($2::text[], $3::text[]) AS wanted (type, fhir_id)
JOIN resource r ON r.type = wanted.type AND r.fhir_id = wanted.fhir_id
JOIN version v ON v.resource = r.id AND v.version = r.version
WHERE {visible}
""".replace("{visible}", TAKES_PART)

HISTORY = """
SELECT {columns} FROM resource r JOIN version v ON v.resource = r.id
WHERE r.id = $2 AND v.interaction <> 'delete' AND {visible} ORDER BY v.version
""".replace("{columns}", COLUMNS).replace("{visible}", TAKES_PART_IN_VERSION)

# of what was deleted: as it was before
LAST = HISTORY.replace("ORDER BY v.version", "ORDER BY v.version DESC LIMIT 1")

# locked first and read after: what another writer has just changed is then what is read
LOCK = "SELECT 1 FROM resource r WHERE r.id = ANY($1::uuid[]) ORDER BY r.id FOR NO KEY UPDATE"

BY_IDS = """
SELECT {columns} FROM resource r JOIN version v ON v.resource = r.id AND v.version = r.version
WHERE r.id = ANY($2::uuid[]) AND {visible} AND NOT r.deleted
ORDER BY r.id
""".replace("{columns}", COLUMNS).replace("{visible}", TAKES_PART)

_KEYS = """
SELECT r.type, r.fhir_id, r.id FROM unnest($2::text[], $3::text[]) AS wanted (type, fhir_id)
JOIN resource r ON r.type = wanted.type AND r.fhir_id = wanted.fhir_id
WHERE NOT r.deleted AND {visible} ORDER BY r.id
"""
KEYS = seen(_KEYS)
# a row that was deleted while we waited for it is not among those that are found
HELD = seen(_KEYS + "FOR KEY SHARE OF r")
# what somebody may be deleting at this moment; hidden ones are nobody's to hold
HELD_NAMED = """
SELECT 1 FROM resource r WHERE r.id IN (SELECT i.target FROM index_reference i WHERE i.resource = ANY($1::uuid[]))
ORDER BY r.id FOR KEY SHARE OF r
"""


async def read(unit: Unit, act: Act, type_name: str, fhir_id: str) -> Stored | None:
    """The current version, or None where it is missing or hidden; writes the audit row."""
    return _stored(await unit.conn.fetchrow(READ.of((type_name,)), *_read_arguments(unit, act, type_name, fhir_id)))


async def vread(unit: Unit, act: Act, type_name: str, fhir_id: str, version: int) -> Stored | None:
    """One version, as far back as the caller's part in it reaches; writes the audit row."""
    arguments = _read_arguments(unit, act, type_name, fhir_id)
    return _stored(await unit.conn.fetchrow(VREAD.of((type_name,)), *arguments, version))


async def current(
    unit: Unit, keys: Collection[tuple[str, str]], *, lock: Literal["change", "delete"] | None = None
) -> dict[tuple[str, str], Stored]:
    """What the unit's members see of (type, id) keys, in one order so that two writers never wait for each other.

    Deleted ones are left out, unless they are to be written: `lock` says for what.
    """
    types, ids = _split(keys)
    statement = (LOCKED[lock] if lock else BY_KEYS).of(types)
    rows = await unit.conn.fetch(statement, list(unit.members), types, ids)
    if lock and len(rows) < len(keys):
        # a row that another writer changed while we waited for it is ours now, but joins no version that the statement
        # could see: asked again, it does
        rows = await unit.conn.fetch(statement, list(unit.members), types, ids)
    return {(row["type"], row["fhir_id"]): _of(row) for row in rows}


async def weight(unit: Unit, keys: Collection[tuple[str, str]]) -> int:
    """How many bytes the bodies of what the unit's members see of these have together."""
    return int(await unit.conn.fetchval(WEIGHT, list(unit.members), *_split(keys)))


async def by_ids(unit: Unit, ids: Collection[UUID], *, lock: bool = False) -> dict[UUID, Stored]:
    """What the unit's members take part in of resource keys, for our own use, so that a Binary's context is not asked;
    deleted ones are left out. `lock`: for who writes what was read."""
    if lock:
        await unit.conn.execute(LOCK, list(ids))
    rows = await unit.conn.fetch(BY_IDS, list(unit.members), list(ids))
    return {row["id"]: _of(row) for row in rows}


async def history(unit: Unit, resource: UUID) -> list[Stored]:
    """The versions of one resource, oldest first, as far back as the members' part in it reaches, but for deletions."""
    return [_of(row) for row in await unit.conn.fetch(HISTORY, list(unit.members), resource)]


async def last(unit: Unit, resource: UUID) -> Stored | None:
    """The newest version that is no deletion."""
    return _stored(await unit.conn.fetchrow(LAST, list(unit.members), resource))


async def visible_keys(
    unit: Unit, keys: Collection[tuple[str, str]], *, hold: bool = False
) -> dict[tuple[str, str], UUID]:
    """(type, id) -> resource key, of those that exist and that the unit's members may see; `hold`: and that nobody
    deletes until this transaction has ended."""
    if not keys:
        return {}
    types, ids = _split(keys)
    rows = await unit.conn.fetch((HELD if hold else KEYS).of(types), list(unit.members), types, ids)
    return {(row["type"], row["fhir_id"]): row["id"] for row in rows}


async def hold_named(unit: Unit, resources: Collection[UUID]) -> None:
    """Keeps what these resources refer to from being deleted until this transaction has ended; waits for who deletes
    it already."""
    await unit.conn.execute(HELD_NAMED, list(resources))


def _read_arguments(unit: Unit, act: Act, type_name: str, fhir_id: str) -> Sequence[object]:
    return (list(unit.members), type_name, fhir_id, act.id, act.action, act.client, act.account, act.request_id)


def _split(keys: Collection[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [type_name for type_name, _ in keys], [fhir_id for _, fhir_id in keys]


def _stored(row: asyncpg.Record | None) -> Stored | None:
    return None if row is None else _of(row)


def _of(row: asyncpg.Record) -> Stored:
    return Stored(*row.values())
