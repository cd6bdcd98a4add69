"""What SQL a request of each case runs: recorded once from the real service, replayed by the floor."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate
from typing import Any
from uuid import UUID

import asyncpg

from app.clock import SystemIds
from app.services.network import Network
from app.store.index_write import TASK_WIDTH, WIDTHS
from app.store.pool import Store, Unit
from app.web.fhir_api.face import FhirFace
from bench.cases import CASES, Case
from bench.world import World

# A version that no other column of a recorded write holds by chance, so that the floor can count it up.
MARKED_VERSION = 1_000_000
# the parameter of app/store/record.py with which the arrays of index rows begin
FIRST_INDEX_ARRAY = 38


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request's statements with their arguments; what of them is new in every request."""

    statements: tuple[tuple[str, tuple[Any, ...]], ...]
    ids: tuple[UUID, ...]
    stamp: datetime | None
    subject: str

    @property
    def index_rows(self) -> int:
        """How many rows of search values it stores; where each kind's arrays begin, see app/store/index_write.py."""
        ((_, arguments), *_) = self.statements
        starts = accumulate((*WIDTHS.values(), TASK_WIDTH), initial=FIRST_INDEX_ARRAY)
        return sum(len(arguments[start - 1]) for start in starts if start <= len(arguments))


@dataclass(frozen=True, slots=True)
class Seen:
    """A statement, and how its unit was opened: what decides how PostgreSQL plans it."""

    text: str
    arguments: tuple[Any, ...]
    write: bool
    searching: bool


class _Ids(SystemIds):
    def __init__(self) -> None:
        super().__init__()
        self.given: list[UUID] = []

    def next(self) -> UUID:
        self.given.append(super().next())
        return self.given[-1]


class _Store(Store):
    """Notes every statement of every unit, without the transaction's own BEGIN, stamp and COMMIT."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        super().__init__(pool)
        self.seen: list[Seen] = []
        self.stamp: datetime | None = None

    @asynccontextmanager
    async def unit(
        self, members: Collection[UUID], *, write: bool = False, searching: bool = False
    ) -> AsyncIterator[Unit]:
        def note(query: Any) -> None:
            self.seen.append(Seen(query.query, tuple(query.args), write, searching))

        async with super().unit(members, write=write, searching=searching) as unit:
            self.stamp = unit.stamp
            unit.conn.add_query_logger(note)
            try:
                yield unit
            finally:
                unit.conn.remove_query_logger(note)


async def record(network: Network, superuser_dsn: str, world: World) -> dict[str, Recorded]:
    """Case name -> what one request of it does. Call it before the load; it leaves a few resources behind."""
    recorded = {}
    for case in CASES:
        for _ in ("what is looked up once is not part of a request", "recorded"):
            await _mark(superuser_dsn, world.changing["ours"][0])
            recorded[case.name] = await _request(network, world, case)
    return recorded


async def _request(network: Network, world: World, case: Case) -> Recorded:
    store, ids = _Store(network.store.pool), _Ids()
    first = case.requests(world, "ours")[0]
    await send(replace(network, store=store, ids=ids), first)
    path, _ = target_of(first)
    statements = tuple((each.text, each.arguments) for each in store.seen if not case.writes or _writes(each.text))
    return Recorded(statements, tuple(ids.given), store.stamp, path.split("/")[-1])


async def seen(network: Network, request: bytes) -> list[Seen]:
    """What SQL one request runs."""
    store = _Store(network.store.pool)
    await send(replace(network, store=store), request)
    return store.seen


async def send(network: Network, request: bytes) -> None:
    """Has the FHIR face answer a request, without a wire. Ends the program where it is refused."""
    path, query = target_of(request)
    head, _, body = request.partition(b"\r\n\r\n")
    start, *lines = head.decode().split("\r\n")
    headers = [(name.lower().encode(), value.encode()) for name, _, value in (line.partition(": ") for line in lines)]
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def note(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http", "method": start.split(" ")[0], "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "headers": headers, "root_path": "",
        "state": {"request_id": str(network.ids.next())},
    }  # fmt: skip
    await FhirFace(network)(scope, receive, note)
    if statuses not in ([200], [201], [204]):
        raise SystemExit(f"{path}: refused with {statuses}; the benchmark does not fit the server")


def target_of(request: bytes) -> tuple[str, str]:
    """Path and query of a request as it goes over the wire."""
    path, _, query = request.split(b" ", 2)[1].decode().partition("?")
    return path, query


def _writes(statement: str) -> bool:
    """Whether a statement stores rows; a floor for writes does nothing else."""
    return statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE", "WITH")) and "INSERT INTO" in statement


async def _mark(superuser_dsn: str, key: str) -> None:
    """Gives the Task that the recorded PUT changes the marked version less one."""
    owner = await asyncpg.connect(superuser_dsn)
    try:
        async with owner.transaction():
            await owner.execute(
                "DELETE FROM version WHERE resource = $1 AND version >= $2", UUID(key), MARKED_VERSION - 1
            )
            await owner.execute(COPY, UUID(key), MARKED_VERSION - 1)
            await owner.execute("UPDATE resource SET version = $2 WHERE id = $1", UUID(key), MARKED_VERSION - 1)
    finally:
        await owner.close()


COPY = """
INSERT INTO version (resource, version, last_updated, writer, interaction, author, body)
SELECT resource, $2, last_updated, writer, interaction, author, body FROM version WHERE resource = $1 AND version = 3
"""
