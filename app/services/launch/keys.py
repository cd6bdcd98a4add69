"""The public halves of the keys with which we sign in at EHRs, for the EHRs to fetch.

*Source*: SMART App Launch 2.2, Client Authentication: Asymmetric; security sheet APP-07, KEY-05.
"""

from functools import lru_cache
from pathlib import Path

from app.gateways.keys import BadKey, Jwk, signing_key
from app.services.network import Network
from app.store import connections


async def published_keys(network: Network) -> list[Jwk]:
    """Each key once, by its thumbprint; a file that is gone or holds none is left out."""
    async with network.store.unit(()) as unit:
        rows = await connections.all_connections(unit)
    files = dict.fromkeys(row.key_file for row in rows if row.key_file)
    keys = [key for file in files if (key := _public(file)) is not None]
    return list({str(key["kid"]): key for key in keys}.values())


def _public(file: str) -> Jwk | None:
    try:
        found = Path(file).stat()
        return _read(file, found.st_ino, found.st_mtime_ns, found.st_size)
    except (BadKey, OSError):
        return None


@lru_cache(maxsize=256)
def _read(file: str, *_: int) -> Jwk:
    """Anybody may ask for the keys as often as they like: a file is read again when it is another one."""
    return signing_key(Path(file).read_bytes()).public
