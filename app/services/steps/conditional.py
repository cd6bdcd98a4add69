"""Conditional create by identifier: a search, then a claim whose primary key decides between two at once.

*Source*: R4 http.html#ccreate; security sheet REL-03, REL-04.
"""

from app.fhir.errors import MultipleMatches
from app.services.writing import Entry, Write
from app.store import claims, resources


async def find_or_claim(write: Write, entry: Entry) -> resources.Stored | None:
    """The one resource that the caller's members created with this identifier, or None: then it is ours to create."""
    if entry.condition is None:
        return None
    system, value = entry.condition
    members = sorted(write.caller.members)
    number = write.network.numbers[entry.type]["identifier"]
    for _ in range(2):
        found = await claims.authored_with_identifier(write.unit, members, entry.type, number, system, value)
        if len(found) > 1:
            raise MultipleMatches("conditional-several", "several resources of yours have this identifier", entry.at)
        if found:
            return (await resources.by_ids(write.unit, found))[found[0]]
        if await claims.claim(write.unit, members, entry.type, system, value, entry.id):
            return None
        # another writer claimed it meanwhile and has committed: its resource is there to be found
        await claims.forget_orphan(write.unit, members, entry.type, system, value)
    raise MultipleMatches("conditional-several", "several resources of yours have this identifier", entry.at)
