"""Somebody calls: Olga writes down who needs what, and finds it again when the caller asks what became of it."""

import re
from datetime import timedelta
from typing import Any

import pytest

from app.domain.referral.needs import OFFERED
from tests.pages.browsing import Browser, Forms
from tests.pages.sending import send
from tests.pages.town import ROSA, Town

pytestmark = pytest.mark.anyio

CALL = {
    "who": "helper",
    "helper_name": "Noor Haddad",
    "helper_relation": "neighbor",
    "helper_phone": "555-0123",
    "given": "Zoë",
    "family": "Nightingale",
    "born": "4/1958",
    "phone": "555-0188",
    "email": "zoe@example.org",
    "street": "12 Mill Lane",
    "city": "Alder",
    "state": "IL",
    "postal_code": "62223",
    "language": "es",
    "category": "food-insecurity",
    "words": "Nothing in the house since Monday",
    "wish": "A call after 5 pm",
    "to": "",
    "basis": "",
    "attestation": "",
}
PERSON = "Zoë Nightingale"


async def at_the_phone(town: Town) -> Browser:
    olga = await town.sign_in("olga@example.org")
    await olga.open("/ops/phone")
    return olga


async def referrals(town: Town) -> int:
    return len(await town.world.rows("SELECT 1 FROM referral"))


async def patients(town: Town) -> int:
    return len(await town.world.rows("SELECT 1 FROM resource WHERE type = 'Patient'"))


def number_on(page: str) -> str:
    found = re.search(r"number to tell the caller: ([0-9A-F]{6})", page)
    assert found is not None
    return found[1]


async def test_what_is_not_settled_waits_with_olga_like_any_other(town: Town) -> None:
    olga = await at_the_phone(town)
    await olga.press("Take referral", **CALL)
    number = number_on(olga.page.text)
    assert f"Referral {number}" in olga.page.text
    for words in (PERSON, "Nothing in the house since Monday", "Wish: A call after 5 pm", "Noor Haddad (neighbor)"):
        assert words in olga.page.text
    for words in ("April 1958", "555-0188", "Spanish"):
        assert words in olga.page.text
    await town.world.settled()
    await olga.open("/ops")
    assert PERSON in olga.page.text
    assert "the sender names no organization" in olga.page.text
    await olga.open_row(PERSON)
    await olga.press("Pass on", to=str(town.first), basis="spoken", attestation="She said yes to me")
    ana = await town.sign_in("ana@example.org")
    await ana.open_row(PERSON)
    for words in ("555-0188", "12 Mill Lane", "Spanish", "April 1958", "A call after 5 pm", "555-0123", "by word"):
        assert words in ana.page.text


async def test_with_organization_and_basis_it_is_in_the_inbox_at_once(town: Town) -> None:
    olga = await at_the_phone(town)
    settled = {"to": str(town.second), "basis": "spoken", "attestation": "Ms Nightingale said yes to me today"}
    await olga.press("Take referral", **CALL | settled)
    assert "Open Door" in olga.page.text
    assert "The person agreed by word" in olga.page.text
    ben, ana = await town.sign_in("ben@example.org"), await town.sign_in("ana@example.org")
    assert PERSON in ben.page.text
    assert PERSON not in ana.page.text
    (basis,) = await town.world.rows("SELECT kind, attestation, attested_by FROM basis")
    assert (basis["kind"], basis["attestation"]) == ("spoken", settled["attestation"])
    (account,) = await town.world.rows("SELECT id FROM account WHERE email = 'olga@example.org'")
    assert basis["attested_by"] == account["id"]


async def test_a_wish_for_an_organization_alone_shows_it_nothing(town: Town) -> None:
    olga = await at_the_phone(town)
    await olga.press("Take referral", **CALL | {"to": str(town.first)})
    await town.world.settled()
    assert PERSON not in (await town.sign_in("ana@example.org")).page.text
    await olga.open("/ops")
    assert "no consent came with it" in olga.page.text
    await olga.open_row(PERSON)
    assert f'<option value="{town.first}" selected>' in olga.page.text


async def test_a_person_whom_nobody_may_contact_is_not_contacted(town: Town) -> None:
    """Nor through who sent it, when she called herself."""
    olga = await at_the_phone(town)
    settled = {"to": str(town.first), "basis": "spoken", "attestation": "She said yes", "do_not_contact": "yes"}
    await olga.press("Take referral", **CALL | settled | {"who": "self"})
    assert "Do not contact this person" in olga.page.text
    assert "555-0188" not in olga.page.text
    ana = await town.sign_in("ana@example.org")
    await ana.open_row(PERSON)
    assert "Do not contact this person" in ana.page.text
    for reach in ("555-0188", "zoe@example.org", "12 Mill Lane", "555-0123"):
        assert reach not in ana.page.text


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"who": ""}, "who", "Choose who is calling"),
        ({"helper_name": ""}, "helper_name", "Enter the name of who calls"),
        ({"helper_relation": ""}, "helper_relation", "Tell who that is to the person"),
        ({"helper_phone": "call me"}, "helper_phone", "Enter a phone number"),
        ({"given": "", "family": ""}, "given", "at least one of the two"),
        ({"born": "31/31/1958"}, "born", "Enter a year, a month or a whole day"),
        ({"born": "1958-00-01"}, "born", "Enter a year, a month or a whole day"),
        ({"born": "2999"}, "born", "Enter a year, a month or a whole day"),
        ({"phone": "12"}, "phone", "Enter a phone number"),
        ({"email": "zoe at example"}, "email", "Enter an e-mail address"),
        ({"language": "xx"}, "language", "Choose a language"),
        ({"category": ""}, "category", "Choose what the person needs"),
        ({"category": "protective-factor"}, "category", "Choose what the person needs"),
        ({"words": " "}, "words", "Tell in a few words what is the matter"),
        ({"words": "x" * 2001}, "words", "Use fewer words"),
        ({"family": "x" * 101}, "family", "Use fewer words"),
        ({"to": "01990000-0000-7000-8000-000000000000"}, "to", "Choose the organization"),
        ({"basis": "spoken", "attestation": "yes"}, "to", "Choose the organization"),
        ({"basis": "consent"}, "basis", "Choose why"),
        ({"attestation": "She said yes"}, "basis", "Choose why"),
        ({"to": "first", "basis": "paper"}, "attestation", "Tell in a few words what you have read or heard"),
    ],
)
async def test_an_error_stands_beside_its_field_and_nothing_typed_is_lost(
    calm_town: Town, typed: dict[str, str], field: str, sentence: str
) -> None:
    olga = await at_the_phone(calm_town)
    if typed.get("to") == "first":
        typed = typed | {"to": str(calm_town.first)}
    sent = CALL | typed
    await olga.press("Take referral", **sent)
    assert olga.page.status_code == 422
    beside = re.search(rf'id="{field}-wrong"><span class="only-heard">Problem: </span>([^<]*)', olga.page.text)
    assert beside is not None
    assert sentence in beside[1]
    assert f'<a href="#{field}">' in olga.page.text
    kept = Forms(olga.page.text).forms[-1].fields
    names = ("helper_name", "given", "family", "born", "phone", "email", "street", "city", "state", "postal_code")
    assert {name: kept[name] for name in names} == {name: sent[name] for name in names}
    for words in ("words", "wish", "attestation"):
        assert sent[words].strip() in olga.page.text
    assert (await referrals(calm_town), await patients(calm_town)) == (0, 0)


async def test_a_key_of_somebody_elses_referral_makes_nothing_and_keeps_what_was_typed(town: Town) -> None:
    await town.refer()
    (theirs,) = await town.world.rows("SELECT id FROM referral")
    olga = await at_the_phone(town)
    await olga.press("Take referral", **CALL, key=str(theirs["id"]))
    assert olga.page.status_code == 422
    assert "This was not sent" in olga.page.text
    assert str(theirs["id"]) not in olga.page.text
    await olga.press("Take referral", **CALL)
    assert olga.page.status_code == 200
    assert await referrals(town) == 2


async def test_only_the_operator_takes_calls(town: Town) -> None:
    ana = await town.sign_in("ana@example.org")
    assert (await ana.open("/ops/phone")).status_code == 403
    olga = await at_the_phone(town)
    form = Forms(olga.page.text).forms[-1].fields | CALL
    assert (await ana.http.post("/ops/phone", data=form)).status_code == 403
    assert (await olga.http.post("/ops/phone", data=form | {"csrf": "x"})).status_code == 403
    assert (await olga.http.post("/ops/phone", data=form | {"key": "1"})).status_code == 400
    elsewhere = {"sec-fetch-site": "cross-site"}
    olga.http.cookies.clear()
    answer = await olga.http.post("/ops/phone", data=form, headers=elsewhere)
    assert (answer.status_code, "Nothing in the house" in answer.text) == (403, False)
    assert await referrals(town) == 0


async def test_olga_finds_it_by_number_and_by_name_whatever_its_accents(town: Town) -> None:
    await town.refer()
    await send(town.ehr, town.network, to=None, consented=None, name="Zora Nightingale")
    olga = await at_the_phone(town)
    await olga.press("Take referral", **CALL)
    number = number_on(olga.page.text)
    for words in (number, number.lower(), "zoe", "NIGHT zo", "nightingale zoë", "zoe zoe"):
        await olga.open("/ops/open")
        page = (await olga.press("Find", wanted=words)).text
        assert PERSON in page, words
        assert ROSA not in page
        assert str(olga.page.url).endswith("/ops/open")
    assert "Zora" in (await olga.press("Find", wanted="nightingale")).text
    for words in ("ingale", "zoe marlow", "000000", "%", "n_ght"):
        assert "No referral was found" in (await olga.press("Find", wanted=words)).text, words
    assert ROSA in (await olga.press("Find", wanted="")).text


async def test_the_outcome_is_read_to_the_caller_after_the_end_for_ninety_days(town: Town) -> None:
    olga = await at_the_phone(town)
    settled = {"to": str(town.first), "basis": "spoken", "attestation": "She said yes"}
    await olga.press("Take referral", **CALL | settled)
    address = olga.page.url.path
    ana = await town.sign_in("ana@example.org")
    await ana.open_row(PERSON)
    await ana.press("Accept")
    await ana.press("Complete")
    await ana.press("Complete", words="Boxes for a month", day="2026-01-05")
    await town.world.settled()
    await olga.open("/ops/open")
    assert PERSON not in olga.page.text
    page = (await olga.press("Find", wanted="nightingale")).text
    assert PERSON in page
    assert "Ended" in page
    page = (await olga.open(address)).text
    for words in ("What was done", "Boxes for a month", "Completed", "Closed: the person got help"):
        assert words in page
    assert "Pass on" not in page
    await closed_ago(town, 89)
    assert PERSON in (await olga_finds(olga)).text
    await closed_ago(town, 91)
    assert "No referral was found" in (await olga_finds(olga)).text


async def test_a_caller_hears_why_it_ended_without_help(town: Town) -> None:
    olga = await at_the_phone(town)
    await olga.press("Take referral", **CALL)
    address = olga.page.url.path
    await olga.press("End referral")
    await olga.press("End referral", words="She moved to another state")
    page = (await olga.open(address)).text
    assert "Closed by the network" in page
    assert "She moved to another state" in page


async def closed_ago(town: Town, days: int) -> None:
    await town.world.rows("UPDATE referral SET closed_at = now() - $1::interval RETURNING id", timedelta(days=days))


async def olga_finds(olga: Browser) -> Any:
    await olga.open("/ops/open")
    return await olga.press("Find", wanted="nightingale")


async def test_what_each_need_means_is_there_to_be_read_to_the_caller_in_english_and_spanish(town: Town) -> None:
    olga = await at_the_phone(town)
    assert '<details class="meanings">' in olga.page.text
    for need in OFFERED:
        assert f'<dt>{need.en.label} <span class="other" lang="es">{need.es.label}</span></dt>' in olga.page.text
        assert f"<dd>{need.en.explains}</dd>" in olga.page.text
        assert f'<dd lang="es">{need.es.explains}</dd>' in olga.page.text
    assert olga.page.text.count("Only where nobody else hears it.") == 2


@pytest.mark.parametrize(("language", "spanish"), [("es", True), ("en", False), ("", False)])
async def test_once_the_need_is_known_its_meaning_stands_open_in_the_language_of_the_person(
    town: Town, language: str, spanish: bool
) -> None:
    olga = await at_the_phone(town)
    assert 'class="aloud"' not in olga.page.text
    await olga.press("Take referral", **CALL | {"words": "", "language": language})
    assert olga.page.status_code == 422
    food = OFFERED[0]
    meaning = olga.page.text.partition('<div class="aloud">')[2].partition("</div>")[0]
    assert food.en.explains in meaning
    assert (f'<p lang="es"><strong>{food.es.label}.</strong> {food.es.explains}</p>' in meaning) is spanish
