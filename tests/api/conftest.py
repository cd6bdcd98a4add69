"""Towns for tests of the API: `town` is shared by a module, whose tests bring their own people; `empty_town` is new."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.store.pool import Store, Unit
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


@pytest.fixture
def slow_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each writer waits a random time between its last statement and its COMMIT."""
    unit = Store.unit

    @asynccontextmanager
    async def slow(store: Store, members: Any, *, write: bool = False, **how: bool) -> AsyncIterator[Unit]:
        async with unit(store, members, write=write, **how) as opened:
            yield opened
            if write:
                await asyncio.sleep(random.choice((0, 0.002, 0.02, 0.08)))

    monkeypatch.setattr(Store, "unit", slow)
