"""authorize: this caller, this very resource; also which role the caller has in it, for the step that judges status.

What a client creates belongs to the members that it speaks for. Only authors change or delete a resource; the owner of
a Task may change its status, statusReason and output. Members' own Organizations are written by the operator's commands
only.
*Source*: SDOH Clinical Care 3.0.0, Task update authority; security sheet SCO-18, REL-02.
"""

from app.domain.referral import task
from app.fhir.errors import BusinessRule, Forbidden
from app.services.steps.owners import owner_of
from app.services.writing import Entry, Write
from app.store import members, participations


async def authorize(write: Write) -> None:
    """Fills the roles of every entry."""
    for entry in write.changing:
        _scopes(write, entry)
    others = [entry for entry in write.changing if entry.interaction != "create"]
    for entry in write.changing:
        if entry.interaction == "create":
            entry.roles = frozenset({"requester"})
    if others:
        found = await participations.roles(write.unit, write.caller.members, [entry.id for entry in others])
        own = await members.get(write.unit, [entry.id for entry in others if entry.type == "Organization"])
        for entry in others:
            if entry.id in own and write.caller.kind == "client":
                raise Forbidden("member-organization", "a member's own Organization is kept by the operator", entry.at)
            await _may_change(write, entry, found.get(entry.id, set()))


# scopes of an update reach as far as a create by it (SMART App Launch 2.2, scopes for requesting FHIR resources)
LETTERS = {"create": "c", "update": "u", "delete": "d"}


def _scopes(write: Write, entry: Entry) -> None:
    asked = "update" if entry.may_create else entry.interaction
    needed = LETTERS[asked] + ("s" if entry.criterion is not None else "")
    if not all(write.caller.allows(entry.type, each) for each in needed):
        message = f"the access token's scopes do not hold system/{entry.type}.{needed}"
        raise Forbidden("scope", message, entry.at)


async def _may_change(write: Write, entry: Entry, found: set[str]) -> None:
    roles = {"requester"} if "author" in found else set()
    if entry.type == "Task" and entry.before_tree is not None:
        owner = await owner_of(write, entry.before_tree)
        if owner is not None and owner.organization in write.caller.members:
            roles.add("owner")
    if not roles or (entry.interaction == "delete" and "requester" not in roles):
        raise Forbidden("not-author", "only its author changes or deletes this resource", entry.at)
    if "requester" not in roles:
        _only_what_an_owner_changes(entry)
    if entry.mode == "client":
        _keep_labels(entry, all_of_meta="requester" not in roles)
    entry.roles = frozenset(roles)


def _keep_labels(entry: Entry, *, all_of_meta: bool) -> None:
    """Security labels that stand on a resource stay there, also through a delete; an owner of a Task changes nothing of
    its meta."""
    before, meta = (entry.before_tree or entry.deleted_tree or {}).get("meta", {}), entry.tree.get("meta", {})
    if all_of_meta:
        entry.tree = {**entry.tree, "meta": before}
        return
    lost = [label for label in before.get("security", ()) if label not in meta.get("security", ())]
    if lost:
        entry.tree = {**entry.tree, "meta": {**meta, "security": [*meta.get("security", ()), *lost]}}


def _only_what_an_owner_changes(entry: Entry) -> None:
    changed = task.changed_elements(entry.before_tree or {}, entry.tree, ignoring=task.OWNER_MAY_CHANGE)
    if changed:
        issues = [
            BusinessRule("task-owner-elements", _OWNER, entry.place(f"Task.{name}")).issues[0] for name in changed
        ]
        raise BusinessRule.of_issues(issues)


_OWNER = "the owner of a Task changes status, statusReason and output; the rest is the requester's"
