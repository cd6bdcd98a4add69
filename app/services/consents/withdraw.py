"""Withdraw consent: the operator's button. Parts close in this transaction; the referral returns to her."""

from uuid import UUID

from app.services.caller import Caller
from app.services.lookups.decision import end_parts
from app.services.network import Network
from app.services.operators import operator
from app.services.referrals.cancel import CONSENT_ENDED, cancel_parts
from app.services.referrals.pass_on import open_referral
from app.services.referrals.roll_up import roll_up
from app.services.retries import with_retries
from app.store import bases, events
from app.store.record import EventRow


async def withdraw(network: Network, caller: Caller, referral: UUID) -> None:
    """Ends every basis of an open referral. Raises Forbidden, NotFound or BusinessRule."""
    operator(network, caller)

    async def once() -> None:
        async with network.store.unit(caller.members, write=True) as unit:
            row = await open_referral(unit, referral)
            standing = [basis.id for basis in await bases.of_referral(unit, row.id) if basis.withdrawn_at is None]
            await end_parts(unit, standing)
            await cancel_parts(network, unit, row, CONSENT_ENDED)
            await roll_up(network, unit, row.id)
            event = EventRow(
                network.ids.next(), "basis.withdrawn", row.source_task, None, row.id, account=caller.account
            )
            await events.add(unit, event)

    await with_retries(once)
