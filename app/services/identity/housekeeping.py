"""Forgets what can no longer matter: dead tokens and assertions, counts, sessions, invitations, launches. A job."""

from datetime import timedelta

from app.services.network import Network
from app.store import accounts, idempotency, launches, looks, sessions, tokens


async def forget_expired(network: Network) -> None:
    """Safe to repeat and to run on several workers; a large backlog takes several rounds."""
    now = network.clock.now()
    async with network.store.unit((), write=True) as unit:
        await tokens.forget_expired(unit, now)
        await sessions.forget_old(unit, now)
        await looks.forget_old(unit, now)
        await launches.forget_old(unit, now)
        await accounts.forget_failures(unit, now)
        await idempotency.forget_old(unit, now - timedelta(days=network.settings.idempotency_days))
