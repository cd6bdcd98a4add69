"""People are invited, given roles, and set their own first password (G37)."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.fhir.errors import NotFound, Refusal
from app.services.identity.sign_in import authenticate_session, sign_in
from app.services.identity.staff import accept_invitation, add_staff, disable_staff, invited
from app.services.network import Network
from tests.identity.conftest import FOOD_BANK, NETWORK, SHELTER, SetClock

pytestmark = pytest.mark.anyio

PASSWORD = "seven quiet herons wait"


async def invite(network: Network, email: str = "ana@larder.example") -> str:
    added = await add_staff(network, email=email, organization=FOOD_BANK, role="intake")
    assert added.invitation
    return added.invitation


async def test_an_invited_person_sets_her_password_and_signs_in(network: Network) -> None:
    invitation = await invite(network)
    assert await invited(network, invitation) == "ana@larder.example"
    await accept_invitation(network, invitation, PASSWORD)
    session = await sign_in(network, email="ana@larder.example", password=PASSWORD, address="192.0.2.1")
    assert (await authenticate_session(network, session.secret, "")).member == FOOD_BANK


async def test_an_invitation_is_good_once_and_for_three_days(network: Network, clock: SetClock) -> None:
    used, late, latest = await invite(network), await invite(network), "never handed out"
    await accept_invitation(network, used, PASSWORD)
    other = await invite(network, "ben@larder.example")
    clock.go_on(hours=72)
    for each in (used, late, latest, other):
        assert await invited(network, each) is None
        with pytest.raises(NotFound):
            await accept_invitation(network, each, "another good password")


async def test_of_two_who_hold_one_invitation_one_sets_the_password(network: Network) -> None:
    invitation = await invite(network)
    tries = (accept_invitation(network, invitation, f"{word} herons wait here") for word in ("seven", "eight"))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "NotFound"]


async def test_a_bad_password_leaves_the_invitation_good(network: Network) -> None:
    invitation = await invite(network)
    for bad in ("short", "ana@larder.example", "Larder Larder 12"):
        with pytest.raises(Refusal):
            await accept_invitation(network, invitation, bad)
    await accept_invitation(network, invitation, PASSWORD)


async def test_somebody_with_a_password_gets_one_more_membership_and_no_invitation(network: Network) -> None:
    first = await add_staff(
        network, email="Ana@Larder.example", organization=FOOD_BANK, role="intake", password=PASSWORD
    )
    second = await add_staff(network, email=" ana@larder.example", organization=SHELTER, role="admin")
    assert (second.account, second.invitation) == (first.account, None)


async def test_a_closed_account_is_given_nothing_more(network: Network) -> None:
    added = await add_staff(network, email="ben@door.example", organization=SHELTER, role="intake", password=PASSWORD)
    await disable_staff(network, added.account)
    with pytest.raises(Refusal) as refused:
        await add_staff(network, email="ben@door.example", organization=FOOD_BANK, role="intake")
    assert refused.value.issues[0].rule == "staff-disabled"


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"email": "ana"}, "staff-email"),
        ({"email": "ana@larder"}, "staff-email"),
        ({"email": "a b@larder.example"}, "staff-email"),
        ({"email": "аna@larder.example"}, "staff-email"),
        ({"email": "ana@larder.example\u200b"}, "staff-email"),
        ({"email": "x" * 65 + "@larder.example"}, "staff-email"),
        ({"role": "owner"}, "staff-role"),
        ({"organization": UUID(int=99)}, "staff-organization"),
        ({"role": "operator"}, "staff-operator"),
        ({"password": "short"}, "password-length"),
        ({"password": "larder-larder-larder"}, "password-context"),
    ],
)
async def test_who_cannot_be_added_is_refused_and_leaves_nothing(
    network: Network, changed: dict[str, Any], rule: str
) -> None:
    good: dict[str, Any] = {"email": "ana@larder.example", "organization": FOOD_BANK, "role": "intake"}
    with pytest.raises(Refusal) as refused:
        await add_staff(network, **{**good, **changed})
    assert refused.value.issues[0].rule == rule
    async with network.store.unit(()) as unit:
        assert await unit.conn.fetchval("SELECT count(*) FROM account") == 0


async def test_the_operator_acts_for_the_network(network: Network) -> None:
    added = await add_staff(
        network, email="olga@valley.example", organization=NETWORK, role="operator", password=PASSWORD
    )
    session = await sign_in(network, email="olga@valley.example", password=PASSWORD, address="192.0.2.1")
    caller = (await authenticate_session(network, session.secret, "")).caller
    assert (caller.account, caller.role, caller.members) == (added.account, "operator", frozenset({NETWORK}))
