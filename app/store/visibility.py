"""Who may see a resource: the one predicate that every query carries (architecture, decision 4).

`r` is `resource`, `$1` the caller's members. A row of `participation` that has ended shows nothing.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

# Every caller's context holds this member: what has a row for it (the members' own Organizations) is seen by all.
EVERYBODY = UUID(int=0)

# of every type but Binary the whole predicate
TAKES_PART = """EXISTS (
    SELECT 1 FROM participation p
    WHERE p.resource = r.id AND p.member = ANY($1::uuid[]) AND p.until > now())"""

# a recipient's history starts where its part starts
TAKES_PART_IN_VERSION = """EXISTS (
    SELECT 1 FROM participation p
    WHERE p.resource = r.id AND p.member = ANY($1::uuid[]) AND p.until > now() AND p.from_version <= v.version)"""

# R4 binary.html: access to a Binary is that to the resource of its securityContext; being told of it is not enough
SEES_CONTEXT = """NOT EXISTS (
    SELECT 1 FROM binary_context c WHERE c.resource = r.id AND NOT EXISTS (
        SELECT 1 FROM participation p
        WHERE p.resource = c.context AND p.member = ANY($1::uuid[]) AND p.until > now()))"""

VISIBLE = TAKES_PART + " AND (r.type <> 'Binary' OR " + SEES_CONTEXT + ")"
VISIBLE_VERSION = TAKES_PART_IN_VERSION + " AND (r.type <> 'Binary' OR " + SEES_CONTEXT + ")"


class Seen(NamedTuple):
    """A statement in two forms, so that no other type pays for what a Binary needs: with it PostgreSQL thinks each read
    worth a plan of its own (measured: 0.9 ms instead of 0.2)."""

    plain: str
    with_binaries: str

    def of(self, types: Iterable[str]) -> str:
        """The form for resources of these types."""
        return self.with_binaries if "Binary" in types else self.plain


def seen(statement: str) -> Seen:
    """The statement with the predicate in the place of `{visible}`, or of `{visible version}`."""
    plain, full = (
        statement.replace("{visible}", resource).replace("{visible version}", version)
        for resource, version in ((TAKES_PART, TAKES_PART_IN_VERSION), (VISIBLE, VISIBLE_VERSION))
    )
    return Seen(plain, full)
