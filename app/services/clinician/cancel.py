"""Cancel: the clinician takes her referral back. Its Task is cancelled by its author; the rest follows by itself.

*Source*: SDOH Clinical Care 3.0.0, Task update authority; the request belongs to who asked, so it ends with the Task.
"""

from uuid import UUID

from app.fhir import json
from app.fhir.errors import BusinessRule, Required
from app.services.clinician.status import may_cancel, row_of
from app.services.launch.session import Launched
from app.services.network import Network
from app.services.referrals.advance import with_status
from app.services.retries import with_retries
from app.services.write import write_in
from app.services.writing import change
from app.store import resources

MAX_REASON = 2_000


async def cancel(network: Network, launched: Launched, referral: UUID, *, reason: str) -> None:
    """Takes back a referral of the launch's patient. Raises NotFound, Required without a reason, or BusinessRule."""
    if not 0 < len(reason.strip()) <= MAX_REASON:
        raise Required("reason", "say in a few words why; whoever has it reads it", "Task.statusReason")

    async def once() -> None:
        async with network.store.unit(launched.caller.members, write=True) as unit:
            row = await row_of(unit, launched, referral, lock=True)
            keys = [key for key in (row.source_task, row.source_request) if key]
            stored = await resources.by_ids(unit, keys, lock=True)
            task = stored.get(row.source_task) if row.source_task else None
            tree = json.parse(task.body) if task else {}
            if task is None or not may_cancel(row, tree):
                raise BusinessRule("referral-over", "this referral can no longer be cancelled from here")
            entries = [change(task, with_status(tree, "cancelled", reason.strip()))]
            request = stored.get(row.source_request) if row.source_request else None
            if request is not None:
                entries.append(change(request, json.parse(request.body) | {"status": "revoked"}))
            await write_in(network, unit, launched.caller, entries)

    await with_retries(once)
