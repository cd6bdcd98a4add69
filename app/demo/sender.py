"""The demo world's EHR as a registered system: its key lies in DATA_DIR/demo, its client in the database."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.services.identity.register_client import Registration, register_client
from app.services.network import Network
from app.simulate.keys import read_or_make
from app.simulate.network import SCOPES, Identity
from app.store import clients


@dataclass(frozen=True, slots=True)
class Sender:
    """How the simulated EHR signs in."""

    identity: Identity
    key_file: Path


async def ensure_sender(network: Network, name: str, member: UUID) -> Sender:
    """The EHR of `member`, registered anew where this database does not know it yet."""
    folder = network.settings.data_dir / "demo"
    key_file, id_file = folder / "key.pem", folder / "client_id"
    key = read_or_make(key_file)
    known = id_file.read_text(encoding="utf-8").strip() if id_file.exists() else ""
    async with network.store.unit(()) as unit:
        client = await clients.find_enabled(unit, known)
    if client is None:
        registration = Registration(name, (member,), SCOPES, jwks=key.jwks.encode())
        known = await register_client(network, registration)
        id_file.write_text(known, encoding="utf-8")
    return Sender(Identity(known, key), key_file)
