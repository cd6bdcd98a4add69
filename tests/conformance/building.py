"""Opens a bench: a running network with one resource of every type."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app.fhir.registry import Registry
from app.fhir.tables import PROFILES
from tests.conformance.bench import Bench
from tests.conftest import Database
from tests.town import a_town
from tests.world import FHIR_JSON


@asynccontextmanager
async def a_bench(
    database: Database, folder: Path, registry: Registry, examples: Path = PROFILES / "examples", **settings: Any
) -> AsyncIterator[Bench]:
    async with a_town(database, folder, **settings) as town:
        own = await town.world.system(town.platform)
        narrow = await town.world.system(town.clinic, scopes="system/Patient.c")
        for system in (town.ehr, town.cbo, town.other_cbo, own, narrow):
            system.http.headers["Accept"] = FHIR_JSON  # without it a Binary comes as its bytes
        bench = Bench(registry, town, own, narrow, examples)
        await bench.furnish()
        yield bench
