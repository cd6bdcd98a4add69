"""A place whose clinic has an EHR from which Baton may be launched."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.services.directory.register_ehr import Ehr, register_ehr
from tests.conftest import Database
from tests.launch.door import Doctor, Door
from tests.launch.ehr import fake_ehr
from tests.town import a_place


@pytest.fixture
async def door(database: Database, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_place(database, tmp_path) as town, fake_ehr() as ehr:
        await register_ehr(town.world.network, Ehr("Clinic EHR", ehr.base, town.clinic, "baton"))
        made = Door(town, ehr, Doctor(town.world.address, ehr))
        try:
            yield made
        finally:
            for browser in (made.doctor, *made.browsers):
                await browser.http.aclose()
