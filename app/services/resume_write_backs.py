"""What is not in the chart yet is tried again: when a launch brings a token, and each hour where an EHR was away."""

from collections.abc import Sequence
from uuid import UUID

from app.services.network import Network
from app.store import write_backs
from app.store.pool import Unit

MOST = 200


async def resume_write_backs(network: Network, connection: UUID, patient: str) -> None:
    """Queues what is not in the chart of this patient (the EHR's id), whatever kept it out. Safe to repeat."""
    if network.organization is None:
        return
    async with network.store.unit((network.organization,), write=True) as unit:
        await _queue(network, unit, await write_backs.unwritten(unit, network.numbers, connection, patient, MOST))


async def resume_unanswered(network: Network) -> None:
    """Queues what EHRs did not answer about, while one of the patient's launches may still let us in. A job."""
    if network.organization is None:
        return
    async with network.store.unit((network.organization,), write=True) as unit:
        await _queue(network, unit, await write_backs.unanswered(unit, network.numbers, MOST))


async def _queue(network: Network, unit: Unit, referrals: Sequence[UUID]) -> None:
    for referral in referrals:
        await write_backs.queue(unit, network.ids.next(), referral)
