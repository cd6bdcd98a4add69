"""Many launches: those that nobody's EHR sent stop no other, and an EHR is not asked as often as Baton is."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.responses import Response

from app.clock import Clock, SystemClock
from app.gateways.ehr import discoveries
from app.services.directory.register_ehr import Ehr, register_ehr
from app.services.identity import throttle
from tests.launch.door import Door, rule_of
from tests.launch.ehr import Tree, fake_ehr

ASKED = "GET /fhir/.well-known/smart-configuration"


@pytest.fixture
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """The minute, by which launches are counted, has just begun: the clock is as much ahead."""
    ahead = timedelta(seconds=60 - time.time() % 60)
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + ahead)


@pytest.fixture
def few(one_minute: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six a minute from one address instead of six hundred."""
    monkeypatch.setattr(throttle, "PER_ADDRESS_AND_MINUTE", 6)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("asked", [{"iss": "https://x.example"}, {"launch": ""}, {"launch": "<x>"}])
async def test_launches_that_are_refused_close_the_door_for_nobody(door: Door, asked: dict[str, str]) -> None:
    """Behind a proxy that passes no addresses on, everybody has the same one."""
    pages = [await door.browser().begin(**asked) for _ in range(8)]
    assert [page.status_code for page in pages] == [400] * 6 + [429] * 2
    assert rule_of(pages[-1]) == "launch-throttled"
    await door.doctor.launched()


@pytest.mark.usefixtures("few")
async def test_launches_of_one_ehr_close_the_door_for_no_other(door: Door) -> None:
    async with fake_ehr() as other:
        await register_ehr(door.town.world.network, Ehr("Other", other.base, door.town.clinic, "baton"))
        pages = [await door.browser(other).begin() for _ in range(8)]
        assert [page.status_code for page in pages] == [302] * 6 + [429] * 2
        await door.doctor.launched()


@pytest.mark.usefixtures("one_minute")
async def test_one_browser_may_launch_sixty_times_a_minute(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "PER_MINUTE", 2)
    pages = [await door.doctor.begin() for _ in range(3)]
    assert [page.status_code for page in pages] == [302, 302, 429]
    assert (await door.browser().begin()).status_code == 302


async def test_an_ehr_is_asked_once_for_launches_at_the_same_moment_and_for_those_soon_after(door: Door) -> None:
    door.ehr.discovery = lambda tree: tree | {"jwks_uri": f"{door.ehr.address}/jwks"}
    pages = await asyncio.gather(*(door.browser().begin() for _ in range(5)))
    assert [page.status_code for page in pages] == [302] * 5
    assert (await door.browser().begin()).status_code == 302
    assert door.ehr.requests.count(ASKED) == 1


async def test_what_an_ehr_said_is_asked_anew_after_minutes(door: Door) -> None:
    network, later = door.town.world.network, Later()
    registration = await door.registration()
    await network.discoveries.of(network.outbound, registration)
    outbound = replace(network.outbound, clock=later)
    later.by = network.discoveries.kept - timedelta(seconds=30)
    await network.discoveries.of(outbound, registration)
    assert door.ehr.requests.count(ASKED) == 1
    later.by = network.discoveries.kept
    await network.discoveries.of(outbound, registration)
    assert door.ehr.requests.count(ASKED) == 2


async def test_an_ehr_in_trouble_is_left_alone_for_a_moment_and_then_asked_anew(door: Door) -> None:
    answers: list[Tree | Response] = [Response(status_code=503)]
    door.ehr.discovery = lambda tree: answers.pop() if answers else tree
    for _ in range(2):
        assert rule_of(await door.doctor.begin()) == "launch-ehr-away"
    assert door.ehr.requests.count(ASKED) == 1
    network, later = door.town.world.network, Later()
    later.by = discoveries.TROUBLE_KEPT
    await network.discoveries.of(replace(network.outbound, clock=later), await door.registration())
    assert (await door.doctor.begin()).status_code == 302


async def test_whoever_goes_away_takes_the_answer_from_nobody(door: Door) -> None:
    network, registration = door.town.world.network, await door.registration()
    first = asyncio.create_task(network.discoveries.of(network.outbound, registration))
    second = asyncio.create_task(network.discoveries.of(network.outbound, registration))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).token_endpoint == f"{door.ehr.address}/token"
    assert door.ehr.requests.count(ASKED) == 1


class Later(Clock):
    """The time of day, `by` later."""

    by = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.by
