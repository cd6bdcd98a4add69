"""Opens a bench: a running network with one resource of every type."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.fhir.registry import Registry
from app.fhir.tables import PROFILES
from tests.conformance.bench import Bench
from tests.conftest import Database
from tests.town import a_town


@asynccontextmanager
async def a_bench(
    database: Database, folder: Path, registry: Registry, examples: Path = PROFILES / "examples"
) -> AsyncIterator[Bench]:
    async with a_town(database, folder) as town:
        own = await town.world.system(town.platform)
        narrow = await town.world.system(town.clinic, scopes="system/Patient.c")
        bench = Bench(registry, town, own, narrow, examples)
        await bench.furnish()
        yield bench
