"""The network that is measured: members, a client with a token, an inbox of Tasks; written through the write door."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from app.domain.access.scopes import Scopes
from app.services.caller import Caller
from app.services.directory.admit import admit
from app.services.identity.secrets import new_secret
from app.services.interactions.written import stored_of
from app.services.network import Network
from app.services.write import write
from app.services.writing import Entry, change, new
from app.settings import Settings
from app.store import clients, tokens
from app.store.clients import NewClient
from app.wiring import open_network
from bench import bodies

SCOPES = "system/*.cruds"
SIDES = ("ours", "floor")
PUBLIC_URL = "http://127.0.0.1:8000"
INBOX = 10_000
CHANGING = 1_000
CHUNK = 200
POOL_SIZE = 10


@dataclass(frozen=True, slots=True)
class World:
    """FHIR ids as text. `changing`: for each side the Tasks that its PUTs go to, all of version 3."""

    token: str
    client: str
    members: tuple[UUID, ...]
    coordinator: str
    patient: str
    request: str
    inbox: tuple[str, ...]
    changing: dict[str, tuple[str, ...]]

    def caller(self) -> Caller:
        """Whom the token speaks for."""
        return Caller(
            frozenset(self.members), "client", client_id=self.client, scopes=Scopes.parse(SCOPES), request_id="load"
        )


@asynccontextmanager
async def network_on(dsn: str, data_dir: Path) -> AsyncIterator[Network]:
    """The network of a database, as a server opens it."""
    async with open_network(settings(dsn, data_dir)) as network:
        yield network


def settings(dsn: str, data_dir: Path) -> Settings:
    return Settings(
        env="development", database_url=dsn, data_dir=data_dir, public_url=PUBLIC_URL, statement_timeout_s=30
    )


async def make_world(network: Network) -> World:
    """10,000 requested Tasks that the network owns, and 1,000 under way for each side's PUTs."""
    coordinator = await admit(network, name="Benchmark Network", kind="network")
    clinic = await admit(network, name="Benchmark Clinic", kind="source")
    caller, token = await _client(network, (coordinator, clinic))
    owner = str(coordinator)
    patient, request = await _subject(network, caller, owner)
    inbox = await _tasks(network, caller, INBOX, bodies.task(owner, patient, request))
    changing = {side: await _under_way(network, caller, owner, patient, request) for side in SIDES}
    client = caller.client_id or ""
    return World(token, client, tuple(caller.members), owner, patient, request, inbox, changing)


async def _client(network: Network, members: tuple[UUID, ...]) -> tuple[Caller, str]:
    """A registered system that speaks for the network and a clinic, with an access token for this run."""
    now, id = network.clock.now(), str(network.ids.next())
    token, token_hash = new_secret(network.ids)
    async with network.store.unit((), write=True) as unit:
        await clients.insert(unit, NewClient(id, "load", SCOPES, (), members, False, False, False), now)
        await tokens.insert(unit, token_hash, id, SCOPES, issued_at=now, expires_at=now + timedelta(days=1))
    return Caller(frozenset(members), "client", client_id=id, scopes=Scopes.parse(SCOPES), request_id="load"), token


async def _subject(network: Network, caller: Caller, owner: str) -> tuple[str, str]:
    patient = new(network, bodies.patient())
    subject = f"Patient/{patient.fhir_id}"
    request = new(network, bodies.service_request(owner, subject))
    await write(network, caller, [patient, request])
    return subject, f"ServiceRequest/{request.fhir_id}"


async def _tasks(network: Network, caller: Caller, count: int, tree: dict[str, Any]) -> tuple[str, ...]:
    return tuple(entry.fhir_id for entry in await _created(network, caller, count, tree))


async def _created(network: Network, caller: Caller, count: int, tree: dict[str, Any]) -> Sequence[Entry]:
    made: list[Entry] = []
    while len(made) < count:
        chunk = [new(network, tree) for _ in range(min(CHUNK, count - len(made)))]
        made += (await write(network, caller, chunk)).entries
    return made


async def _under_way(network: Network, caller: Caller, owner: str, patient: str, request: str) -> tuple[str, ...]:
    """Tasks of version 3 that are in progress."""
    entries = await _created(network, caller, CHANGING, bodies.task(owner, patient, request))
    for status in ("accepted", "in-progress"):
        tree = bodies.task(owner, patient, request, status)
        changed: list[Entry] = []
        for start in range(0, CHANGING, CHUNK):
            chunk = [change(stored_of(entry), tree | {"id": entry.fhir_id}) for entry in entries[start : start + CHUNK]]
            changed += (await write(network, caller, chunk)).entries
        entries = changed
    return tuple(entry.fhir_id for entry in entries)
