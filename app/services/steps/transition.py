"""transition: may this status change happen, by this role, with what is present; from the tables of the domain."""

from app.domain.referral import task, transitions
from app.fhir.errors import BusinessRule
from app.services.steps.owners import owner_of
from app.services.writing import Entry, Write


async def transition(write: Write) -> None:
    """Judges every Task that the guide knows; 422 with the element and what would be right."""
    for entry in write.changing:
        if entry.type == "Task":
            _status(entry)
            if task.is_referral(entry.tree) or task.is_referral(entry.before_tree or {}):
                await _owner(write, entry)
                _identity(entry)


def _status(entry: Entry) -> None:
    table = task.transition_table(entry.before_tree or entry.tree)
    if table is None:
        return
    before = (entry.before_tree or {}).get("status", transitions.START)
    broken = transitions.judge(table, before, entry.tree["status"], entry.roles, entry.tree.keys())
    if broken is not None:
        raise BusinessRule(broken.rule, broken.message, entry.place(f"Task.{broken.element}"))


async def _owner(write: Write, entry: Entry) -> None:
    """A client hands a referral to the network, which passes it on; naming a member as owner would reach nobody."""
    if entry.mode == "author" or (entry.before_tree or {}).get("owner") == entry.tree.get("owner"):
        return
    owner = await owner_of(write, entry.tree)
    if owner is not None and owner.organization == write.network.organization:
        return
    if (owner is None or owner.organization in write.caller.members) and not await _was_handed_over(write, entry):
        return
    raise BusinessRule("task-owner-network", _OWNER, entry.place("Task.owner"))


async def _was_handed_over(write: Write, entry: Entry) -> bool:
    """Whether the network has this referral already: then it stays with it until its end."""
    if entry.before_tree is None or entry.before_tree.get("status") == "draft":
        return False
    owner = await owner_of(write, entry.before_tree)
    return owner is not None and owner.organization == write.network.organization


_OWNER = (
    "the owner of a referral Task is the network's Organization (CapabilityStatement.implementation.custodian); "
    "name the organization that you wish for in ServiceRequest.performer"
)


def _identity(entry: Entry) -> None:
    """Whom a referral is about, and what it asks, does not change under way: that is a new referral."""
    if entry.before_tree is None or entry.before_tree.get("status") == "draft":
        return
    for name in ("for", "focus", "code"):
        if entry.before_tree.get(name) != entry.tree.get(name):
            raise BusinessRule(
                "task-identity", f"Task.{name} stays as it is; send a new Task", entry.place(f"Task.{name}")
            )
