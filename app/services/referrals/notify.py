"""Tells a member that something waits for it: one letter to each of its addresses, a link and nothing personal."""

from typing import Any
from uuid import UUID

from app.gateways.mail import new_referral
from app.services.network import Network
from app.store import members


async def notify(network: Network, payload: dict[str, Any]) -> None:
    """Handler of "new-referral" deliveries. A letter that cannot be handed over is tried again, to all addresses."""
    key = UUID(payload["member"])
    async with network.store.unit(()) as unit:
        member = (await members.get(unit, [key])).get(key)
    if member is None:
        return
    subject, text = new_referral(network.settings.public_url, UUID(payload["referral"]))
    for address in member.notify:
        await network.mail.send(address, subject, text)
