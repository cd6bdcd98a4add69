"""The phone's form comes a second time: as it was, with other content, or after the session has ended."""

import asyncio

import pytest

from tests.pages.browsing import Forms
from tests.pages.test_phone import CALL, PERSON, at_the_phone, patients, referrals
from tests.pages.town import Town
from tests.world import PASSWORD

pytestmark = pytest.mark.anyio


async def test_a_form_sent_twice_makes_one_referral(town: Town) -> None:
    """Once more after going back, and by an impatient finger at the same moment."""
    olga = await at_the_phone(town)
    form = Forms(olga.page.text).forms[-1].fields | CALL
    answers = await asyncio.gather(*(olga.http.post("/ops/phone", data=form) for _ in range(3)))
    assert {answer.url.path for answer in answers} == {f"/ops/referrals/{form['key']}"}
    again = await olga.http.post("/ops/phone", data=form)
    assert "This form was sent before. Here is the referral that it made" in again.text
    assert (await referrals(town), await patients(town)) == (1, 1)


@pytest.mark.parametrize(
    "changed",
    [{"family": "Other"}, {"phone": "555-0199"}, {"helper_name": "Ali"}, {"who": "self"}, {"words": "No heat"},
     {"category": "homelessness"}, {"urgent": "yes"}, {"wish": ""}],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
async def test_a_form_that_was_sent_and_says_something_else_now_is_told_and_not_swallowed(
    town: Town, changed: dict[str, str]
) -> None:
    olga = await at_the_phone(town)
    form = Forms(olga.page.text).forms[-1].fields | CALL
    await olga.http.post("/ops/phone", data=form)
    olga.page = await olga.http.post("/ops/phone", data=form | changed)
    assert (olga.page.status_code, await referrals(town)) == (409, 1)
    assert "This form was sent before, with other content" in olga.page.text
    assert f'href="/ops/referrals/{form["key"]}"' in olga.page.text
    await olga.press("Take referral", **CALL | changed)
    assert (await referrals(town), await patients(town)) == (2, 2)


async def test_who_was_signed_out_meanwhile_goes_on_with_what_she_typed(town: Town) -> None:
    olga = await at_the_phone(town)
    await town.world.network.store.pool.execute("UPDATE session SET expires_at = now()")
    await olga.press("Take referral", **CALL)
    assert (olga.page.status_code, olga.page.text.count("<h1")) == (401, 1)
    assert "Sign in to go on" in olga.page.text
    waiting = olga.page
    await olga.press("Go on with the referral")
    assert olga.page.status_code == 401, "she is not signed in yet"
    await olga.sign_in("olga@example.org", PASSWORD)
    olga.page = waiting
    await olga.press("Go on with the referral")
    assert olga.page.status_code == 403
    assert "What you typed is still here" in olga.page.text
    assert await referrals(town) == 0
    for words in ("Nothing in the house since Monday", "A call after 5 pm"):
        assert words in olga.page.text
    await olga.press("Take referral", category=CALL["category"], words=CALL["words"], language="es")
    assert PERSON in olga.page.text
    assert await referrals(town) == 1
