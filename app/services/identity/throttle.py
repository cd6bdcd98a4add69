"""How often one address may try to prove who it is: counted in the database, so it holds across workers.

*Source*: security sheet, table of limits (60 a minute for client and address), D55.
"""

from datetime import timedelta
from hashlib import sha256

from app.services.network import Network
from app.store import tokens
from app.store.pool import Unit

PER_MINUTE = 60
# One address may stand for many clients (a proxy, a clinic's network); this bounds it when it invents client ids.
PER_ADDRESS_AND_MINUTE = 600


async def too_often(network: Network, unit: Unit, *, purpose: str, who: str, address: str) -> int | None:
    """Counts this request; the seconds to wait when there were too many in this minute, else None."""
    now = network.clock.now()
    minute = now.replace(second=0, microsecond=0)
    subjects = (_subject(purpose, "pair", who, address), _subject(purpose, "address", address))
    pair, everybody = await tokens.count_requests(unit, subjects, minute)
    if pair <= PER_MINUTE and everybody <= PER_ADDRESS_AND_MINUTE:
        return None
    return max(1, int((minute + timedelta(minutes=1) - now).total_seconds()))


def _subject(*parts: str) -> bytes:
    """A hash, so that neither addresses nor what somebody claims to be is kept."""
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
