"""A way out in development whose names a test decides, and a certificate authority."""

from collections.abc import AsyncIterator

import pytest

from app.gateways.outbound.client import Limits, Outbound
from tests.gateways.ehrs import Ehr
from tests.gateways.servers import NAME, Authority, Names, serving

# short enough that a hanging server costs a test half a second
HASTE = Limits(connect_s=0.5, read_s=0.5, total_s=1.0)


@pytest.fixture
def names() -> Names:
    return Names({NAME: [["127.0.0.1"]]})


@pytest.fixture
async def outbound(names: Names) -> AsyncIterator[Outbound]:
    way_out = Outbound(development=True, resolve=names, limits=HASTE)
    yield way_out
    await way_out.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.in_folder(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def ehr() -> AsyncIterator[Ehr]:
    answering = Ehr()
    async with serving(answering) as answering.server:
        yield answering
