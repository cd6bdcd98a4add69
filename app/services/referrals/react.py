"""What the network does when a Task, a ServiceRequest or a Consent has changed: the worker's handler `react`.

It reads the present state and moves the referral on from there, so a repeated or late delivery does no harm.
"""

from typing import Any
from uuid import UUID

from app.services.caller import the_network
from app.services.network import Network
from app.services.referrals.cancel import cancel_children, end_basis, end_denied, follow_source
from app.services.referrals.roll_up import roll_up
from app.services.referrals.route import route
from app.store import referrals, write_backs
from app.store.pool import Unit
from app.store.referrals import ReferralRow


async def react(network: Network, payload: dict[str, Any]) -> None:
    """One delivery, in one transaction of the network's own."""
    if network.organization is None:
        return
    caller = the_network(network.organization)
    async with network.store.unit(caller.members, write=True) as unit:
        await REACTIONS[payload["type"]](network, unit, UUID(payload["resource"]))


async def _task(network: Network, unit: Unit, task: UUID) -> None:
    child = await referrals.child(unit, task)
    if child is not None:
        await roll_up(network, unit, child.referral)
        referral = await referrals.get(unit, child.referral)
    else:
        referral = await referrals.of_source_task(unit, task)
        if referral is not None:
            await _follow_or_route(network, unit, referral)
    if referral is not None and referral.trigger == "launch":
        # the chart that it came from follows
        await write_backs.queue(unit, network.ids.next(), referral.id)


async def _request(network: Network, unit: Unit, request: UUID) -> None:
    for referral in await referrals.of_source_request(unit, request):
        await end_denied(network, unit, referral)
        await _follow_or_route(network, unit, referral)


async def _consent(network: Network, unit: Unit, consent: UUID) -> None:
    for referral in await cancel_children(network, unit, consent):
        await roll_up(network, unit, referral)
    for row in await referrals.naming_consent(unit, consent):
        await end_denied(network, unit, row)
        await route(network, unit, row)


async def _basis(network: Network, unit: Unit, basis: UUID) -> None:
    for referral in await end_basis(network, unit, basis):
        await roll_up(network, unit, referral)


async def _copy_came(network: Network, unit: Unit, resource: UUID) -> None:
    """A resource that a sender's reference was waiting for: its referrals look again."""
    for referral in await referrals.waiting_for_sender(unit, resource):
        await _follow_or_route(network, unit, referral)


async def _follow_or_route(network: Network, unit: Unit, referral: ReferralRow) -> None:
    if not await follow_source(network, unit, referral):
        await route(network, unit, referral)


REACTIONS = {"Task": _task, "ServiceRequest": _request, "Consent": _consent, "basis": _basis, "origin": _copy_came}
