"""One server for all of the oracle's tests of a worker, on a database of its own."""

from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal

from app.store.embedded import EmbeddedPostgres
from tests.conftest import databases
from tests.oracle.shelf import Shelf
from tests.town import a_town


@pytest.fixture(scope="session")
def shelf(cluster: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with databases(cluster) as make, start_blocking_portal() as portal:
        # the tests of a worker may come minutes apart
        town = a_town(make(), tmp_path_factory.mktemp("town"), access_token_s=3600)
        with portal.wrap_async_context_manager(town) as built:
            opened = Shelf(portal, built.world, built.ehr)
            opened.open()
            yield opened
