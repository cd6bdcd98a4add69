"""End referral: the operator ends it with a reason, which the source reads on its Task."""

from uuid import UUID

from app.domain.referral import task
from app.fhir import json
from app.fhir.errors import Required
from app.services.caller import Caller
from app.services.network import Network
from app.services.operators import operator
from app.services.referrals.advance import end_task
from app.services.referrals.cancel import cancel_parts
from app.services.referrals.pass_on import open_referral
from app.services.referrals.roll_up import roll_up
from app.services.retries import with_retries
from app.store import events, referrals, resources
from app.store.record import EventRow

MAX_REASON = 2_000
# the reason itself is for the sender
ENDED_BY_NETWORK = "The network has ended this referral."
# declined before any work, or tried and could not be done
ENDS_AS = {"draft": "cancelled", "requested": "rejected"}


async def end(network: Network, caller: Caller, referral: UUID, *, reason: str) -> None:
    """Cancels open parts, ends the source's Task, closes the referral. Raises Required without a reason."""
    operator(network, caller)
    if not 0 < len(reason.strip()) <= MAX_REASON:
        raise Required("reason", "say in a few words why; the sender reads it", "Task.statusReason")

    async def once() -> None:
        async with network.store.unit(caller.members, write=True) as unit:
            row = await open_referral(unit, referral)
            await cancel_parts(network, unit, row, ENDED_BY_NETWORK)
            await roll_up(network, unit, row.id)
            if row.source_task is not None:
                stored = (await resources.by_ids(unit, [row.source_task]))[row.source_task]
                status = ENDS_AS.get(task.view(json.parse(stored.body)).status, "failed")
                await end_task(network, unit, caller, row.source_task, status, reason.strip())
            await referrals.close(unit, row.id, "ended")
            event = EventRow(
                network.ids.next(), "referral.ended", row.source_task, None, row.id, account=caller.account
            )
            await events.add(unit, event)

    await with_retries(once)
