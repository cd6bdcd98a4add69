"""After the EHR has let Baton out, nothing more is shared; what was typed is shown once more."""

import pytest

from tests.clinician.ward import AtChart, Ward


def shut_out(ward: Ward) -> None:
    ward.ehr.tokens.clear()
    ward.ehr.refreshes.clear()


async def at_the_last_step(ward: Ward) -> AtChart:
    """A person who was referred before, and a second referral that only has to be sent."""
    here = await ward.launched()
    await here.refers(ward.town.pantry)
    await here.chooses(ward.town.shelter, words="Three children")
    return here


async def test_no_referral_is_sent_with_copies_from_before(ward: Ward) -> None:
    """E20"""
    here = await at_the_last_step(ward)
    shut_out(ward)
    page = await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert page.status_code == 401
    assert "<h1>Open Baton again from your EHR</h1>" in page.text
    assert "Three children" in page.text
    assert len(await ward.referrals()) == 1
    await ward.town.world.settled()
    assert await ward.town.other_cbo.search("Patient") == []


async def test_what_is_shared_is_not_shown_either(ward: Ward) -> None:
    here = await ward.launched()
    await here.refers(ward.town.pantry)
    await here.asks()
    shut_out(ward)
    page = await here.press("Next: see what is shared", to=str(ward.town.shelter), words="Three children")
    assert page.status_code == 401
    assert "Three children" in page.text


@pytest.mark.parametrize("what", ["Consent", "Observation"])
async def test_an_ehr_that_answers_401_to_one_search_only_stops_nothing(ward: Ward, what: str) -> None:
    here = await ward.launched()
    ward.ehr.chart[what] = 401
    await here.refers(ward.town.pantry)
    assert "The referral was sent" in here.text()
