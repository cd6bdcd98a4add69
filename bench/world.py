"""The network that is measured: members, a client with a token, an inbox of Tasks; and the town around it, which grows.

The product makes one of each kind (bench/examples.py); the others are copies (bench/copies.py).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from rich.progress import Progress

from app.domain.access.scopes import Scopes
from app.services.caller import Caller
from app.services.directory.admit import admit
from app.services.identity.secrets import new_secret
from app.services.network import Network
from app.services.write import write
from app.services.writing import new
from app.settings import Settings
from app.store import clients, tokens
from app.store.clients import NewClient
from app.wiring import open_network
from bench import bodies, copies, examples
from bench.copies import Copies
from bench.examples import SOURCES, Clinic, Example

SCOPES = "system/*.cruds"
SIDES = ("ours", "floor")
# and those that nobody changes
KEPT = "kept"
PUBLIC_URL = "http://127.0.0.1:8000"
INBOX = 10_000
CHANGING = 1_000
# a referral of the town has the sender's Task and the one that was passed on
TASKS_EACH = 2
POOL_SIZE = 10
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class World:
    """FHIR ids as text. `inbox`: a Task, its Patient and its ServiceRequest, newest last.

    `changing`: for each side the Tasks that its PUTs go to, and those that nobody changes, all of version 3; `town`:
    what the copies around it are made of.
    """

    token: str
    client: str
    members: tuple[UUID, ...]
    coordinator: str
    clinic: str
    # of the Tasks that change: requester, owner, patient and focus
    own: tuple[str, str, str, str]
    inbox: tuple[tuple[str, str, str], ...]
    # since then the newest hundred of the inbox have come
    recently: str
    changing: dict[str, tuple[str, ...]]
    town: tuple[Example, ...]

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


async def make_world(network: Network, superuser_dsn: str, *, inbox: int = INBOX, changing: int = CHANGING) -> World:
    """`inbox` requested Tasks that the network owns, and `changing` under way for each side's PUTs."""
    coordinator = await admit(network, name="Benchmark Network", kind="network")
    await network.coordination.learn(network.store)
    sources = [await admit(network, name=f"Benchmark Clinic {number}", kind="source") for number in range(SOURCES)]
    caller, token = await client_of(network, (coordinator, sources[0]))
    clinics = [_clinic(source, coordinator) for source in sources]
    own = Clinic(caller, str(coordinator), str(coordinator))
    subject = await _subject(network, own)
    one = await examples.waiting(network, clinics[0])
    beside = {side: await examples.under_way(network, own, *subject) for side in (*SIDES, KEPT)}
    town = await examples.referred(network, clinics)
    now = copies.now()
    waiting = Copies([one], inbox - 1, now - HOUR, timedelta(seconds=1), mark=1)
    await copies.make(superuser_dsn, waiting)
    keys = {}
    for mark, side in enumerate(beside, 2):
        moving = Copies([beside[side]], changing - 1, now - HOUR, timedelta(seconds=1), mark=mark)
        await copies.make(superuser_dsn, moving)
        keys[side] = tuple(beside[side].of_copy(stem, "Task") for stem in (*moving.stems(), beside[side].stem))
    found = tuple(_inbox(one, stem) for stem in (*waiting.stems(), one.stem))
    recently = f"{now - HOUR - timedelta(seconds=min(100, inbox - 1)):%Y-%m-%dT%H:%M:%SZ}"
    return World(
        token=token,
        client=caller.client_id or "",
        members=tuple(caller.members),
        coordinator=str(coordinator),
        clinic=str(sources[0]),
        own=(str(coordinator), str(coordinator), *subject),
        inbox=found,
        recently=recently,
        changing=keys,
        town=tuple(town),
    )


def _inbox(one: Example, stem: str) -> tuple[str, str, str]:
    return one.of_copy(stem, "Task"), one.of_copy(stem, "Patient"), one.of_copy(stem, "ServiceRequest")


def around(world: World, tasks: int, *, days: int = 700) -> Copies:
    """The town's referrals that bring the Tasks to this number, older than all else, over some two years."""
    there = len(world.inbox) + sum(map(len, world.changing.values())) + TASKS_EACH * len(world.town)
    count = max(0, tasks - there) // TASKS_EACH
    newest = copies.now() - timedelta(hours=12)
    return Copies(world.town, count, newest, timedelta(days=days) / max(1, count), mark=9)


async def grow(superuser_dsn: str, world: World, tasks: int) -> None:
    """Brings the Tasks to this number, with a bar that says how far it is."""
    town = around(world, tasks)
    with Progress() as bar:
        task = bar.add_task(f"{tasks:,} Tasks", total=town.count)
        await copies.make(superuser_dsn, town, lambda done: bar.update(task, completed=done))


def _clinic(source: UUID, coordinator: UUID) -> Clinic:
    scopes = Scopes.parse(SCOPES)
    caller = Caller(frozenset({source}), "client", client_id="load", scopes=scopes, request_id="load")
    return Clinic(caller, str(source), str(coordinator))


async def client_of(network: Network, members: tuple[UUID, ...]) -> tuple[Caller, str]:
    """A registered system that speaks for the network and a clinic, with an access token for this run."""
    now, id = network.clock.now(), str(network.ids.next())
    token, token_hash = new_secret(network.ids)
    async with network.store.unit((), write=True) as unit:
        await clients.insert(unit, NewClient(id, "load", SCOPES, (), members, False, False, False), now)
        await tokens.insert(unit, token_hash, id, SCOPES, issued_at=now, expires_at=now + timedelta(days=1))
    return Caller(frozenset(members), "client", client_id=id, scopes=Scopes.parse(SCOPES), request_id="load"), token


async def _subject(network: Network, clinic: Clinic) -> tuple[str, str]:
    patient = new(network, bodies.patient())
    subject = f"Patient/{patient.fhir_id}"
    request = new(network, bodies.service_request(clinic.organization, subject))
    await write(network, clinic.caller, [patient, request])
    return subject, f"ServiceRequest/{request.fhir_id}"
