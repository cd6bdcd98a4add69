"""Where Baton may have missed a no in the chart, what is signed or said goes on only after the clinician has looked there.

*Source*: security sheet CON-12 (a denial overrides), CON-13 (an error permits nothing).
"""

import base64

import pytest

from app.fhir import json
from tests.clinician.charts import consent
from tests.clinician.ward import AtChart, Ward

TICK = "I have looked in the chart, and no consent there says no"
BASES = [{"basis": "spoken", "heard": "Dr. Novak"}, {"basis": "signed", "signed": "Marisol Ruiz"}]


async def agreed_to(ward: Ward) -> str:
    """The document of the one Consent that there is."""
    await ward.town.world.settled()
    (row,) = await ward.town.world.rows(
        "SELECT v.body FROM version v JOIN resource r ON r.id = v.resource WHERE r.type = 'Consent'"
    )
    return base64.b64decode(json.parse(row["body"])["sourceAttachment"]["data"]).decode()


async def at_check(ward: Ward) -> AtChart:
    here = await ward.launched()
    await here.chooses(ward.town.pantry, words="No food since Monday")
    return here


@pytest.mark.parametrize("status", [401, 403, 404, 400, 500, 503])
@pytest.mark.parametrize("basis", BASES, ids=lambda basis: basis["basis"])
async def test_where_the_consents_cannot_be_read_at_all_she_looks_in_the_chart_first(
    ward: Ward, status: int, basis: dict[str, str]
) -> None:
    ward.ehr.chart["Consent"] = status
    here = await at_check(ward)
    assert "Consents: The health record system" in here.text()
    assert TICK in here.text()
    page = await here.press("Send referral", **basis)
    assert page.status_code == 422
    assert "look there, and say so here" in here.text()
    assert 'href="#looked"' in page.text
    assert (await ward.referrals(), await ward.count("Consent")) == ([], 0)
    await here.press("Send referral", **basis, looked="yes")
    assert len(await ward.referrals()) == 1
    who = (await here.session()).clinician
    assert f"Not every consent in the chart could be read. {who} looked there" in await agreed_to(ward)


async def test_consents_that_cannot_be_read_any_more_when_it_is_sent_are_asked_about_then(ward: Ward) -> None:
    here = await at_check(ward)
    assert TICK not in here.text()
    ward.ehr.chart["Consent"] = 503
    page = await here.press("Send referral", **BASES[1])
    assert page.status_code == 422
    assert TICK in here.text()
    assert "No food since Monday" in here.text()
    assert 'value="Marisol Ruiz"' in page.text
    await here.press("Send referral", **BASES[1], looked="yes")
    assert len(await ward.referrals()) == 1


async def test_having_looked_does_not_help_against_a_no_that_is_seen(ward: Ward) -> None:
    ward.ehr.chart["Consent"] = 503
    here = await at_check(ward)
    del ward.ehr.chart["Consent"]
    ward.ehr.chart["Consent/no"] = consent("Organization/1", "no", provision={"type": "deny"})
    page = await here.press("Send referral", **BASES[1], looked="yes")
    assert page.status_code == 422
    assert "A consent in the chart forbids sharing" in here.text()
    assert await ward.referrals() == []


async def test_where_every_consent_was_read_nothing_is_asked_and_nothing_is_said_of_it(ward: Ward) -> None:
    here = await at_check(ward)
    assert TICK not in here.text()
    await here.press("Send referral", **BASES[1])
    assert len(await ward.referrals()) == 1
    assert "looked there" not in await agreed_to(ward)
