"""The EHR sends the browser back: whose answer it is, and that it counts once."""

import asyncio
from datetime import timedelta
from urllib.parse import quote, urlencode

import pytest

from app.services.directory.register_ehr import Ehr, register_ehr
from tests.launch.door import Door, parameters, rule_of
from tests.launch.ehr import fake_ehr

MARKUP = "<script>alert(1)</script>"


async def refused(door: Door, address: str, rule: str, status: int = 400, *, exchanges: int = 0) -> str:
    """Baton's answer to this callback: no session, no token asked for, and a page that says why."""
    answer = await door.doctor.back(address)
    assert (answer.status_code, rule_of(answer)) == (status, rule), answer.text
    assert not [cookie for cookie in answer.headers.get_list("set-cookie") if cookie.startswith("launch=")]
    assert len(door.ehr.exchanges) == exchanges
    return answer.text


async def test_a_launch_opens_the_pages_of_its_patient(door: Door) -> None:
    address = await door.doctor.launched()
    (session,) = await door.sessions()
    assert address == f"/clinician/{session['id']}"
    assert (session["patient"], session["patient_name"]) == ("p1", "Marisol Ruiz")
    (clinician,) = await door.town.world.rows("SELECT * FROM clinician")
    assert (clinician["subject"], clinician["fhir_user"]) == ("user-1", "Practitioner/d1")
    assert "Novak" in clinician["name"]
    assert await door.audited() == [("done", f"clinician/{clinician['id']}")]
    led = await door.doctor.open("/clinician")
    assert led.headers["location"] == address


async def test_the_same_clinician_is_known_again_by_her_subject(door: Door) -> None:
    await door.doctor.launched()
    door.ehr.patient = "p2"
    await door.doctor.launched()
    assert len({session["clinician"] for session in await door.sessions()}) == 1


@pytest.mark.parametrize("query", ["", "?code=a", "?code=a&state=", "?state=" + "x" * 200])
async def test_an_answer_without_a_state_is_refused(door: Door, query: str) -> None:
    """APP-05"""
    await door.doctor.begin()
    await refused(door, "/launch/callback" + query, "launch-state-missing")


async def test_a_state_that_nobody_gave_out_is_refused(door: Door) -> None:
    await door.doctor.begin()
    await refused(door, "/launch/callback?code=a&state=" + "x" * 43, "launch-state-unknown")


async def test_a_parameter_that_comes_twice_is_refused(door: Door) -> None:
    await door.doctor.begin()
    there = await door.doctor.at_the_ehr()
    await refused(door, f"{there}&code=other", "launch-parameters")


async def test_an_answer_counts_once(door: Door) -> None:
    """Code and state replayed: APP-05, E23"""
    await door.doctor.begin()
    there = await door.doctor.at_the_ehr()
    assert (await door.doctor.back(there)).status_code == 303
    await refused(door, there, "launch-state-used", exchanges=1)
    assert len(await door.sessions()) == 1


async def test_an_answer_that_comes_twice_at_once_counts_once(door: Door) -> None:
    await door.doctor.begin()
    there = await door.doctor.at_the_ehr()
    answers = await asyncio.gather(*(door.doctor.http.get(there) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [303, 400, 400, 400]
    assert len(door.ehr.exchanges) == 1


async def test_looking_at_the_answer_without_opening_it_does_not_use_it_up(door: Door) -> None:
    await door.doctor.begin()
    there = await door.doctor.at_the_ehr()
    assert (await door.doctor.http.head(there)).status_code == 405
    assert (await door.doctor.back(there)).status_code == 303


async def test_a_code_that_was_used_elsewhere_is_refused_by_the_ehr_and_said_so(door: Door) -> None:
    await door.doctor.begin()
    there = await door.doctor.at_the_ehr()
    door.ehr.codes.clear()
    text = await refused(door, there, "launch-ehr-ended", exchanges=1)
    assert "CANARY-description" not in text


async def test_an_answer_after_ten_minutes_is_refused(door: Door) -> None:
    await door.doctor.begin()
    there = await door.doctor.at_the_ehr()
    pool = door.town.world.network.store.pool
    await pool.execute("UPDATE launch_state SET expires_at = expires_at - $1::interval", timedelta(minutes=10))
    await refused(door, there, "launch-state-expired")


async def test_another_browser_cannot_finish_the_launch_and_does_not_spoil_it(door: Door) -> None:
    """E06"""
    await door.doctor.begin()
    there = await door.doctor.at_the_ehr()
    other = door.browser()
    assert rule_of(await other.back(there)) == "launch-cookies"
    await other.begin()
    answer = await other.back(there)
    assert (answer.status_code, rule_of(answer)) == (400, "launch-other-browser")
    assert door.ehr.exchanges == []
    assert (await door.doctor.back(there)).status_code == 303


async def test_an_answer_of_one_ehr_at_the_address_of_another_is_refused(door: Door) -> None:
    """E09, APP-06"""
    async with fake_ehr() as other:
        row = await register_ehr(door.town.world.network, Ehr("Other EHR", other.base, door.town.clinic, "baton"))
        await door.doctor.begin()
        there = parameters(await door.doctor.at_the_ehr())
        await refused(door, f"/launch/callback/{row.id}?{urlencode(there)}", "launch-other-ehr")
        assert other.exchanges == []


async def test_an_answer_at_the_common_address_goes_to_the_ehr_of_its_state(door: Door) -> None:
    await door.doctor.begin()
    there = parameters(await door.doctor.at_the_ehr())
    assert (await door.doctor.back("/launch/callback?" + urlencode(there))).status_code == 303


@pytest.mark.parametrize("iss", ["https://evil.example", "{base}", "{address}/", ""])
async def test_a_sign_in_other_than_the_one_we_sent_to_is_refused(door: Door, iss: str) -> None:
    """E07, E08: RFC 9207. The FHIR base is not the issuer, and an issuer never becomes a FHIR base."""
    door.ehr.discovery = lambda tree: tree | {"authorization_response_iss_parameter_supported": True}
    said = iss.format(base=door.ehr.base, address=door.ehr.address)
    door.ehr.answer = lambda answer: answer | ({"iss": said} if said else {})
    await door.doctor.begin()
    await refused(door, await door.doctor.at_the_ehr(), "launch-mixed-up")


async def test_the_sign_in_that_we_sent_to_is_let_through_when_it_says_its_name(door: Door) -> None:
    door.ehr.answer = lambda answer: answer | {"iss": door.ehr.address}
    assert (await door.doctor.launch()).status_code == 303


async def test_somebody_who_says_no_at_the_ehr_reads_that_nothing_was_read(door: Door) -> None:
    door.ehr.answer = lambda answer: {"state": answer["state"], "error": "access_denied", "error_description": "CANARY"}
    await door.doctor.begin()
    text = await refused(door, await door.doctor.at_the_ehr(), "launch-cancelled", 403)
    assert "Nothing was read" in text
    assert "CANARY" not in text


@pytest.mark.parametrize(
    ("error", "rule", "status"),
    [
        (MARKUP, "launch-refused-by-ehr", 403),
        ("invalid_scope", "launch-refused-by-ehr", 403),
        ("server_error", "launch-ehr-away", 503),
    ],
)
async def test_an_error_of_the_ehr_is_told_in_our_words(door: Door, error: str, rule: str, status: int) -> None:
    """E10"""
    door.ehr.answer = lambda answer: {"state": answer["state"], "error": error, "error_description": MARKUP}
    await door.doctor.begin()
    text = await refused(door, await door.doctor.at_the_ehr(), rule, status)
    assert "alert(1)" not in text
    assert ("invalid_scope" in text) == (error == "invalid_scope")


async def test_an_error_without_a_state_is_shown_to_nobody(door: Door) -> None:
    text = await refused(door, f"/launch/callback?error={quote(MARKUP)}", "launch-state-missing")
    assert "alert(1)" not in text


@pytest.mark.parametrize("code", [None, "", "x" * 8193])
async def test_an_answer_without_a_usable_code_is_refused(door: Door, code: str | None) -> None:
    door.ehr.answer = lambda answer: {"state": answer["state"]} | ({"code": code} if code is not None else {})
    await door.doctor.begin()
    await refused(door, await door.doctor.at_the_ehr(), "launch-code-missing")
