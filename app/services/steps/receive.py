"""receive: every door ends here. A Task that hands a referral to the network becomes a referral row at once.

From that moment somebody owns it, something is to be done, by a due time. Routing follows by a delivery.
"""

from uuid import UUID

from app.domain.referral import task
from app.domain.referral.due import due
from app.domain.referral.waiting import ROUTE, SENDER_NOT_READ
from app.fhir.references import Local, parse_reference
from app.services.steps.origins import note_origins
from app.services.steps.owners import owner_of
from app.services.writing import Entry, Write
from app.store import events, referrals, resources
from app.store.members import MemberRow
from app.store.record import EventRow
from app.store.referrals import ReferralRow


async def receive(write: Write) -> None:
    """The last step of a write: new referrals get their rows, remote names of what came in are noted."""
    await note_origins(write)
    for entry in write.changing:
        if entry.type == "Task" and _asks(entry):
            owner = await owner_of(write, entry.tree)
            if owner is not None and owner.organization == write.network.organization:
                await _receive(write, entry, owner)


def _asks(entry: Entry) -> bool:
    """Whether a Task asks for a referral now. One that asked before has its row; adding that again does nothing."""
    return task.is_referral(entry.tree) and entry.tree["status"] == "requested"


async def _receive(write: Write, entry: Entry, coordinator: MemberRow) -> None:
    network, unit = write.network, write.unit
    request = await _request(write, entry)
    row = ReferralRow(
        id=write.referral or network.ids.next(),
        source_request=request,
        source_task=entry.id,
        task_home="here",
        trigger=write.trigger,
        sources=sorted(write.caller.members),
        connection=write.connection,
        external_key=None,
        owner=coordinator.organization,
        next_action=ROUTE,
        due=due(unit.now, coordinator.time_zone),
        waiting_because=None if request else SENDER_NOT_READ,
        received_at=unit.now,
        closed_at=None,
        closed_as=None,
    )
    if await referrals.add(unit, row):
        await _hold_what_it_rests_on(write, [entry.id, *([request] if request else [])])
        member = min(write.caller.members, default=None)
        event = EventRow(network.ids.next(), "referral.received", entry.id, entry.version, row.id, member)
        await events.add(unit, event)


async def _request(write: Write, entry: Entry) -> UUID | None:
    """The request that a Task asks with, where we hold it."""
    target = parse_reference(task.view(entry.tree).focus, write.network.base)
    if not isinstance(target, Local):
        return None
    key = (target.type, target.id)
    if key not in write.targets and entry.before is not None:  # it stood there before: nobody has looked where it leads
        write.targets |= await resources.visible_keys(write.unit, [key], hold=True)
    return write.targets.get(key)


async def _hold_what_it_rests_on(write: Write, sent: list[UUID]) -> None:
    """What a Task or request named that was there before is deleted by nobody beside this: it may have been free to
    go until now. What is created here holds what it names already."""
    created = {each.id for each in write.changing if each.interaction == "create"}
    before = [each for each in sent if each not in created]
    if before:
        await resources.hold_named(write.unit, before)
