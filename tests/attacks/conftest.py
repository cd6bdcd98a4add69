"""One server for each file of attacks."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.store.embedded import EmbeddedPostgres
from tests.attacks.scene import Scene, a_scene
from tests.conftest import Database, databases


@pytest.fixture(scope="module")
def module_database(cluster: EmbeddedPostgres) -> Iterator[Database]:
    with databases(cluster) as make:
        yield make()


@pytest.fixture(scope="module")
async def scene(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with a_scene(module_database, tmp_path_factory.mktemp("scene"), access_token_s=3600) as built:
        yield built


@pytest.fixture
async def patient_scene(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    """One whose server waits half a second for a body."""
    async with a_scene(database, tmp_path, request_timeout_s=0.5) as built:
        yield built
