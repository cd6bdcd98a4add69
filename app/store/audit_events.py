"""Audit rows as somebody reads them who may: newest first, by key (UUIDv7, so by time).

`$1` is the caller's members, for the name of what an act was about: a resource that they do not see keeps its key.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.fhir.audit_event import ACTIONS, DONE, REFUSED
from app.fhir.search_values import DateMatch
from app.store.arguments import Arguments
from app.store.pool import Unit
from app.store.visibility import EVERYBODY, VISIBLE

ROWS = """
SELECT a.id, a.at, a.action, a.outcome, a.client, a.account, array_remove(a.members, '{everybody}') AS members,
    a.type, a.version, a.detail,
    coalesce((SELECT r.fhir_id FROM resource r WHERE r.id = a.resource AND {visible}), a.resource::text) AS fhir_id
FROM audit a WHERE {conditions} ORDER BY a.id DESC LIMIT {limit}
""".replace("{visible}", VISIBLE).replace("{everybody}", str(EVERYBODY))
ENTITIES = """
SELECT r.id FROM unnest({types}, {ids}) AS wanted (type, id)
JOIN resource r ON r.type = wanted.type AND r.fhir_id = wanted.id WHERE {visible}
""".replace("{visible}", VISIBLE)
COUNT = "SELECT count(*) FROM (SELECT 1 FROM audit a WHERE $1::uuid[] IS NOT NULL AND {conditions} LIMIT {limit}) a"

# a row holds our word for the act; these are R4's codes for it, as `fhir/audit_event.py` writes them
_LETTERS = (
    "WHEN a.action IN (" + ", ".join("'" + each + "'" for each in actions) + ") THEN '" + letter + "'"
    for letter, actions in ACTIONS.items()
)
CODES = {
    "action": "CASE " + " ".join(_LETTERS) + " ELSE 'E' END",
    "outcome": "CASE a.outcome WHEN 'done' THEN '" + DONE + "' ELSE '" + REFUSED + "' END",
}
PREFIXES = {
    "eq": "(a.at >= {start} AND a.at < {end})",
    "ne": "NOT (a.at >= {start} AND a.at < {end})",
    "gt": "a.at >= {end}",
    "sa": "a.at >= {end}",
    "ge": "a.at >= {start}",
    "lt": "a.at < {start}",
    "eb": "a.at < {start}",
    "le": "a.at < {end}",
    "ap": "(a.at >= {start} AND a.at < {end})",
}


@dataclass(frozen=True, slots=True)
class AuditRow:
    """`fhir_id` is that of the resource it was about, where it was about one."""

    id: UUID
    at: datetime
    action: str
    outcome: str
    client: str | None
    account: UUID | None
    members: list[UUID]
    type: str | None
    version: int | None
    detail: str | None
    fhir_id: str | None


class Conditions:
    """What must hold, piece by piece; each is a text with the places of its values. `types` are those that there are,
    for an id that names none."""

    def __init__(self, unit: Unit, types: tuple[str, ...]) -> None:
        self.types = types
        self.args = Arguments([list(unit.members)])
        self.pieces = ["true"]

    def ids(self, ids: list[UUID]) -> None:
        self.pieces.append("a.id = ANY(" + self.args.add(ids, "uuid[]") + ")")

    def before(self, id: UUID) -> None:
        self.pieces.append("a.id < " + self.args.add(id, "uuid"))

    def stamped_before(self, moment: datetime) -> None:
        self.pieces.append("a.at < " + self.args.add(moment, "timestamptz"))

    def one_of(self, element: str, values: list[str], *, wanted: bool) -> None:
        """Whether R4's code for the act, or for its outcome, is one of these."""
        piece = CODES[element] + " = ANY(" + self.args.add(values, "text[]") + ")"
        self.pieces.append(piece if wanted else "NOT " + piece)

    def has_entity(self, *, wanted: bool) -> None:
        piece = "(a.resource IS NOT NULL AND a.type IS NOT NULL)"
        self.pieces.append(piece if wanted else "NOT " + piece)

    def members(self, members: list[UUID]) -> None:
        self.pieces.append("a.members && " + self.args.add(members, "uuid[]"))

    def about(self, keys: list[tuple[str, str]]) -> None:
        """About any of these (type, id). Of one resource the newest acts are read and no others."""
        types, ids = self.args.add([t for t, _ in keys], "text[]"), self.args.add([i for _, i in keys], "text[]")
        found = ENTITIES.replace("{types}", types).replace("{ids}", ids)
        one = "a.resource = (" + found + ")" if len(keys) == 1 else "a.resource = ANY(ARRAY(" + found + "))"
        # the index holds no acts that are about nothing
        self.pieces.append("a.resource IS NOT NULL AND " + one)

    def recorded(self, matches: tuple[DateMatch, ...]) -> None:
        self.pieces.append("(" + " OR ".join(self._moment(match) for match in matches) + ")")

    def any(self, *, wanted: bool) -> None:
        self.pieces.append("true" if wanted else "false")

    def _moment(self, match: DateMatch) -> str:
        condition = PREFIXES[match.prefix]
        for name, moment in (("{start}", match.start), ("{end}", match.end)):
            if name in condition:
                condition = condition.replace(name, self.args.add(moment, "timestamptz"))
        return condition


async def rows(unit: Unit, conditions: Conditions, limit: int) -> list[AuditRow]:
    """At most `limit` rows, newest first."""
    statement = ROWS.replace("{limit}", conditions.args.add(limit, "int"))
    statement = statement.replace("{conditions}", " AND ".join(conditions.pieces))
    return [AuditRow(*row.values()) for row in await unit.conn.fetch(statement, *conditions.args)]


async def count(unit: Unit, conditions: Conditions, to: int) -> int:
    """How many rows there are; `to` + 1 when there are more than `to`."""
    args = Arguments(conditions.args)
    statement = COUNT.replace("{limit}", args.add(to + 1, "int"))
    number: int = await unit.conn.fetchval(statement.replace("{conditions}", " AND ".join(conditions.pieces)), *args)
    return number
