"""A network with two members for the identity tests, on a real database; a second worker meets the first only there."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette

from app.clock import SystemIds
from app.fhir.registry import Registry, ResourceType
from app.services.answerable import Answerable
from app.services.identity.register_client import Registration, register_client
from app.services.network import Coordination, Network
from app.settings import Settings
from app.store.pool import Store
from app.web.oauth.routes import oauth_routes
from tests.conftest import Database
from tests.identity.signing import our_jwks

CODES = ("create", "read", "vread", "update", "search-type")
NETWORK, FOOD_BANK, SHELTER = (UUID(int=number) for number in (1, 2, 3))
MEMBERS = ((NETWORK, "network", "Valley Network"), (FOOD_BANK, "target", "Larder"), (SHELTER, "target", "Open Door"))


class SetClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 29, 1, 30, 20, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def go_on(self, **delta: float) -> None:
        self.time += timedelta(**delta)


class NoMail:
    async def send(self, to: str, subject: str, text: str) -> None:
        raise AssertionError("identity sends no mail by itself")


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of the deployment: its network value and an HTTP client at its door."""

    network: Network
    http: httpx.AsyncClient


MakeWorker = Callable[..., Awaitable[Worker]]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def make_worker(database: Database, clock: SetClock, tmp_path: Path) -> AsyncIterator[MakeWorker]:
    """Starts one more worker on the same database; `public_url` and `env` may be given."""
    await _admit_members(database.superuser_dsn)
    stores: list[Store] = []

    async def make(**settings: str) -> Worker:
        stores.append(await Store.open(database.app_dsn, max_size=8))
        network = _network(stores[-1], clock, tmp_path, settings)
        transport = httpx.ASGITransport(Starlette(routes=oauth_routes(network)), client=("192.0.2.7", 4711))
        return Worker(network, httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000"))

    yield make
    for store in stores:
        await store.close()


@pytest.fixture
async def worker(make_worker: MakeWorker) -> Worker:
    return await make_worker()


@pytest.fixture
async def network(worker: Worker) -> Network:
    return worker.network


@pytest.fixture
async def client_id(network: Network) -> str:
    """A system of the food bank that may do everything with Tasks and read Patients."""
    scopes = "system/Task.cruds system/Patient.rs"
    return await register_client(network, Registration("An EHR", (FOOD_BANK,), scopes, jwks=our_jwks()))


def _network(store: Store, clock: SetClock, folder: Path, changed: dict[str, str]) -> Network:
    settings = Settings(
        **{"env": "development", "public_url": "http://127.0.0.1:8000"} | changed,  # type: ignore[arg-type]
        data_dir=folder,
        secret_key=bytes(range(40)),
    )
    types = {name: ResourceType(name, CODES, {}, (), ()) for name in ("Task", "Patient", "Organization")}
    registry = Registry(types)
    return Network(
        settings=settings,
        store=store,
        registry=registry,
        answerable=Answerable(registry),
        clock=clock,
        ids=SystemIds(),
        mail=NoMail(),
        base=f"{settings.public_url}/fhir",
        coordination=Coordination(NETWORK),
    )


async def _admit_members(dsn: str) -> None:
    """Rows alone: what an Organization resource says does not matter to identity."""
    connection: asyncpg.Connection = await asyncpg.connect(dsn)
    try:
        for organization, kind, name in MEMBERS:
            await connection.execute(ORGANIZATION, organization)
            await connection.execute(MEMBER, organization, kind, name)
    finally:
        await connection.close()


ORGANIZATION = """
INSERT INTO resource (id, type, fhir_id, version, last_updated, writer)
VALUES ($1, 'Organization', $1::uuid::text, 1, now(), pg_current_xact_id())
"""
MEMBER = "INSERT INTO member (organization, kind, name, time_zone) VALUES ($1, $2, $3, 'UTC')"
