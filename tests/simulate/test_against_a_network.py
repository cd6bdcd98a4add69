"""The simulated EHR against the running service: it registers like anybody, sends, and reads the outcome back."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from app.services.identity.register_client import Registration, register_client
from app.services.referrals.respond import respond
from app.services.referrals.views import inbox, story
from app.simulate.chart import Chart
from app.simulate.ehr import Ehr, Settings
from app.simulate.keys import Key, read_or_make
from app.simulate.needs import NEEDS
from app.simulate.network import SCOPES, Identity, NetworkProblem, ReferralNetwork, meet
from app.simulate.page import page_app
from app.simulate.people import people
from app.simulate.shapes import SHAPES
from app.simulate.vocabulary import Clinic
from tests.conftest import Database
from tests.town import Town, a_town, staff_of


@pytest.fixture
async def town(database: Database, tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(database, tmp_path) as built:
        yield built


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return read_or_make(tmp_path / "ehr.pem")


@pytest.fixture
async def ehr(town: Town, key: Key) -> Ehr:
    registration = Registration("Simulated", (town.clinic,), SCOPES, jwks=key.jwks.encode())
    client_id = await register_client(town.world.network, registration)
    performers = {NEEDS[0].category.code: f"Organization/{town.pantry}"}
    settings = Settings(f"{town.world.address}/fhir", SHAPES[0], Clinic("Clinic", "https://c.example"), performers)
    chart = Chart(people(random.Random(1), 3))
    return Ehr(settings, Identity(client_id, key), chart, town.world.network.clock.now, random.Random())


@pytest.fixture
async def network(ehr: Ehr) -> AsyncIterator[ReferralNetwork]:
    assert ehr.identity is not None
    async with meet(ehr.settings.base, ehr.identity, now=ehr.now, chance=ehr.chance) as met:
        yield met


async def answer(town: Town, button: str, **words: str) -> None:
    """The pantry presses a button on the one referral of its inbox."""
    caller = staff_of(town.pantry)
    (item,) = await inbox(town.world.network, caller)
    found = await story(town.world.network, caller, item.referral)
    await respond(town.world.network, caller, item.referral, button, version=found.version, **words)
    await town.world.settled()


async def test_it_learns_from_the_network_who_coordinates(town: Town, network: ReferralNetwork) -> None:
    assert network.owner == f"Organization/{town.platform}"


async def test_a_referral_goes_out_and_its_outcome_comes_back(town: Town, ehr: Ehr, network: ReferralNetwork) -> None:
    order = ehr.order(network, ehr.chart.people[0], NEEDS[0])
    task = await ehr.send(network, order)
    await town.world.settled()
    await answer(town, "Accept")
    await ehr.poll(network)
    assert ehr.chart.referrals[task].status == "accepted"
    await answer(town, "Start")
    await answer(town, "Complete", outcome="Two boxes for the month.")
    await ehr.poll(network)
    (seen,) = ehr.chart.newest_first
    assert (seen.person, seen.status, seen.ended) == (ehr.chart.people[0].name, "completed", True)
    assert seen.outcome.startswith("Two boxes for the month. on ")


async def test_the_same_order_twice_is_one_referral(town: Town, ehr: Ehr, network: ReferralNetwork) -> None:
    order = ehr.order(network, ehr.chart.people[0], NEEDS[0], number="one")
    first, second = await ehr.send(network, order), await ehr.send(network, order)
    assert first == second
    assert len(await town.world.rows("SELECT id FROM referral")) == 1


async def test_a_consent_that_names_nobody_waits(town: Town, ehr: Ehr, network: ReferralNetwork) -> None:
    task = await ehr.send(network, ehr.order(network, ehr.chart.people[0], NEEDS[0], named=False))
    await town.world.settled()
    (row,) = await town.world.rows("SELECT source_task, owner FROM referral")
    assert (row["source_task"], row["owner"]) == (UUID(task.removeprefix("Task/")), town.platform)


async def test_who_is_not_registered_is_told_so(ehr: Ehr, key: Key) -> None:
    stranger = Identity("nobody", key)
    async with meet(ehr.settings.base, stranger, now=ehr.now, chance=ehr.chance) as met:
        with pytest.raises(NetworkProblem, match="invalid_client"):
            await met.search("Task")


async def test_an_address_that_is_no_network_is_a_problem_that_can_be_shown(ehr: Ehr) -> None:
    assert ehr.identity is not None
    with pytest.raises(NetworkProblem):
        async with meet("http://127.0.0.1:1/fhir", ehr.identity, now=ehr.now, chance=ehr.chance):
            pass


async def test_its_page_shows_patients_and_sends_at_a_click(town: Town, ehr: Ehr, key: Key) -> None:
    app = page_app(ehr, key)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://ehr") as browser,
    ):
        while ehr.chart.problem:
            await asyncio.sleep(0.02)
        assert (await browser.post("/referrals", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
        assert ehr.chart.referrals == {}
        assert (await browser.post("/referrals")).status_code == 303
        page = (await browser.get("/")).text
        assert all(person.name in page for person in ehr.chart.people)
        (referral,) = ehr.chart.newest_first
        assert referral.task in page
        assert (await browser.get("/jwks.json")).json()["keys"] == [key.public_jwk]


async def test_an_ehr_without_registration_shows_its_key_and_sends_nothing(ehr: Ehr, key: Key) -> None:
    ehr.identity = None
    app = page_app(ehr, key)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://ehr") as browser,
    ):
        assert "/jwks.json" in (await browser.get("/")).text
        assert (await browser.post("/referrals")).status_code == 503
