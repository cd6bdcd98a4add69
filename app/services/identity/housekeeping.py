"""Forgets what can no longer matter: used assertions, dead tokens, counts, sessions, invitations. A worker's job."""

from app.services.network import Network
from app.store import accounts, sessions, tokens


async def forget_expired(network: Network) -> None:
    """Safe to repeat and to run on several workers; a large backlog takes several rounds."""
    now = network.clock.now()
    async with network.store.unit((), write=True) as unit:
        await tokens.forget_expired(unit, now)
        await sessions.forget_old(unit, now)
        await accounts.forget_failures(unit, now)
