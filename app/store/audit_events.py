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
COUNT = "SELECT count(*) FROM audit a WHERE $1::uuid[] IS NOT NULL AND {conditions}"

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
    """What must hold, piece by piece; each is a text with the places of its values."""

    def __init__(self, unit: Unit) -> None:
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

    def about(self, keys: list[tuple[str | None, str]]) -> None:
        """About any of these (type or None, id)."""
        types, ids = self.args.add([t for t, _ in keys], "text[]"), self.args.add([i for _, i in keys], "text[]")
        self.pieces.append(
            "a.resource IN (SELECT r.id FROM resource r JOIN unnest(" + types + ", " + ids + ") AS wanted (type, id)"
            " ON r.fhir_id = wanted.id AND r.type = coalesce(wanted.type, r.type) WHERE " + VISIBLE + ")"
        )

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


async def count(unit: Unit, conditions: Conditions) -> int:
    statement = COUNT.replace("{conditions}", " AND ".join(conditions.pieces))
    number: int = await unit.conn.fetchval(statement, *conditions.args)
    return number
