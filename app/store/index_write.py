"""The one function that writes index rows: only what changed since the version before (ADR 0002)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.fhir.index_values import IndexValues, ReferenceValue
from app.store.index_text import beginning, short
from app.store.pool import Unit

# Joined to the statement of `record.py`; a row keeps its position, so a change is an update in place.
_ROWS = """, tokens AS (
    INSERT INTO index_token (resource, param, position, system, value)
    SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::int[], $4::text[], $5::text[])
    ON CONFLICT (resource, param, position) DO UPDATE SET system = excluded.system, value = excluded.value
), links AS (
    INSERT INTO index_reference
        (resource, param, position, target, target_type, written, identifier_system, identifier_value)
    SELECT n.resource, n.param, n.position, coalesce(n.target, (
            SELECT o.target FROM index_reference o
            WHERE o.resource = n.resource AND o.written = n.written AND o.target IS NOT NULL LIMIT 1)),
        n.target_type, n.written, n.identifier_system, n.identifier_value
    FROM unnest($6::uuid[], $7::smallint[], $8::int[], $9::uuid[], $10::text[], $11::text[], $12::text[],
        $13::text[]) AS n (resource, param, position, target, target_type, written, identifier_system, identifier_value)
    ON CONFLICT (resource, param, position) DO UPDATE SET target = excluded.target,
        target_type = excluded.target_type, written = excluded.written,
        identifier_system = excluded.identifier_system, identifier_value = excluded.identifier_value
), dates AS (
    INSERT INTO index_date (resource, param, position, starts, ends)
    SELECT * FROM unnest($14::uuid[], $15::smallint[], $16::int[], $17::timestamptz[], $18::timestamptz[])
    ON CONFLICT (resource, param, position) DO UPDATE SET starts = excluded.starts, ends = excluded.ends
), strings AS (
    INSERT INTO index_string (resource, param, position, folded, exact, whole)
    SELECT * FROM unnest($19::uuid[], $20::smallint[], $21::int[], $22::text[], $23::text[], $24::text[])
    ON CONFLICT (resource, param, position) DO UPDATE SET folded = excluded.folded, exact = excluded.exact,
        whole = excluded.whole
), quantities AS (
    INSERT INTO index_quantity (resource, param, position, least, low, high, most, system, code, unit)
    SELECT * FROM unnest($25::uuid[], $26::smallint[], $27::int[], $28::numeric[], $29::numeric[], $30::numeric[],
        $31::numeric[], $32::text[], $33::text[], $34::text[])
    ON CONFLICT (resource, param, position) DO UPDATE SET least = excluded.least, low = excluded.low,
        high = excluded.high, most = excluded.most, system = excluded.system, code = excluded.code, unit = excluded.unit
), pairs AS (
    INSERT INTO index_pair (resource, param, position, first_system, first, second_system, second)
    SELECT * FROM unnest($35::uuid[], $36::smallint[], $37::int[], $38::text[], $39::text[], $40::text[], $41::text[])
    ON CONFLICT (resource, param, position) DO UPDATE SET first_system = excluded.first_system,
        first = excluded.first, second_system = excluded.second_system, second = excluded.second
), tasks AS (
    INSERT INTO index_task (resource, last_updated, status, owner, requester, patient, focus)
    SELECT * FROM unnest($42::uuid[], $43::timestamptz[], $44::text[], $45::uuid[], $46::uuid[], $47::uuid[],
        $48::uuid[])
    ON CONFLICT (resource) DO UPDATE SET last_updated = excluded.last_updated, status = excluded.status,
        owner = CASE WHEN excluded.owner = '{kept}' THEN index_task.owner ELSE excluded.owner END,
        requester = CASE WHEN excluded.requester = '{kept}' THEN index_task.requester ELSE excluded.requester END,
        patient = CASE WHEN excluded.patient = '{kept}' THEN index_task.patient ELSE excluded.patient END,
        focus = CASE WHEN excluded.focus = '{kept}' THEN index_task.focus ELSE excluded.focus END
)
"""
# A reference that stands as before leads where it did, even where the writer may not see its target.
KEPT = UUID(int=0)
_ROWS = _ROWS.replace("{kept}", str(KEPT))
# Task's hot parameters: columns of index_task. A reference keeps its row too, for what was written and its identifier.
HOT_REFERENCES = ("owner", "requester", "patient", "focus")

TASK_WIDTH = 7
WIDTHS = {"token": 5, "reference": 8, "date": 5, "string": 6, "quantity": 10, "pair": 7}
_REMOVE = """
DELETE FROM index_token USING unnest($1::uuid[], $2::smallint[], $3::int[]) AS gone (resource, param, position)
WHERE (index_token.resource, index_token.param, index_token.position) = (gone.resource, gone.param, gone.position)
"""
REMOVE = {kind: _REMOVE.replace("index_token", "index_" + kind) for kind in WIDTHS}

Row = tuple[Any, ...]
Keyed = dict[tuple[UUID, int, int], Row]


def index_rows(first: int) -> str:
    """The part of a statement that puts the arrays of `IndexRows`, which begin at parameter `first`."""
    return re.sub(r"\$(\d+)", lambda found: "$" + str(int(found[1]) + first - 1), _ROWS)


@dataclass(slots=True)
class IndexRows:
    """Rows to put and rows to take away, by kind."""

    put: dict[str, list[Row]] = field(default_factory=lambda: {kind: [] for kind in WIDTHS})
    gone: dict[str, list[Row]] = field(default_factory=lambda: {kind: [] for kind in WIDTHS})
    tasks: list[Row] = field(default_factory=list)

    def change(
        self,
        resource: UUID,
        before: IndexValues | None,
        after: IndexValues,
        numbers: Mapping[str, int],
        targets: Mapping[tuple[str, str], UUID],
    ) -> None:
        """Notes the difference of two versions. `numbers`: parameter code -> number; `targets`: (type, id) -> key."""
        new = _rows(resource, after, numbers, targets)
        old = _rows(resource, before, numbers, targets) if before is not None else {}
        for kind in WIDTHS:
            now, then = new.get(kind, {}), old.get(kind, {})
            self.put[kind] += [row for place, row in now.items() if then.get(place) != row]
            self.gone[kind] += [place for place in then if place not in now]

    def arrays(self) -> list[list[Any]]:
        """The arrays that `index_rows` takes, column by column."""
        rows = [[row[column] for row in self.put[kind]] for kind, width in WIDTHS.items() for column in range(width)]
        return rows + [[row[column] for row in self.tasks] for column in range(TASK_WIDTH)]

    def task(
        self,
        resource: UUID,
        last_updated: datetime,
        before: IndexValues | None,
        after: IndexValues,
        targets: Mapping[tuple[str, str], UUID],
    ) -> None:
        """Notes the hot columns of a Task's new version."""
        status = next((token.value for token in after.tokens if token.param == "status"), "")
        then = {(link.param, link.text) for link in before.references} if before is not None else set()
        links = {
            link.param: KEPT if (link.param, link.text) in then else _target(link, targets) for link in after.references
        }
        self.tasks.append((resource, last_updated, status, *(links.get(code) for code in HOT_REFERENCES)))

    async def take_away(self, unit: Unit) -> None:
        """Removes rows that the new version no longer has; most writes have none."""
        for kind, places in self.gone.items():
            if places:
                await unit.conn.execute(REMOVE[kind], *(list(column) for column in zip(*places, strict=True)))


def _target(link: ReferenceValue, targets: Mapping[tuple[str, str], UUID]) -> UUID | None:
    """The resource that a reference leads to: ours, or our copy of what an address of another system names."""
    if link.type and link.id:
        return targets.get((link.type, link.id))
    return targets.get(("", link.text)) if link.text else None


def _rows(
    resource: UUID, values: IndexValues, numbers: Mapping[str, int], targets: Mapping[tuple[str, str], UUID]
) -> dict[str, Keyed]:
    rows: dict[str, Keyed] = {kind: {} for kind in WIDTHS}
    counts: dict[int, int] = {}

    def place(code: str) -> tuple[UUID, int, int]:
        number = numbers[code]
        counts[number] = counts.get(number, 0) + 1
        return resource, number, counts[number]

    for token in values.tokens:
        key = place(token.param)
        rows["token"][key] = (*key, short(token.system or ""), short(token.value))
    for uri in values.uris:
        key = place(uri.param)
        rows["token"][key] = (*key, short(uri.version), short(uri.value))
    for link in values.references:
        key = place(link.param)
        target = _target(link, targets)
        rows["reference"][key] = (
            *key,
            target,
            link.type or "",
            short(link.text or ""),
            short(link.identifier_system or ""),
            short(link.identifier_value or ""),
        )
    for date in values.dates:
        key = place(date.param)
        rows["date"][key] = (*key, date.start, date.end)
    for string in values.strings:
        key = place(string.param)
        folded = beginning(string.folded)
        whole = string.folded if folded != string.folded else None
        rows["string"][key] = (*key, folded, string.exact, whole)
    for at in values.quantities:
        key = place(at.param)
        unit = (short(at.system), short(at.code), short(at.unit))
        rows["quantity"][key] = (*key, at.least, at.low, at.high, at.most, *unit)
    for pair in values.pairs:
        key = place(pair.param)
        one, other = (short(pair.first_system or ""), short(pair.first)), (pair.second_system or "", pair.second)
        rows["pair"][key] = (*key, *one, *map(short, other))
    return rows
