"""The operator registers a system, or is told in one line why not."""

from typing import Any
from uuid import UUID

import pytest

from app.fhir.errors import Refusal
from app.services.identity.register_client import Registration, disable_client, register_client
from app.services.network import Network
from app.store import clients
from tests.identity.conftest import FOOD_BANK, SHELTER
from tests.identity.signing import our_jwks

pytestmark = pytest.mark.anyio


def registration(**changed: Any) -> Registration:
    good = {"name": "An EHR", "organizations": (FOOD_BANK,), "scopes": "system/Task.rs", "jwks": our_jwks()}
    return Registration(**{**good, **changed})


async def test_what_was_registered_is_what_is_found(network: Network) -> None:
    client_id = await register_client(network, registration(organizations=(FOOD_BANK, SHELTER, FOOD_BANK)))
    async with network.store.unit(()) as unit:
        found = await clients.find_enabled(unit, client_id)
        members = await unit.conn.fetch("SELECT member FROM client_member WHERE client = $1 ORDER BY 1", client_id)
    assert found is not None
    assert (found.scopes, [key["kid"] for key in found.keys], found.jwks_url) == ("system/Task.rs", ["r", "e"], None)
    assert [row["member"] for row in members] == [FOOD_BANK, SHELTER]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"jwks": None}, "client-keys"),
        ({"jwks": b"{}"}, "jwks-keys"),
        ({"jwks": None, "jwks_url": "https://ehr.example/jwks"}, "client-jwks-url"),
        ({"jwks": None, "basic": True}, "client-basic"),
        ({"scopes": ""}, "scope-empty"),
        ({"scopes": "system/Task.sr"}, "scope-syntax"),
        ({"scopes": "system/Device.rs"}, "client-scopes"),
        ({"scopes": "system/Task.rs patient/Task.rs"}, "client-scopes"),
        ({"scopes": "user/*.rs"}, "client-scopes"),
        ({"scopes": "system/Task.rs?status=requested"}, "scope-granular"),
        ({"organizations": ()}, "client-organization"),
        ({"organizations": (FOOD_BANK, UUID(int=99))}, "client-organization"),
        ({"name": " "}, "client-name"),
        ({"name": "two\nlines"}, "client-name"),
    ],
)
async def test_a_registration_that_cannot_be_served_is_refused_and_leaves_nothing(
    network: Network, changed: dict[str, Any], rule: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await register_client(network, registration(**changed))
    assert refused.value.issues[0].rule == rule
    async with network.store.unit(()) as unit:
        assert await unit.conn.fetchval("SELECT count(*) FROM client") == 0


async def test_a_client_is_disabled_once(network: Network) -> None:
    client_id = await register_client(network, registration())
    await disable_client(network, client_id)
    with pytest.raises(Refusal):
        await disable_client(network, client_id)
