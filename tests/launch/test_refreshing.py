"""The EHR's tokens during a launch and after it: refreshed once for all, and given up when the EHR says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import pytest
from starlette.responses import Response

from app.gateways.ehr.smart import EhrTrouble
from app.gateways.outbound.client import Limits
from app.services.launch.refusals import LaunchOver
from app.services.launch.session import Launched, authenticate_launch, chart_by, chart_of, kept_launches
from app.services.network import Network
from app.web.pages import cookies
from app.wiring import open_network
from tests.launch.door import Door
from tests.launch.ehr import unchanged

LET_EXPIRE = "UPDATE launch_session SET access_expires_at = now()"


async def expired(door: Door) -> Launched:
    """A launch whose access token has just run out."""
    await door.doctor.launched()
    await door.town.world.network.store.pool.execute(LET_EXPIRE)
    return await opened(door, door.town.world.network)


async def opened(door: Door, network: Network) -> Launched:
    return await authenticate_launch(network, door.doctor.http.cookies[cookies.LAUNCH], "test")


def refreshes(door: Door) -> int:
    return sum(form["grant_type"] == "refresh_token" for form in door.ehr.exchanges)


@asynccontextmanager
async def another_worker(door: Door) -> AsyncIterator[Network]:
    async with open_network(door.town.world.network.settings) as network:
        yield network


async def test_two_tabs_at_two_workers_refresh_once(door: Door) -> None:
    """APP-13"""
    launched = await expired(door)
    door.ehr.token_waits_s = 0.3
    async with another_worker(door) as other:
        networks = [door.town.world.network, other] * 4
        charts = await asyncio.gather(*(chart_of(network, launched) for network in networks))
    assert refreshes(door) == 1
    assert len({chart.access_token for chart in charts}) == 1
    assert (await charts[0].read("Patient", "p1") or {})["id"] == "p1"


async def test_the_pages_go_on_with_a_refreshed_token(door: Door) -> None:
    await expired(door)
    pages = await asyncio.gather(*(door.doctor.http.get("/clinician") for _ in range(3)))
    here = pages[0].headers["location"]
    answers = await asyncio.gather(*(door.doctor.http.get(here) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert refreshes(door) == 1


async def test_a_new_refresh_token_replaces_the_old_one_and_none_keeps_it(door: Door) -> None:
    launched = await expired(door)
    network = door.town.world.network
    for _ in range(2):
        await chart_of(network, launched)
        await network.store.pool.execute(LET_EXPIRE)
    assert refreshes(door) == 2  # the fake takes each refresh token once
    kept: list[str] = []
    door.ehr.token = lambda tree: {name: value for name, value in tree.items() if name != "refresh_token"}
    await chart_of(network, launched)
    kept.append(door.ehr.exchanges[-1]["refresh_token"])
    door.ehr.refreshes[kept[0]] = "launch"
    await network.store.pool.execute(LET_EXPIRE)
    await chart_of(network, launched)
    assert door.ehr.exchanges[-1]["refresh_token"] == kept[0]


async def test_an_ehr_that_lets_us_in_no_more_leads_to_a_new_launch(door: Door) -> None:
    launched = await expired(door)
    door.ehr.refreshes.clear()
    with pytest.raises(LaunchOver):
        await chart_of(door.town.world.network, launched)
    (session,) = await door.sessions()
    assert (session["access_sealed"], session["refresh_sealed"]) == (None, None)
    assert "Open Baton again" in (await door.doctor.open(f"/clinician/{launched.id}")).text
    assert refreshes(door) == 1


async def test_a_token_that_the_ehr_revokes_leads_to_a_new_launch(door: Door) -> None:
    """E20"""
    door.ehr.patient = None
    here = await door.doctor.launched()
    await door.doctor.open(f"{here}/patient")
    door.ehr.tokens.clear()
    door.ehr.refreshes.clear()
    answer = await door.doctor.press("Look for the patient", name="ruiz")
    assert answer.status_code == 401
    assert "<h1>Open Baton again from your EHR</h1>" in answer.text
    assert "Nothing that was sent before is lost" in answer.text


async def test_a_token_that_the_ehr_forgot_is_refreshed_once_and_the_page_goes_on(door: Door) -> None:
    """BSC-02: an EHR that starts anew, or whose tokens live less long than it says."""
    here = await door.doctor.launched()
    door.ehr.tokens.clear()
    answer = await door.doctor.open(here)
    assert answer.status_code == 200
    assert "Not all of the chart could be read" not in answer.text
    assert refreshes(door) == 1
    await door.doctor.open(here)
    assert refreshes(door) == 1


async def test_two_workers_that_are_refused_at_once_refresh_once(door: Door) -> None:
    await door.doctor.launched()
    here = door.town.world.network
    launched = await opened(door, here)
    door.ehr.token_waits_s = 0.3
    async with another_worker(door) as other:
        charts = await asyncio.gather(*(chart_of(network, launched) for network in [here, other] * 3))
        door.ehr.tokens.clear()
        found = await asyncio.gather(*(chart.read("Patient", "p1") for chart in charts))
    assert [tree["id"] for tree in found if tree] == ["p1"] * 6
    assert refreshes(door) == 1


async def test_an_ehr_that_refuses_whatever_token_it_gives_is_not_asked_for_ever(door: Door) -> None:
    await door.doctor.launched()
    chart = await chart_of(door.town.world.network, await opened(door, door.town.world.network))
    door.ehr.tokens = Forgetful()
    for _ in range(2):
        with pytest.raises(EhrTrouble, match="ended"):
            await chart.read("Patient", "p1")
    assert refreshes(door) == 1


class Forgetful(set[str]):
    """No token is known, not even one that was just given."""

    def __contains__(self, _: object) -> bool:
        return False


async def test_an_ehr_that_is_away_when_a_refused_token_is_refreshed_is_away(door: Door) -> None:
    await door.doctor.launched()
    network = door.town.world.network
    chart = await chart_of(network, await opened(door, network))
    door.ehr.tokens.clear()
    door.ehr.token = lambda _: Response(status_code=503)
    for _ in range(2):
        with pytest.raises(EhrTrouble, match="away"):
            await chart.read("Patient", "p1")
    assert refreshes(door) == 1
    door.ehr.refreshes[door.ehr.exchanges[-1]["refresh_token"]] = "launch"
    door.ehr.token = unchanged
    assert await (await chart_of(network, await opened(door, network))).read("Patient", "p1") is not None


async def test_smaller_scopes_of_a_refreshed_token_are_taken_over(door: Door) -> None:
    launched = await expired(door)
    assert "patient/Condition.rs" in launched.scopes
    door.ehr.token = lambda tree: tree | {"scope": "launch patient/Patient.rs"}
    await chart_of(door.town.world.network, launched)
    now = await opened(door, door.town.world.network)
    assert now.scopes == {"launch", "patient/Patient.rs"}


async def test_an_answer_without_scopes_leaves_them_as_they_were(door: Door) -> None:
    launched = await expired(door)
    door.ehr.token = lambda tree: {name: value for name, value in tree.items() if name not in ("scope", "patient")}
    await chart_of(door.town.world.network, launched)
    assert (await opened(door, door.town.world.network)).scopes == launched.scopes


async def test_a_refreshed_token_for_another_patient_ends_the_launch(door: Door) -> None:
    """APP-11: nobody reads one chart under the name of another."""
    launched = await expired(door)
    door.ehr.patient = "p2"
    with pytest.raises(LaunchOver):
        await chart_of(door.town.world.network, launched)
    (session,) = await door.sessions()
    assert (session["patient"], session["ended_because"]) == ("p1", "other-patient")
    assert (session["access_sealed"], session["refresh_sealed"]) == (None, None)
    assert (await door.doctor.open(f"/clinician/{launched.id}")).status_code == 401


async def test_without_a_refresh_token_the_launch_is_over_with_its_token(door: Door) -> None:
    door.ehr.token = lambda tree: {name: value for name, value in tree.items() if name != "refresh_token"}
    launched = await expired(door)
    with pytest.raises(LaunchOver):
        await chart_of(door.town.world.network, launched)
    assert refreshes(door) == 0


async def test_without_a_refresh_token_one_search_that_is_refused_by_a_401_does_not_end_the_launch(door: Door) -> None:
    """Some EHRs answer so to what they do not allow; whether the token is still good, the next call shows."""
    door.ehr.token = lambda tree: {name: value for name, value in tree.items() if name != "refresh_token"}
    here = await door.doctor.launched()
    door.ehr.chart["Consent"] = 401
    for _ in range(2):
        answer = await door.doctor.open(here)
        assert answer.status_code == 200
        assert "Consents: The health record system does not let Baton read it" in answer.text
        assert "Nothing can be sent now" not in answer.text
    door.ehr.tokens.clear()
    assert "Nothing can be sent now" in (await door.doctor.open(here)).text


async def test_an_ehr_that_is_away_while_refreshing_is_asked_again_later(door: Door) -> None:
    launched = await expired(door)
    network = door.town.world.network
    network.outbound.limits = Limits(connect_s=1, read_s=0.2, total_s=0.4)
    door.ehr.token_waits_s = 0.6
    with pytest.raises(EhrTrouble, match="away"):
        await chart_of(network, launched)
    door.ehr.token_waits_s = 0
    await asyncio.sleep(0.5)  # until the EHR has finished with the call that we gave up
    door.ehr.refreshes[door.ehr.exchanges[-1]["refresh_token"]] = "launch"
    assert (await (await chart_of(network, launched)).read("Patient", "p1")) is not None


async def test_a_worker_that_died_while_refreshing_stands_in_nobodys_way_for_long(door: Door) -> None:
    launched = await expired(door)
    pool = door.town.world.network.store.pool
    await pool.execute(
        "UPDATE launch_session SET lease = gen_random_uuid(), lease_until = now() + interval '0.2 seconds'"
    )
    await chart_of(door.town.world.network, launched)
    assert refreshes(door) == 1


async def test_an_ehr_that_does_not_say_how_long_is_asked_soon(door: Door) -> None:
    door.ehr.expires_in = None
    await door.doctor.launched()
    (row,) = await door.town.world.rows("SELECT access_expires_at - now() AS left FROM launch_session")
    assert 200 < row["left"].total_seconds() <= 300


async def test_the_chart_stays_open_for_what_comes_later(door: Door) -> None:
    """Write-backs: every session of the patient that the EHR still honours, also when it has ended."""
    network = door.town.world.network
    await door.doctor.launched()
    await door.doctor.launched()
    (ehr,) = await door.town.world.rows("SELECT id FROM connection")
    connection: UUID = ehr["id"]
    await network.store.pool.execute(
        "UPDATE launch_session SET ended_at = now(), ended_because = 'signed-out' WHERE ended_at IS NULL"
    )
    newest, oldest = await kept_launches(network, connection, "p1")
    for each in (newest, oldest):
        chart = await chart_by(network, each)
        assert chart is not None
        assert await chart.read("Patient", "p1") is not None
    assert await kept_launches(network, connection, "p2") == []
    door.ehr.refreshes.clear()
    await network.store.pool.execute(LET_EXPIRE)
    assert await chart_by(network, newest) is None
    assert [each.id for each in await kept_launches(network, connection, "p1")] == [oldest.id]
    assert await chart_by(network, oldest) is None
    assert [session["access_sealed"] for session in await door.sessions()] == [None, None]


async def test_under_another_secret_key_a_launch_is_over_and_nothing_breaks(door: Door) -> None:
    await door.doctor.launched()
    network = door.town.world.network
    launched = await opened(door, network)
    other = network.settings.model_copy(update={"secret_key": b"another-secret-key-0123456789-abcdef"})
    with pytest.raises(LaunchOver):
        await chart_of(replace(network, settings=other), launched)
    await network.store.pool.execute(LET_EXPIRE)
    for _ in range(2):
        async with asyncio.timeout(10):
            with pytest.raises(LaunchOver):
                await chart_of(replace(network, settings=other), launched)
