"""Towns for tests of the loop: `town` is shared by a module, whose tests bring their own people; `empty_town` is new.

`chart` is one of an EHR that takes something back, in a new town.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.services.directory.register_ehr import Ehr, register_ehr
from tests.clinician.charts import condition
from tests.conftest import Database
from tests.launch.ehr import fake_ehr
from tests.loop.taking_ehr import Chart, TakingEhr
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
async def chart(database: Database, tmp_path: Path) -> AsyncIterator[Chart]:
    async with a_town(database, tmp_path) as town, fake_ehr(TakingEhr) as ehr:
        await register_ehr(town.world.network, Ehr("Clinic EHR", ehr.base, town.clinic, "baton"))
        ehr.chart["Condition/food"] = condition()
        made = Chart(town, ehr)
        try:
            yield made
        finally:
            await made.close()
