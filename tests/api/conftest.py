"""Towns for tests of the API: `town` is shared by a module, whose tests bring their own people; `empty_town` is new."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.town import Town, a_town


@pytest.fixture(scope="module")
async def town(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with a_town(module_database, tmp_path_factory.mktemp("town")) as built:
        yield built


@pytest.fixture
async def empty_town(database: Database, tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(database, tmp_path) as built:
        yield built
