"""The floor: the statements that the service runs, by raw asyncpg behind bare Starlette routes, and nothing else.

No token, no parsing, no checks, no look-ups. Reads run the very same statements; writes store the same rows with the
same statements. `plain` reads one body by its key outside any transaction, to show what context and audit cost.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.clock import SystemIds
from app.store.pool import PLANNED_ANEW, PLANNED_ONCE, opening
from app.store.visibility import EVERYBODY
from bench.cases import CASES
from bench.recording import MARKED_VERSION, Recorded
from bench.world import World

PLAIN = """
SELECT v.body FROM resource r JOIN version v ON v.resource = r.id AND v.version = r.version
WHERE r.type = $1 AND r.fhir_id = $2
"""
VERSIONS = "SELECT fhir_id, version FROM resource WHERE type = 'Task' AND fhir_id = ANY($1::text[])"
MEDIA_TYPE = "application/fhir+json"


@dataclass
class Replay:
    """A recorded request, again with new ids, a new time and, for a PUT, the next version."""

    recorded: Recorded
    ids: SystemIds = field(default_factory=SystemIds)
    versions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = self.new(self.recorded.subject).keys()
        self.places = [
            {place for place, value in enumerate(arguments) if not known.isdisjoint(_flat(value))}
            for _, arguments in self.recorded.statements
        ]

    def new(self, subject: str) -> dict[Any, Any]:
        """Recorded value -> the value that stands for it in this request."""
        values: dict[Any, Any] = {}
        for old in self.recorded.ids:
            fresh = self.ids.next()
            values[old], values[str(old)] = fresh, str(fresh)
        if self.recorded.stamp:
            values[self.recorded.stamp] = datetime.now(UTC)
        if len(subject) == 36:
            values[self.recorded.subject] = subject
            values[UUID(self.recorded.subject)] = UUID(subject)
            self.versions[subject] = values[MARKED_VERSION] = self.versions.get(subject, 0) + 1
        return values

    def statements(self, subject: str) -> list[tuple[str, list[Any]]]:
        new = self.new(subject)
        return [
            (text, [_filled(value, new) if place in places else value for place, value in enumerate(arguments)])
            for (text, arguments), places in zip(self.recorded.statements, self.places, strict=True)
        ]


async def _as_it_was(_: object) -> None:
    """As in the service: no reset between two uses of a connection."""


def _flat(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def _filled(value: Any, new: dict[Any, Any]) -> Any:
    return [new.get(item, item) for item in value] if isinstance(value, list) else new.get(value, value)


def floor_app(dsn: str, world: World, recorded: dict[str, Recorded], *, pool_size: int, kind: str) -> Starlette:
    """`kind`: "floor", "unsynced" (a commit does not wait for the disk) or "plain"."""
    floor = Floor(dsn, world, recorded, pool_size=pool_size, kind=kind)
    routes = [
        Route("/fhir/Task/{id}", floor.plain if kind == "plain" else floor.read, methods=["GET"]),
        Route("/fhir/Task/{id}", floor.writing("put"), methods=["PUT"]),
        Route("/fhir/Task", floor.search, methods=["GET"]),
        Route("/fhir/ServiceRequest", floor.writing("post"), methods=["POST"]),
        Route("/fhir", floor.writing("transaction"), methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=floor.lifespan)


class Floor:
    """The recorded statements by raw asyncpg, and the bare routes before them."""

    def __init__(self, dsn: str, world: World, recorded: dict[str, Recorded], *, pool_size: int, kind: str) -> None:
        self.dsn, self.pool_size = dsn, pool_size
        self.changing = list(world.changing["floor"])
        self.members = {*world.members, EVERYBODY}
        self.begins = {case.name: opening(self.members, PLANNED_ONCE if case.writes else "") for case in CASES}
        self.begins["search"] = opening(self.members, PLANNED_ANEW)
        self.replays = {name: Replay(each) for name, each in recorded.items()}
        self.server_settings = {"jit": "off"} | ({"synchronous_commit": "off"} if kind == "unsynced" else {})
        self.pools: list[asyncpg.Pool[asyncpg.Record]] = []

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        pool = await asyncpg.create_pool(
            self.dsn, max_size=self.pool_size, server_settings=self.server_settings, reset=_as_it_was
        )
        self.pools.append(pool)
        async with pool.acquire() as connection:
            await connection.execute(opening(self.members))
            rows = await connection.fetch(VERSIONS, self.changing)
            await connection.execute("COMMIT")
        self.replays["put"].versions.update((row["fhir_id"], row["version"]) for row in rows)
        yield
        await pool.close()

    async def run(self, name: str, subject: str = "") -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = []
        statements = self.replays[name].statements(subject)
        async with self.pools[0].acquire() as connection:
            await connection.execute(self.begins[name])
            for text, arguments in statements:
                rows = await connection.fetch(text, *arguments)
            await connection.execute("COMMIT")
        return rows

    async def read(self, request: Request) -> Response:
        return Response((await self.run("read", request.path_params["id"]))[0]["body"], media_type=MEDIA_TYPE)

    async def plain(self, request: Request) -> Response:
        body = await self.pools[0].fetchval(PLAIN, "Task", request.path_params["id"])
        return Response(body, media_type=MEDIA_TYPE)

    async def search(self, _: Request) -> Response:
        bodies = b",".join(row["body"] for row in await self.run("search"))
        return Response(b'{"resourceType":"Bundle","entry":[%b]}' % bodies, media_type=MEDIA_TYPE)

    def writing(self, name: str) -> Any:
        """A route that stores what the recorded write stored and answers with the body it got."""

        async def answer(request: Request) -> Response:
            body = await request.body()
            await self.run(name, request.path_params.get("id", ""))
            return Response(body, media_type=MEDIA_TYPE)

        return answer
