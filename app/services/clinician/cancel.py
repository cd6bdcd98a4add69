"""Cancel: the clinician takes her referral back. Its Task is cancelled by its author; the rest follows by itself.

Whatever an organization has said first stands: what it has brought to an end is not cancelled any more.
*Source*: SDOH Clinical Care 3.0.0, Task update authority; the request belongs to who asked, so it ends with the Task.
"""

from uuid import UUID

from app.fhir import json
from app.fhir.errors import BusinessRule, Required
from app.services.clinician.status import may_cancel, row_of
from app.services.launch.session import Launched
from app.services.network import Network
from app.services.referrals.advance import with_status
from app.services.referrals.cancel import follow_source
from app.services.referrals.roll_up import roll_up
from app.services.retries import with_retries
from app.services.write import write_in
from app.services.writing import change
from app.store import referrals, resources
from app.store.pool import Unit

MAX_REASON = 2_000


async def cancel(network: Network, launched: Launched, referral: UUID, *, reason: str) -> None:
    """Takes back a referral of the launch's patient. Raises NotFound, Required without a reason, or BusinessRule."""
    if not 0 < len(reason.strip()) <= MAX_REASON:
        raise Required("reason", "say in a few words why; whoever has it reads it", "Task.statusReason")
    # the network's part of it, the children, is brought in line in the same transaction
    acting = {*launched.caller.members, network.coordinator}

    async def once() -> bool:
        async with network.store.unit(acting, write=True) as unit:
            await _as_it_is(network, unit, launched, referral)
            return await _cancel(network, unit, launched, referral, reason.strip())

    if not await with_retries(once):
        raise BusinessRule("referral-over", "this referral can no longer be cancelled from here")


async def _as_it_is(network: Network, unit: Unit, launched: Launched, referral: UUID) -> None:
    """What organizations have said reaches the referral, though the worker has not come to it; then they wait."""
    row = await row_of(unit, launched, referral, lock=True)
    await resources.by_ids(unit, [child.task for child in await referrals.children(unit, [row.id])], lock=True)
    await roll_up(network, unit, row.id)


async def _cancel(network: Network, unit: Unit, launched: Launched, referral: UUID, reason: str) -> bool:
    """False when it has ended, or was not sent from here."""
    row = await row_of(unit, launched, referral, lock=True)
    stored = await resources.by_ids(unit, [key for key in (row.source_task, row.source_request) if key], lock=True)
    task = stored.get(row.source_task) if row.source_task else None
    tree = json.parse(task.body) if task else {}
    if task is None or not may_cancel(row, tree):
        return False
    entries = [change(task, with_status(tree, "cancelled", reason))]
    request = stored.get(row.source_request) if row.source_request else None
    if request is not None:
        entries.append(change(request, json.parse(request.body) | {"status": "revoked"}))
    await write_in(network, unit, launched.caller, entries)
    await follow_source(network, unit, row)
    return True
