"""A launch brings a token: what waited to be written into this patient's chart is tried again. Called by the launch."""

from uuid import UUID

from app.services.network import Network
from app.store import write_backs

MOST = 200


async def resume_write_backs(network: Network, connection: UUID, patient: str) -> None:
    """Queues what waits for this patient (the EHR's id). Safe to repeat."""
    if network.organization is None:
        return
    async with network.store.unit((network.organization,), write=True) as unit:
        for referral in await write_backs.waiting(unit, network.numbers, connection, patient, MOST):
            await write_backs.queue(unit, network.ids.next(), referral)
