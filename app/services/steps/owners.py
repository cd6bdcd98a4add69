"""Whose a Task is: asked by several steps of one write, answered once."""

from app.fhir import json
from app.fhir.json import JsonObject
from app.services.lookups.lead_back import member_behind
from app.services.writing import Write
from app.store.members import MemberRow


async def owner_of(write: Write, task: JsonObject) -> MemberRow | None:
    """The member that a Task's owner leads to. Nobody is not remembered: the Organization may come in this write."""
    owner = task.get("owner", {})
    named = json.dump(owner)
    if named not in write.owners:
        found = await member_behind(write.network, write.unit, owner)
        if found is None:
            return None
        write.owners[named] = found
    return write.owners[named]
