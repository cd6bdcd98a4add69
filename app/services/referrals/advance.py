"""Moving a Task of the loop by the network's own hand: the source's as its owner, a child as its requester."""

from typing import Any
from uuid import UUID

from app.domain.referral.task import TEMPORARY_CODES
from app.fhir import json
from app.fhir.stale_text import without_made_text
from app.services.caller import Caller, the_network
from app.services.network import Network
from app.services.write import write_in
from app.services.writing import change
from app.store import resources
from app.store.pool import Unit

# how far a Task has come; a status that is not here is an end or not begun
PROGRESS = {"requested": 0, "accepted": 1, "in-progress": 2, "on-hold": 2, "completed": 3}
PATHS = {"accepted": ("accepted",), "in-progress": ("accepted", "in-progress"), "completed": ("accepted", "completed")}
NOT_FINISHED = frozenset({"requested", "accepted", "in-progress", "on-hold"})


async def bring_to(network: Network, unit: Unit, task: UUID, status: str, outputs: list[dict[str, Any]]) -> None:
    """Takes the source's Task forward to accepted, in-progress or completed; never back, never out of an end."""
    for step in PATHS[status]:
        stored = (await resources.by_ids(unit, [task], lock=True)).get(task)
        tree = json.parse(stored.body) if stored else {}
        now = tree.get("status", "")
        if stored is None or now not in NOT_FINISHED or PROGRESS[now] >= PROGRESS[step]:
            continue
        await _write(network, unit, the_network(network.coordinator), stored, tree, step, "", outputs)


async def end_task(network: Network, unit: Unit, caller: Caller, task: UUID, status: str, reason: str) -> None:
    """Ends a Task with a reason (rejected, failed, cancelled); one that has ended already stays as it is."""
    stored = (await resources.by_ids(unit, [task], lock=True)).get(task)
    tree = json.parse(stored.body) if stored else {}
    if stored is not None and tree["status"] in NOT_FINISHED:
        await _write(network, unit, caller, stored, tree, status, reason, [])


async def _write(
    network: Network,
    unit: Unit,
    caller: Caller,
    stored: resources.Stored,
    tree: dict[str, Any],
    status: str,
    reason: str,
    outputs: list[dict[str, Any]],
) -> None:
    await write_in(network, unit, caller, [change(stored, with_status(tree, status, reason, outputs))])


def with_status(
    tree: dict[str, Any], status: str, reason: str = "", outputs: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """A copy with the status; statusReason is that of this status alone, outputs are added where they are new, and a
    narrative made for another status is left out."""
    changed = {
        name: value for name, value in without_made_text(tree).items() if name not in ("statusReason", "_status")
    }
    changed["status"] = status
    if reason:
        changed["statusReason"] = {"text": reason}
    added = [output for output in outputs or () if output not in tree.get("output", ())]
    if status == "completed" and added:
        changed["output"] = [*tree.get("output", ()), *added]
    return changed


def resulting_activity(reference: str) -> dict[str, Any]:
    """A Task.output that names what was done."""
    coding = {"system": TEMPORARY_CODES, "code": "resulting-activity", "display": "Resulting Activity"}
    return {"type": {"coding": [coding]}, "valueReference": {"reference": reference}}
