"""A clinician sends a referral from the patient's chart: once, for this patient only, on a basis that was stated."""

import base64

import pytest

from tests.clinician.charts import answer, condition, consent, programme
from tests.clinician.ward import FOOD, Ward


async def test_the_chart_tells_what_the_person_needs_and_who_it_is_about(ward: Ward) -> None:
    here = await ward.launched()
    page = await here.open()
    assert page.status_code == 200, page.text
    assert "Food insecurity (March 4, 2026)" in here.text()
    assert "Food insecurity risk: At risk (March 1, 2026)" in here.text()
    assert "Marisol Ruiz" in page.text
    assert "February 3, 1970" in page.text


async def test_a_referral_reaches_the_organization_that_was_chosen(ward: Ward) -> None:
    here = await ward.launched()
    await here.refers(ward.town.pantry)
    assert "The referral was sent" in here.text()
    await ward.town.world.settled()
    (row,) = await ward.referrals()
    assert (row["trigger"], row["owner"]) == ("launch", ward.town.pantry)
    (task,) = await ward.town.cbo.search("Task")
    assert task["status"] == "requested"
    (person,) = await ward.town.cbo.search("Patient")
    assert person["name"][0]["family"] == "Ruiz"
    (reason,) = await ward.town.cbo.search("Condition")
    assert reason["subject"]["reference"] == f"{ward.ehr.base}/Patient/p1"
    await here.open()
    assert "waiting for an answer" in here.text()
