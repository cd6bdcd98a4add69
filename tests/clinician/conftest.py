"""A clinic's EHR with a chart, and a clinician who has launched Baton from it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.services.directory.register_ehr import Ehr, register_ehr
from tests.clinician.charts import answer, condition
from tests.clinician.ward import Ward
from tests.conftest import Database
from tests.launch.ehr import fake_ehr
from tests.town import a_town


@pytest.fixture
async def ward(database: Database, tmp_path: Path) -> AsyncIterator[Ward]:
    async with a_ward(database, tmp_path) as made:
        yield made


@asynccontextmanager
async def a_ward(database: Database, folder: Path) -> AsyncIterator[Ward]:
    async with a_town(database, folder) as town, fake_ehr() as ehr:
        await register_ehr(town.world.network, Ehr("Clinic EHR", ehr.base, town.clinic, "baton"))
        ehr.chart |= {"Condition/food": condition(), "Observation/hunger": answer()}
        made = Ward(town, ehr)
        try:
            yield made
        finally:
            await made.close()
