"""Roll-up: what happens to the parts of a referral shows on the source's Task and on whose turn it is.

Passing on sets the source's Task accepted, the first start in-progress, a completion completed with its output. A part
that is rejected, fails or is cancelled returns the referral to the operator; the source's Task stays as it is.
*Source*: SDOH Clinical Care 3.0.0, coordination platform steps 4 to 9.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.domain.referral import task, waiting
from app.domain.referral.due import due
from app.fhir import json
from app.services.caller import the_network
from app.services.lookups.resolve import resolve
from app.services.network import Network
from app.services.referrals.advance import NOT_FINISHED, bring_to
from app.services.write import write_in
from app.services.writing import change
from app.store import bases, events, members, participations, referrals, resources
from app.store.pool import Unit
from app.store.record import EventRow, ParticipationRow
from app.store.referrals import ChildRow, ReferralRow

TURN = {
    "requested": waiting.ANSWER,
    "accepted": waiting.START,
    "in-progress": waiting.FINISH,
    "on-hold": waiting.RESUME,
}
SOURCE_FOLLOWS = {"requested": "accepted", "accepted": "accepted", "in-progress": "in-progress", "on-hold": "accepted"}


@dataclass(frozen=True, slots=True)
class Part:
    child: ChildRow
    tree: dict[str, Any]

    @property
    def status(self) -> str:
        return str(self.tree["status"])


async def roll_up(network: Network, unit: Unit, referral: UUID) -> None:
    """Brings referral row and source Task in line with the parts as they are now. Safe to repeat."""
    row = await referrals.get(unit, referral, lock=True)
    if row is None or row.closed_at is not None:
        return
    parts = await _parts(unit, row)
    for part in parts:
        if part.status not in NOT_FINISHED and part.child.ended_at is None:
            await _end_part(network, unit, part)
    completed = [part for part in parts if part.status == "completed"]
    open_parts = [part for part in parts if part.status in NOT_FINISHED]
    if open_parts:
        await _go_on(network, unit, row, open_parts[-1])
    elif completed:
        await _complete(network, unit, row, completed)
    elif parts:
        await _came_back(network, unit, row, parts[-1])


async def _parts(unit: Unit, row: ReferralRow) -> list[Part]:
    children = await referrals.children(unit, [row.id])
    stored = await resources.by_ids(unit, [child.task for child in children])
    return [Part(child, json.parse(stored[child.task].body)) for child in children]


async def _end_part(network: Network, unit: Unit, part: Part) -> None:
    """The filler order is ours: it ends with its Task."""
    order = (await resources.by_ids(unit, [part.child.filler_order], lock=True))[part.child.filler_order]
    status = "completed" if part.status == "completed" else "revoked"
    tree = json.parse(order.body) | {"status": status}
    await write_in(network, unit, the_network(network.coordinator), [change(order, tree)])
    await referrals.end_children(unit, [part.child.task])
    if part.status != "completed":
        # who does not help needs the person's data no longer; its own Task and order stay for its records
        await unit.also_for([part.child.target])
        await participations.close(unit, [part.child.task], keeping=[part.child.task, part.child.filler_order])


async def _go_on(network: Network, unit: Unit, row: ReferralRow, part: Part) -> None:
    if row.source_task is not None:
        await bring_to(network, unit, row.source_task, SOURCE_FOLLOWS[part.status], [])
    await _turn(network, unit, row, part.child.target, TURN[part.status], None)


async def _complete(network: Network, unit: Unit, row: ReferralRow, completed: list[Part]) -> None:
    """The outcome goes back: outputs on the source's Task, and the source may read what they name."""
    outputs = [output for part in completed for output in part.tree.get("output", ())]
    targets = [part.child.target for part in completed]
    if row.source_task is not None:
        named = [reference for part in completed for reference in task.view(part.tree).outputs]
        found = await resolve(network, unit, [reference for reference in named if reference[:1] not in ("", "#")])
        # what those who did the work wrote themselves; they may name, but not give away, what others wrote
        await unit.also_for(targets)
        roles = await participations.roles(unit, targets, found)
        keys = [key for key in found if "author" in roles.get(key, ())]
        keys += [part.child.filler_order for part in completed]
        back = [ParticipationRow(member, key, row.source_task, "requester") for member in row.sources for key in keys]
        await participations.grant(unit, back)
        await bring_to(network, unit, row.source_task, "completed", outputs)
    await referrals.close(unit, row.id, "completed")
    await events.add(unit, EventRow(network.ids.next(), "referral.completed", row.source_task, None, row.id))


async def _came_back(network: Network, unit: Unit, row: ReferralRow, last: Part) -> None:
    basis = await bases.get(unit, last.child.basis)
    withdrawn = basis is not None and basis.withdrawn_at is not None
    because = "basis-withdrawn" if withdrawn else waiting.CAME_BACK
    await _turn(network, unit, row, network.coordinator, waiting.PASS_ON, because)


async def _turn(
    network: Network, unit: Unit, row: ReferralRow, owner: UUID, next_action: str, because: str | None
) -> None:
    """Whose turn it is; the clock starts anew only when that changes."""
    if (row.owner, row.next_action, row.waiting_because) == (owner, next_action, because):
        return
    zone = (await members.get(unit, [owner]))[owner].time_zone
    act_by = due(unit.now, zone)
    await referrals.hand(unit, row.id, owner=owner, next_action=next_action, due=act_by, because=because)
