"""What anybody may ask without a token, on the whole server, and that nothing else is among it."""

import pytest

from tests.serving import client
from tests.town import Town

OPEN = (
    "/live",
    "/ready",
    "/fhir/metadata",
    "/fhir/.well-known/smart-configuration",
    "/.well-known/jwks.json",
    "/sign-in",
)


@pytest.mark.parametrize("address", OPEN)
async def test_anybody_may_ask(town: Town, address: str) -> None:
    async with client(town.world.address) as nobody:
        assert (await nobody.get(address)).status_code == 200


@pytest.mark.parametrize(
    "address", ["/fhir", "/fhir/", "/fhir/Task", "/fhir/.well-known/jwks.json", "/fhir/.well-known"]
)
async def test_nobody_gets_further_below_the_fhir_base_without_a_token(town: Town, address: str) -> None:
    async with client(town.world.address) as nobody:
        answer = await nobody.get(address)
    assert answer.status_code == 401
    assert answer.json()["resourceType"] == "OperationOutcome"
