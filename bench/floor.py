"""The floor: the statements that the service runs, by raw asyncpg behind bare Starlette routes, and nothing else.

No token, no parsing, no checks, no look-ups. Reads run the very same statements; writes store the same rows with the
same statements. `plain` reads one body by its key, and stores a resource without parts, deliveries and audit, each
outside any transaction of its own: to show what these cost, and to compare machines.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
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
from bench.recording import MARKED_VERSION, Recorded, target_of
from bench.world import World

PLAIN = """
SELECT v.body FROM resource r JOIN version v ON v.resource = r.id AND v.version = r.version
WHERE r.type = $1 AND r.fhir_id = $2
"""
VERSIONS = "SELECT fhir_id, version FROM resource WHERE type = 'Task' AND fhir_id = ANY($1::text[])"
MEDIA_TYPE = "application/fhir+json"
SEARCHES = [case.name for case in CASES if not case.writes and case.name != "read"]
# of the statement that stores a write (app/store/record.py): the arrays of participations, deliveries and audit rows
NOT_BARE = (*range(9, 17), *range(25, 36))


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


def _bare(post: Recorded) -> Recorded:
    """A write as the stack was measured by: the current row, a version, index rows and an event, and nothing else."""
    ((text, arguments),) = post.statements
    kept = tuple([] if place in NOT_BARE else value for place, value in enumerate(arguments, 1))
    return replace(post, statements=((text, kept),))


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
        Route("/fhir/Task/{id}/_history", floor.search, methods=["GET"]),
        Route("/fhir/{type}", floor.search, methods=["GET"]),
        Route("/fhir/ServiceRequest", floor.writing("bare" if kind == "plain" else "post"), methods=["POST"]),
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
        self.begins |= {name: opening(self.members, PLANNED_ANEW) for name in SEARCHES}
        self.replays = {name: Replay(each) for name, each in recorded.items()}
        self.replays["bare"] = Replay(_bare(recorded["post"]))
        self.named = {target_of(each): case.name for case in CASES for each in case.requests(world, "floor")}
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
            if name == "bare":  # one statement, which is a transaction by itself
                return list(await connection.fetch(statements[0][0], *statements[0][1]))
            await connection.execute(self.begins[name])
            for text, arguments in statements:
                rows += await connection.fetch(text, *arguments)
            await connection.execute("COMMIT")
        return rows

    async def read(self, request: Request) -> Response:
        return Response((await self.run("read", request.path_params["id"]))[0]["body"], media_type=MEDIA_TYPE)

    async def plain(self, request: Request) -> Response:
        body = await self.pools[0].fetchval(PLAIN, "Task", request.path_params["id"])
        return Response(body, media_type=MEDIA_TYPE)

    async def search(self, request: Request) -> Response:
        rows = await self.run(self.named[request.url.path, request.url.query])
        bodies = b",".join(row["body"] for row in rows if "body" in row)
        return Response(b'{"resourceType":"Bundle","entry":[%b]}' % bodies, media_type=MEDIA_TYPE)

    def writing(self, name: str) -> Any:
        """A route that stores what the recorded write stored and answers with the body it got."""

        async def answer(request: Request) -> Response:
            body = await request.body()
            await self.run(name, request.path_params.get("id", ""))
            return Response(body, media_type=MEDIA_TYPE)

        return answer
