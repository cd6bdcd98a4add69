"""Who looked at whom is written down: once for each thing and session in some minutes, however often a page asks again.

*Source*: security sheet AUD-01 (events about a patient name the patient), AUD-04 (identifiers only).
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from app.services.launch import noting
from app.services.launch.session import Launched
from app.services.network import Network
from app.store import audit, looks
from app.store.pool import Unit

AGAIN_AFTER: Final = timedelta(minutes=10)
PATIENTS_SEARCHED: Final = "patients searched"


async def looked(network: Network, launched: Launched, action: str) -> None:
    """At something about the launch's patient that is not ours to lock: in a transaction of its own."""
    async with network.store.unit(launched.caller.members) as unit:
        await looked_in(network, unit, launched, action)


async def looked_in(network: Network, unit: Unit, launched: Launched, action: str, task: UUID | None = None) -> None:
    """The same in the transaction that reads. `task`: at the referral of this Task, and not at the person as such."""
    now = network.clock.now()
    if not await looks.first(unit, launched.id, f"{action}/{task or ''}", now, now - AGAIN_AFTER):
        return
    local, unknown = await noting.whom(unit, launched.connection.id, launched.patient)
    if task is None:
        act = launched.caller.act(network.ids, action, "Patient" if launched.patient else None, unknown)
        await audit.write(unit, act, "done", resource=local)
    else:
        whose = f"Patient/{local}" if local else unknown
        await audit.write(unit, launched.caller.act(network.ids, action, "Task", whose), "done", resource=task)


async def searched(network: Network, launched: Launched) -> None:
    """She looked for a patient in the EHR's list: each time. What she typed is written down nowhere."""
    async with network.store.unit(launched.caller.members) as unit:
        detail = f"connection/{launched.connection.id}"
        await audit.write(unit, launched.caller.act(network.ids, PATIENTS_SEARCHED, "Patient", detail), "done")
