"""The demo world's EHR launches Baton: registered at the base that its simulated EHR has this time."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from app.demo.cast import SOURCE
from app.services.directory.register_ehr import Ehr, register_ehr
from app.services.launch.registration import redirect_uri
from app.services.network import Network
from app.simulate.keys import jwks_file, read_or_make
from app.store import connections

CLIENT_ID = "baton-demo"


@dataclass(frozen=True, slots=True)
class Launching:
    """What the simulated EHR has to know of Baton as an app."""

    client_id: str
    redirect_uri: str
    jwks_file: Path


async def ensure_launch(network: Network, member: UUID, base: str) -> Launching | None:
    """The EHR of `member` at this base, registered where it is not yet. None where the base is registered otherwise:
    then it is somebody's own."""
    async with network.store.unit(()) as unit:
        row = (await connections.by_bases(unit, (base,))).get(base)
    if row is None:
        # the same address by its other name, so that the switch `other-host` can be tried
        elsewhere = (f"localhost:{urlsplit(base).port}",)
        key_file = network.settings.data_dir / "demo" / "launch-key.pem"
        read_or_make(key_file)
        ehr = Ehr(f"{SOURCE.name} EHR", base, member, CLIENT_ID, key_file, endpoint_hosts=elsewhere)
        row = await register_ehr(network, ehr)
    if row.client_id != CLIENT_ID or row.key_file is None:
        return None
    read_or_make(Path(row.key_file))
    return Launching(CLIENT_ID, redirect_uri(network, row.id), jwks_file(Path(row.key_file)))
