"""A launched clinician: one patient at a time, one browser, and an end."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from app.store import launches
from app.store.launches import NewSession
from app.store.pool import Unit
from app.web.pages import cookies
from tests.launch.door import Door

PAGES = ("", "/status", "/refer", "/patient")
FORMS = ("/refer", "/refer/send", "/patient", "/patient/choose", "/sign-out")


async def test_a_page_of_an_earlier_patient_shows_and_does_nothing_more_and_names_both(door: Door) -> None:
    """APP-14: two launches in one browser, the first still open in another tab."""
    first = await door.doctor.launched()
    door.ehr.patient = "p2"
    second = await door.doctor.launched()
    before = len(door.ehr.requests)
    for page in PAGES:
        answer = await door.doctor.open(first + page)
        assert answer.status_code == 409, page
        assert "Marisol Ruiz" in answer.text
        assert "Daniel Okafor" in answer.text
    for form in FORMS:
        answer = await door.doctor.http.post(first + form, data={"csrf": "whatever", "patient": "p1"})
        assert answer.status_code == 409, form
        assert "Nothing was done" in answer.text
    assert len(door.ehr.requests) == before
    assert await door.town.world.rows("SELECT id FROM referral") == []
    assert [session["ended_because"] for session in await door.sessions()] == ["new-launch", None]
    assert (await door.doctor.open(second)).status_code == 200


async def test_of_two_launches_that_open_at_the_same_moment_one_ends(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """APP-14"""
    arrived, both, insert = [0], asyncio.Event(), launches.insert

    async def slowly(unit: Unit, new: NewSession) -> None:
        arrived[0] += 1
        if arrived[0] == 2:
            both.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(both.wait(), 0.5)
        await insert(unit, new)

    monkeypatch.setattr(launches, "insert", slowly)
    backs = []
    for patient in ("p1", "p2"):
        door.ehr.patient = patient
        await door.doctor.begin()
        backs.append(await door.doctor.at_the_ehr())
    answers = await asyncio.gather(*(door.doctor.http.get(back) for back in backs))
    assert [answer.status_code for answer in answers] == [303, 303]
    assert {session["ended_because"] for session in await door.sessions()} == {"new-launch", None}


@pytest.mark.parametrize("how", ["another patient", "an ended launch"])
async def test_words_that_could_not_be_sent_are_shown_once_more(door: Door, how: str) -> None:
    """E20, SES-04"""
    first = await door.doctor.launched()
    if how == "another patient":
        await door.doctor.launched()
    else:
        await door.town.world.network.store.pool.execute("UPDATE launch_session SET expires_at = now()")
    form = {"words": "Three <b>children</b>", "wish": "Call after five", "csrf": "x"}
    answer = await door.doctor.http.post(f"{first}/refer/send", data=form)
    assert answer.status_code in (401, 409)
    assert "Three &lt;b&gt;children&lt;/b&gt;" in answer.text
    assert "Call after five" in answer.text
    foreign = await door.doctor.http.post(f"{first}/refer/send", data=form, headers={"origin": "https://evil.example"})
    assert "children" not in foreign.text


async def test_the_page_of_an_earlier_launch_of_the_same_patient_says_so(door: Door) -> None:
    first = await door.doctor.launched()
    await door.doctor.launched()
    answer = await door.doctor.open(first)
    assert answer.status_code == 409
    assert "<h1>This page is from an earlier launch</h1>" in answer.text


async def test_a_launch_of_another_browser_is_not_there(door: Door) -> None:
    theirs = await door.doctor.launched()
    other = door.browser()
    door.ehr.patient = "p2"
    await other.launched()
    answer = await other.open(theirs)
    assert answer.status_code == 404
    assert "Marisol" not in answer.text


async def test_two_browsers_are_at_two_patients(door: Door) -> None:
    first = await door.doctor.launched()
    other = door.browser()
    door.ehr.patient = "p2"
    second = await other.launched()
    assert "Marisol Ruiz" in (await door.doctor.open(first)).text
    assert "Daniel Okafor" in (await other.open(second)).text


async def test_the_secret_of_an_earlier_launch_opens_nothing(door: Door) -> None:
    """SES-01, G20"""
    first = await door.doctor.launched()
    old = door.doctor.http.cookies[cookies.LAUNCH]
    await door.doctor.launched()
    thief = door.browser()
    thief.http.cookies.set(cookies.LAUNCH, old)
    assert (await thief.open(first)).status_code == 401


@pytest.mark.parametrize("page", ["/clinician", "/clinician/01990000-0000-7000-8000-000000000001"])
async def test_without_a_launch_the_pages_say_how_to_come_here(door: Door, page: str) -> None:
    answer = await door.doctor.open(page)
    assert answer.status_code == 401
    assert "<h1>Open Baton again from your EHR</h1>" in answer.text


async def test_a_made_up_secret_opens_nothing(door: Door) -> None:
    door.doctor.http.cookies.set(cookies.LAUNCH, "x" * 43)
    assert (await door.doctor.open("/clinician")).status_code == 401


async def test_signing_out_ends_the_launch_and_empties_the_browser(door: Door) -> None:
    here = await door.doctor.launched()
    secret = door.doctor.http.cookies[cookies.LAUNCH]
    await door.doctor.open(here)
    answer = await door.doctor.press("Sign out")
    assert answer.status_code == 200
    assert "You are signed out" in answer.text
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert cookies.LAUNCH not in door.doctor.http.cookies
    door.doctor.http.cookies.set(cookies.LAUNCH, secret)
    assert (await door.doctor.open(here)).status_code == 401
    assert [session["ended_because"] for session in await door.sessions()] == ["signed-out"]


@pytest.mark.parametrize(("column", "age"), [("seen_at", timedelta(minutes=31)), ("expires_at", timedelta(hours=12))])
async def test_a_launch_ends_after_half_an_hour_of_rest_and_after_half_a_day(
    door: Door, column: str, age: timedelta
) -> None:
    here = await door.doctor.launched()
    statements = {
        "seen_at": "UPDATE launch_session SET seen_at = seen_at - $1::interval",
        "expires_at": "UPDATE launch_session SET expires_at = expires_at - $1::interval",
    }
    await door.town.world.network.store.pool.execute(statements[column], age)
    assert (await door.doctor.open(here)).status_code == 401


async def test_a_request_keeps_a_launch_awake(door: Door) -> None:
    here = await door.doctor.launched()
    pool = door.town.world.network.store.pool
    for _ in range(2):
        await pool.execute("UPDATE launch_session SET seen_at = seen_at - interval '20 minutes'")
        assert (await door.doctor.open(here)).status_code == 200


async def test_a_form_of_another_site_or_without_its_token_does_nothing(door: Door) -> None:
    """WEB-09, G09: in a frame cookies are sent from anywhere."""
    here = await door.doctor.launched()
    await door.doctor.open(here)
    address = f"{here}/sign-out"
    assert (await door.doctor.http.post(address, data={})).status_code == 403
    assert (await door.doctor.http.post(address, data={"csrf": "0" * 64})).status_code == 403
    (session,) = await door.sessions()
    token = {"csrf": session["csrf_secret"].hex()}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {"origin": "null"}):
        assert (await door.doctor.http.post(address, data=token, headers=headers)).status_code == 403
    assert (await door.sessions())[0]["ended_at"] is None


async def test_a_launch_is_no_sign_in_for_the_other_pages(door: Door) -> None:
    """G22"""
    await door.doctor.launched()
    door.doctor.http.cookies.set(cookies.SESSION, door.doctor.http.cookies[cookies.LAUNCH])
    for page in ("/inbox", "/ops", "/referrals/01990000-0000-7000-8000-000000000001"):
        assert (await door.doctor.open(page)).headers["location"].startswith("/sign-in")


async def test_old_launches_are_forgotten_with_their_tokens(door: Door) -> None:
    from app.services.identity.housekeeping import forget_expired

    await door.doctor.launched()
    await door.doctor.launched()
    network = door.town.world.network
    await forget_expired(network)
    assert len(await door.sessions()) == 2
    newest = "UPDATE launch_session SET expires_at = expires_at - interval '91 days' WHERE ended_at IS NOT NULL"
    await network.store.pool.execute(newest)
    await network.store.pool.execute("UPDATE launch_state SET expires_at = expires_at - interval '2 hours'")
    await forget_expired(network)
    assert [session["ended_at"] for session in await door.sessions()] == [None]
    assert await door.town.world.rows("SELECT 1 FROM launch_state") == []
