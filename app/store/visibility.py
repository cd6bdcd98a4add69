"""Who may see a resource: the one predicate that every query carries (architecture, decision 4).

`r` is `resource`, `$1` the caller's members. A row of `participation` that has ended shows nothing.
"""

from uuid import UUID

# Every caller's context holds this member: what has a row for it (the members' own Organizations) is seen by all.
EVERYBODY = UUID(int=0)

VISIBLE = """EXISTS (
    SELECT 1 FROM participation p
    WHERE p.resource = r.id AND p.member = ANY($1::uuid[]) AND p.until > now())"""

# a recipient's history starts where its part starts
VISIBLE_VERSION = """EXISTS (
    SELECT 1 FROM participation p
    WHERE p.resource = r.id AND p.member = ANY($1::uuid[]) AND p.until > now() AND p.from_version <= v.version)"""
