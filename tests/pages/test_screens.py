"""The pages of staff on a real server with a real database: what each person may do, and what not."""

import pytest

from tests.pages.browsing import Browser
from tests.pages.town import ROSA, Town
from tests.world import PASSWORD

pytestmark = pytest.mark.anyio


async def test_ana_sees_who_needs_what_and_carries_it_to_the_end(town: Town) -> None:
    await town.refer()
    ana = await town.sign_in("ana@example.org")
    assert ana.page.url.path == "/inbox"
    assert "Food for a family of four" in ana.page.text
    await ana.open_row(ROSA)
    assert 'href="tel:+15550104477"' in ana.page.text
    assert ana.buttons() == ["Accept", "Decline"]
    assert ROSA not in ana.page.text.split("<title>")[1].split("</title>")[0]
    await ana.press("Accept")
    assert "You accepted this referral" in ana.page.text
    await ana.press("Start")
    await ana.press("Complete")
    assert "What was done?" in ana.page.text
    await ana.press("Complete", words="Four boxes of food", day="2026-01-02")
    assert "Four boxes of food" in ana.page.text
    assert ana.buttons() == []


async def test_declining_without_a_reason_asks_again_and_with_one_returns_to_the_operator(town: Town) -> None:
    await town.refer()
    ana = await town.sign_in("ana@example.org")
    await ana.open_row(ROSA)
    await ana.press("Decline")
    assert (await ana.press("Decline", words="  ")).status_code == 422
    assert "Tell why you cannot help" in ana.page.text
    await ana.press("Decline", words="No room this month")
    await town.world.settled()
    olga = await town.sign_in("olga@example.org")
    assert olga.page.url.path == "/ops"
    await olga.open_row(ROSA)
    assert "No room this month" in olga.page.text


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({"words": "", "day": "2026-01-02"}, "Tell what was done"),
        ({"words": "Food", "day": ""}, "Enter the day when it was done"),
        ({"words": "Food", "day": "yesterday"}, "Enter a real day"),
        ({"words": "Food", "day": "2999-01-01"}, "Enter today or a day before today"),
        ({"words": "x" * 2001, "day": "2026-01-02"}, "Use fewer words"),
    ],
)
async def test_completing_asks_again_and_keeps_what_was_typed(town: Town, filled: dict[str, str], said: str) -> None:
    await town.refer()
    ana = await town.sign_in("ana@example.org")
    await ana.open_row(ROSA)
    await ana.press("Accept")
    await ana.press("Complete")
    assert (await ana.press("Complete", **filled)).status_code == 422
    assert said in ana.page.text
    assert filled["words"] in ana.page.text


async def test_a_page_that_stood_open_while_a_colleague_answered_shows_how_it_stands_now(town: Town) -> None:
    await town.refer()
    ana, colleague = await town.sign_in("ana@example.org"), await town.sign_in("ana@example.org")
    for browser in (ana, colleague):
        await browser.open_row(ROSA)
    await colleague.press("Accept")
    await ana.press("Decline")
    assert ana.page.status_code == 409
    assert "Start" in ana.buttons()


async def test_a_stale_answer_is_not_carried_out_and_shows_how_it_stands_now(town: Town) -> None:
    await town.refer()
    ana, colleague = await town.sign_in("ana@example.org"), await town.sign_in("ana@example.org")
    await ana.open_row(ROSA)
    await ana.press("Decline")
    await colleague.open_row(ROSA)
    await colleague.press("Accept")
    assert (await ana.press("Decline", words="No room")).status_code == 409
    assert "Start" in ana.buttons()


async def test_ben_of_another_organization_finds_the_same_page_as_for_nothing(town: Town) -> None:
    await town.refer()
    ana, ben = await town.sign_in("ana@example.org"), await town.sign_in("ben@example.org")
    assert ROSA not in ben.page.text
    address = (await ana.open_row(ROSA)).url.path
    hidden = await ben.open(address)
    missing = await ben.open(f"/referrals/{town.first}")
    texts = [page.text.replace(page.headers["x-request-id"], "") for page in (hidden, missing)]
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert texts[0] == texts[1]


async def test_the_two_kinds_of_people_have_their_own_pages(town: Town) -> None:
    ana, olga = await town.sign_in("ana@example.org"), await town.sign_in("olga@example.org")
    for address in ("/ops", "/ops/open", f"/ops/referrals/{town.first}", f"/ops/referrals/{town.first}/end"):
        assert (await ana.open(address)).status_code == 403
    assert (await olga.open("/inbox")).status_code == 403


async def test_nobody_sees_anything_without_signing_in(town: Town) -> None:
    stranger = Browser(town.world.address)
    for address in ("/", "/inbox", f"/referrals/{town.first}", "/ops", "/ops/open", "/choose-organization"):
        assert (await stranger.open(address)).url.path == "/sign-in"
    await stranger.close()


async def test_signing_in_leads_back_to_the_referral_of_the_e_mail(town: Town) -> None:
    await town.refer()
    [letter] = (town.world.network.settings.data_dir / "mail").glob("*.eml")
    link = next(word for word in letter.read_text().split() if word.startswith("http"))
    assert ROSA not in letter.read_text()
    ana = Browser(town.world.address)
    await ana.open(link)
    await ana.press("Sign in", email="ana@example.org", password=PASSWORD)
    assert str(ana.page.url) == link
    assert ROSA in ana.page.text
    await ana.close()


async def test_a_wrong_password_and_an_unknown_person_look_the_same(town: Town) -> None:
    stranger = Browser(town.world.address)
    known = await stranger.sign_in("ana@example.org", "not the password")
    unknown = await stranger.sign_in("ann@example.org", "not the password")
    assert (known.status_code, unknown.status_code) == (401, 401)
    without = [page.text.replace("ana@", "").replace("ann@", "") for page in (known, unknown)]
    assert without[0] == without[1]
    await stranger.close()


async def test_a_sign_in_form_of_another_browser_is_refused(town: Town) -> None:
    victim, attacker = Browser(town.world.address), Browser(town.world.address)
    await attacker.open("/sign-in")
    victim.page = attacker.page
    assert (await victim.press("Sign in", email="ana@example.org", password=PASSWORD)).status_code == 403
    for browser in (victim, attacker):
        await browser.close()


async def test_signing_in_gives_a_new_session_whatever_cookie_came(town: Town) -> None:
    ana = Browser(town.world.address)
    ana.http.cookies.set("sid", "planted")
    await ana.sign_in("ana@example.org", PASSWORD)
    assert [cookie.value for cookie in ana.http.cookies.jar if cookie.name == "sid"] != ["planted"]
    await ana.close()


async def test_signing_out_ends_the_session_on_the_server(town: Town) -> None:
    ana = await town.sign_in("ana@example.org")
    stolen = ana.http.cookies["sid"]
    await ana.press("Sign out")
    assert "You are signed out" in ana.page.text
    thief = Browser(town.world.address)
    thief.http.cookies.set("sid", stolen)
    assert (await thief.open("/inbox")).url.path == "/sign-in"
    await thief.close()


async def test_no_address_changes_anything_by_being_looked_at(town: Town) -> None:
    await town.refer()
    ana = await town.sign_in("ana@example.org")
    address = (await ana.open_row(ROSA)).url.path
    for slug in ("accept", "start", "resume"):
        assert (await ana.open(f"{address}/{slug}")).status_code == 404
    assert (await ana.open("/sign-out")).status_code == 405
    await ana.open(address)
    assert ana.buttons() == ["Accept", "Decline"]


async def test_a_form_without_its_token_changes_nothing(town: Town) -> None:
    await town.refer()
    ana = await town.sign_in("ana@example.org")
    address = (await ana.open_row(ROSA)).url.path
    assert (await ana.press("Accept", csrf="")).status_code == 403
    await ana.open(address)
    assert ana.buttons() == ["Accept", "Decline"]


async def test_a_person_who_must_not_be_contacted_has_no_number_on_the_page(town: Town) -> None:
    await town.refer(do_not_contact=True)
    ana = await town.sign_in("ana@example.org")
    await ana.open_row(ROSA)
    assert "Do not contact this person" in ana.page.text
    assert "555 010 4477" not in ana.page.text


async def test_what_a_sender_wrote_is_shown_as_text(town: Town) -> None:
    evil = "<img src=x onerror=alert(1)>"
    await town.refer(need=evil)
    ana = await town.sign_in("ana@example.org")
    assert "&lt;img src=x onerror" in ana.page.text
    assert evil not in ana.page.text


async def test_who_works_for_two_organizations_sees_one_at_a_time(town: Town) -> None:
    await town.refer()
    await town.world.person("ben@example.org", town.first, "intake")
    ben = await town.sign_in("ben@example.org")
    assert ROSA not in ben.page.text
    before = ben.http.cookies["sid"]
    await ben.open("/choose-organization")
    await ben.press("Go on", member=str(town.first))
    assert ROSA in ben.page.text
    assert ben.http.cookies["sid"] != before
    await ben.open("/choose-organization")
    assert (await ben.press("Go on", member=str(town.network))).status_code == 422
