"""A running network for tests: a real server on a real port, on a database of its own; members, systems and people.

Nothing here knows more than the commands and addresses that the outside has, but for `network`, with which a test may
look at the rows.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from app.cli.server import COMMON
from app.log import configure
from app.services.directory.admit import admit
from app.services.identity.register_client import Registration, register_client
from app.services.identity.staff import add_staff
from app.services.network import Network
from app.services.passwords import Passwords
from app.settings import Settings
from app.web.server import create_app
from app.wiring import open_network
from app.worker.loop import working
from tests.identity.signing import claims, ec_key, jwk, jwks, sign
from tests.serving import client, free_socket, serving

FHIR_JSON = "application/fhir+json"
ALL_SCOPES = "system/*.cruds"
DUE = "SELECT handler, tries, dead_reason FROM delivery WHERE not_before <= now() OR tries > 0"
PASSWORD = "a long pass phrase 4 tests"


@dataclass
class System:
    """A registered client with a token: what an EHR or a CBO's own system is to us."""

    http: httpx.AsyncClient
    client_id: str

    async def create(self, tree: dict[str, Any], **headers: str) -> httpx.Response:
        return await self.http.post(
            f"/fhir/{tree['resourceType']}", json=tree, headers={"Content-Type": FHIR_JSON, **headers}
        )

    async def update(self, tree: dict[str, Any], **headers: str) -> httpx.Response:
        address = f"/fhir/{tree['resourceType']}/{tree['id']}"
        return await self.http.put(address, json=tree, headers={"Content-Type": FHIR_JSON, **headers})

    async def bundle(self, kind: str, entries: list[dict[str, Any]]) -> httpx.Response:
        body = {"resourceType": "Bundle", "type": kind, "entry": entries}
        return await self.http.post("/fhir", json=body, headers={"Content-Type": FHIR_JSON})

    async def get(self, address: str) -> httpx.Response:
        return await self.http.get(f"/fhir/{address}")

    async def search(self, address: str) -> list[dict[str, Any]]:
        answer = await self.get(address)
        assert answer.status_code == 200, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", ())]


@dataclass
class World:
    network: Network
    address: str
    systems: list[System] = field(default_factory=list)

    async def member(self, kind: str, name: str = "", **more: Any) -> UUID:
        return await admit(self.network, name=name or f"{kind} {secrets.token_hex(3)}", kind=kind, **more)

    async def system(self, *organizations: UUID, scopes: str = ALL_SCOPES, **more: Any) -> System:
        """A registered client with an access token got the ordinary way."""
        key = jwks(jwk(ec_key(), "k"))
        registration = Registration("system", organizations, scopes, jwks=key, **more)
        client_id = await register_client(self.network, registration)
        http = client(self.address, timeout=30)
        audience = f"{self.address}/oauth/token"
        assertion = sign(claims(client_id, self.network.clock.now(), aud=audience), alg="ES384", kid="k")
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
            "scope": scopes,
        }
        answer = await http.post("/oauth/token", data=form)
        assert answer.status_code == 200, answer.text
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self.systems.append(System(http, client_id))
        return self.systems[-1]

    async def person(self, email: str, organization: UUID, role: str) -> str:
        """Staff with a password; returns the password."""
        await add_staff(self.network, email=email, organization=organization, role=role, password=PASSWORD)
        return PASSWORD

    async def settled(self, timeout_s: float = 10) -> None:
        """Waits until every delivery is done; a dead letter fails the test."""
        async with asyncio.timeout(timeout_s):
            while rows := await self.network.store.pool.fetch(DUE):
                assert all(row["dead_reason"] is None and row["tries"] < 3 for row in rows), rows
                await asyncio.sleep(0.02)

    async def rows(self, statement: str, *arguments: Any) -> list[Any]:
        """Rows as the network's own role sees them, with every member's context."""
        async with self.network.store.unit(await self._everybody()) as unit:
            return list(await unit.conn.fetch(statement, *arguments))

    async def _everybody(self) -> list[UUID]:
        return [row["organization"] for row in await self.network.store.pool.fetch("SELECT organization FROM member")]


class Remembered(Passwords):
    """The password of everybody in the tests is hashed once in a process, which takes 40 ms; checking it stays real."""

    async def hash(self, password: str) -> str:
        if password != PASSWORD:
            return await super().hash(password)
        if not HASHES:
            HASHES.append(await super().hash(password))
        return HASHES[0]


HASHES: list[str] = []


@asynccontextmanager
async def running(dsn: str, data_dir: Path, **settings: Any) -> AsyncIterator[World]:
    """A server in this process, on the database of `dsn`, on a free port of the loopback."""
    configure("error")
    bound = free_socket()
    port = bound.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    chosen = Settings(env="development", database_url=dsn, data_dir=data_dir, public_url=address, port=port, **settings)
    async with open_network(chosen) as opening:
        network = replace(opening, passwords=Remembered())

        @asynccontextmanager
        async def opened() -> AsyncIterator[Network]:
            yield network

        async with serving(create_app(opened, working), bound, **COMMON):
            world = World(network, address)
            try:
                yield world
            finally:
                for system in world.systems:
                    await system.http.aclose()
