"""A person signs out: the session is dead on every worker from the next request on.

*Source*: security sheet SES-02.
"""

from app.services.identity.secrets import hash_of
from app.services.network import Network
from app.store import sessions


async def sign_out(network: Network, secret: str) -> None:
    """Ends the session that this secret names; a secret that names none is not an error."""
    async with network.store.unit((), write=True) as unit:
        await sessions.end(unit, hash_of(secret), network.clock.now())
