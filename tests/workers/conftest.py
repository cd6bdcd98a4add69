"""A town whose server is four processes, and a client that keeps many connections to them."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.stories.draw import Draw
from tests.stories.town import Town, town

PROCESSES = 4
CONNECTIONS = 64
# an hour, which is the longest: the long form takes longer than a token's ordinary five minutes
ACCESS_TOKEN_S = "3600"


@pytest.fixture(scope="package")
def place() -> Iterator[Town]:
    settings = {"BATON_ACCESS_TOKEN_S": ACCESS_TOKEN_S}
    with town(Draw.from_environment(), "--workers", str(PROCESSES), **settings) as made:
        yield made


@pytest.fixture
async def http(place: Town) -> AsyncIterator[httpx.AsyncClient]:
    """The clinic's EHR, over as many connections as it has requests at once."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    headers = {"Authorization": place.ehr.http.headers["Authorization"], "Content-Type": "application/fhir+json"}
    base = f"{place.server.address}/fhir/"
    async with httpx.AsyncClient(base_url=base, headers=headers, limits=limits, timeout=60) as client:
        yield client
