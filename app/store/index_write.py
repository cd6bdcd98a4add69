"""The one function that writes index rows: only what changed since the version before (ADR 0002)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.fhir.index_values import IndexValues, ReferenceValue
from app.store.index_text import beginning, short
from app.store.pool import Unit

# Joined to the statement of `record.py`; a row keeps its position, so a change is an update in place.
INDEX_ROWS = """, tokens AS (
    INSERT INTO index_token (resource, param, position, system, value)
    SELECT * FROM unnest($38::uuid[], $39::smallint[], $40::int[], $41::text[], $42::text[])
    ON CONFLICT (resource, param, position) DO UPDATE SET system = excluded.system, value = excluded.value
), links AS (
    INSERT INTO index_reference
        (resource, param, position, target, target_type, written, identifier_system, identifier_value)
    SELECT n.resource, n.param, n.position, coalesce(n.target, (
            SELECT o.target FROM index_reference o
            WHERE o.resource = n.resource AND o.written = n.written AND o.target IS NOT NULL LIMIT 1)),
        n.target_type, n.written, n.identifier_system, n.identifier_value
    FROM unnest($43::uuid[], $44::smallint[], $45::int[], $46::uuid[], $47::text[], $48::text[], $49::text[],
        $50::text[]) AS n (resource, param, position, target, target_type, written, identifier_system, identifier_value)
    ON CONFLICT (resource, param, position) DO UPDATE SET target = excluded.target,
        target_type = excluded.target_type, written = excluded.written,
        identifier_system = excluded.identifier_system, identifier_value = excluded.identifier_value
), dates AS (
    INSERT INTO index_date (resource, param, position, starts, ends)
    SELECT * FROM unnest($51::uuid[], $52::smallint[], $53::int[], $54::timestamptz[], $55::timestamptz[])
    ON CONFLICT (resource, param, position) DO UPDATE SET starts = excluded.starts, ends = excluded.ends
), strings AS (
    INSERT INTO index_string (resource, param, position, folded, exact)
    SELECT * FROM unnest($56::uuid[], $57::smallint[], $58::int[], $59::text[], $60::text[])
    ON CONFLICT (resource, param, position) DO UPDATE SET folded = excluded.folded, exact = excluded.exact
), tasks AS (
    INSERT INTO index_task (resource, last_updated, status, owner, requester, patient, focus)
    SELECT * FROM unnest($61::uuid[], $62::timestamptz[], $63::text[], $64::uuid[], $65::uuid[], $66::uuid[],
        $67::uuid[])
    ON CONFLICT (resource) DO UPDATE SET last_updated = excluded.last_updated, status = excluded.status,
        owner = CASE WHEN excluded.owner = '{kept}' THEN index_task.owner ELSE excluded.owner END,
        requester = CASE WHEN excluded.requester = '{kept}' THEN index_task.requester ELSE excluded.requester END,
        patient = CASE WHEN excluded.patient = '{kept}' THEN index_task.patient ELSE excluded.patient END,
        focus = CASE WHEN excluded.focus = '{kept}' THEN index_task.focus ELSE excluded.focus END
)
"""
# A reference that stands as before leads where it did, even where the writer may not see its target.
KEPT = UUID(int=0)
INDEX_ROWS = INDEX_ROWS.replace("{kept}", str(KEPT))
# Task's hot parameters: columns of index_task. A reference keeps its row too, for what was written and its identifier.
HOT_REFERENCES = ("owner", "requester", "patient", "focus")

TASK_WIDTH = 7
WIDTHS = {"token": 5, "reference": 8, "date": 5, "string": 5}
REMOVE = {
    "token": """
DELETE FROM index_token USING unnest($1::uuid[], $2::smallint[], $3::int[]) AS gone (resource, param, position)
WHERE (index_token.resource, index_token.param, index_token.position) = (gone.resource, gone.param, gone.position)
""",
}
REMOVE |= {
    kind: REMOVE["token"].replace("index_token", table)
    for kind, table in (("reference", "index_reference"), ("date", "index_date"), ("string", "index_string"))
}

Row = tuple[Any, ...]
Keyed = dict[tuple[UUID, int, int], Row]


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
        """The arrays that `INDEX_ROWS` takes, column by column."""
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
        rows["token"][key] = (*key, "", short(uri.value))
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
        rows["string"][key] = (*key, beginning(string.folded), string.exact)
    return rows
