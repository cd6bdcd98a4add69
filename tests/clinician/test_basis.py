"""On what a referral rests: a consent of the chart, a name typed on the screen, a yes that somebody heard."""

import base64
from typing import Any

import pytest

from app.fhir.errors import BusinessRule
from app.services.referrals.pass_on import pass_on
from tests.clinician.charts import condition, consent
from tests.clinician.ward import AtChart, Ward


async def test_what_was_shown_and_signed_is_kept_as_the_consents_document(ward: Ward) -> None:
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    shown = here.text()
    await here.press("Send referral", basis="signed", signed="Marisol R.")
    await ward.town.world.settled()
    (given,) = await ward.town.cbo.search("Consent")
    document = base64.b64decode(given["sourceAttachment"]["data"]).decode()
    sentences = [line for line in document.split("\n\n")[0].splitlines() if line]
    assert len(sentences) == 7
    assert all(sentence in shown for sentence in sentences)
    assert "Signed on the screen by Marisol R." in document
    assert given["provision"]["actor"][0]["reference"]["reference"] == f"Organization/{ward.town.pantry}"
    assert "verification" not in given


async def test_a_yes_by_word_is_kept_with_who_heard_it(ward: Ward) -> None:
    here = await ward.launched()
    await here.refers(ward.town.pantry, basis="spoken", heard="Dr. Novak")
    await ward.town.world.settled()
    (given,) = await ward.town.cbo.search("Consent")
    assert given["verification"][0]["verified"] is True
    assert "Heard and recorded by Dr. Novak" in base64.b64decode(given["sourceAttachment"]["data"]).decode()


async def test_a_consent_in_the_chart_that_names_the_organization_is_enough(ward: Ward) -> None:
    address = f"{ward.town.world.address}/fhir/Organization/{ward.town.pantry}"
    ward.ehr.chart["Consent/agreed"] = consent(address)
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    assert "By a consent in the chart" in here.text()
    await here.press("Send referral", basis="chart")
    await ward.town.world.settled()
    (row,) = await ward.referrals()
    assert row["owner"] == ward.town.pantry
    (given,) = await ward.town.cbo.search("Consent")
    assert given["meta"]["source"] == f"{ward.ehr.base}/Consent/agreed"


async def test_a_consent_in_the_chart_that_names_another_is_not_offered_and_not_taken(ward: Ward) -> None:
    address = f"{ward.town.world.address}/fhir/Organization/{ward.town.shelter}"
    ward.ehr.chart["Consent/agreed"] = consent(address)
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    assert "By a consent in the chart" not in here.text()
    page = await here.press("Send referral", basis="chart")
    assert page.status_code == 422
    assert "choose another basis" in here.text()
    assert await ward.referrals() == []


async def test_a_consent_in_the_chart_that_denies_keeps_the_others_from_counting(ward: Ward) -> None:
    address = f"{ward.town.world.address}/fhir/Organization/{ward.town.pantry}"
    ward.ehr.chart["Consent/agreed"] = consent(address)
    ward.ehr.chart["Consent/no"] = consent(address, "no", provision={"type": "deny"})
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    assert "By a consent in the chart" not in here.text()


async def test_a_consent_of_the_chart_that_is_taken_back_there_ends_the_sharing_when_it_is_read_again(
    ward: Ward,
) -> None:
    address = f"{ward.town.world.address}/fhir/Organization/{ward.town.pantry}"
    ward.ehr.chart["Consent/agreed"] = consent(address)
    here = await ward.launched()
    await here.refers(ward.town.pantry, basis="chart")
    await ward.town.world.settled()
    ward.ehr.chart["Consent/agreed"] = consent(address, status="inactive")
    await (await ward.launched()).open()
    await ward.town.world.settled()
    assert await ward.town.cbo.search("Patient") == []


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({}, "Choose how the person agreed"),
        ({"basis": "signed", "signed": " "}, "Write the name"),
        ({"basis": "spoken", "heard": ""}, "Write the name"),
    ],
)
async def test_without_a_basis_nothing_is_sent_and_nothing_typed_is_lost(
    ward: Ward, filled: dict[str, str], said: str
) -> None:
    here = await ward.launched()
    await here.chooses(ward.town.pantry, words="Four mouths & a dog", wish="Call after six", urgent="yes")
    page = await here.press("Send referral", **filled)
    assert page.status_code == 422
    assert said in here.text()
    assert "Four mouths &amp; a dog" in page.text
    assert "Call after six" in page.text
    assert ", urgent" in here.text()
    assert await ward.referrals() == []
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert len(await ward.referrals()) == 1


async def test_a_chart_that_changed_meanwhile_is_shown_again_before_anything_is_sent(ward: Ward) -> None:
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    ward.ehr.chart["Condition/food"] = condition(words="Homeless since May")
    page = await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert page.status_code == 409
    assert "The chart has changed" in here.text()
    assert "Homeless since May" in here.text()
    assert await ward.referrals() == []
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert len(await ward.referrals()) == 1


async def test_a_consent_of_the_chart_that_cannot_be_read_any_more_ends_the_sharing(ward: Ward) -> None:
    address = f"{ward.town.world.address}/fhir/Organization/{ward.town.pantry}"
    ward.ehr.chart["Consent/agreed"] = consent(address)
    here = await ward.launched()
    await here.refers(ward.town.pantry, basis="chart")
    await ward.town.world.settled()
    ward.ehr.chart["Consent/agreed"] = consent(address, scope="lost")
    await here.open()
    assert await ward.town.cbo.search("Patient") == []
    await ward.town.world.settled()
    (row,) = await ward.referrals()
    assert row["owner"] == ward.town.platform


async def rests_on_the_chart(ward: Ward) -> AtChart:
    """A referral to the pantry by a consent of the chart."""
    address = f"{ward.town.world.address}/fhir/Organization/{ward.town.pantry}"
    ward.ehr.chart["Consent/agreed"] = consent(address)
    here = await ward.launched()
    await here.refers(ward.town.pantry, basis="chart")
    await ward.town.world.settled()
    assert len(await ward.town.cbo.search("Patient")) == 1
    return here


@pytest.mark.parametrize("answer", [410, 404, {"resourceType": "Basic"}])
async def test_a_consent_that_is_deleted_in_the_chart_ends_the_sharing_when_the_chart_is_opened(
    ward: Ward, answer: Any
) -> None:
    here = await rests_on_the_chart(ward)
    ward.ehr.chart["Consent/agreed"] = answer
    await here.open()
    assert await ward.town.cbo.search("Patient") == []
    await ward.town.world.settled()
    (row,) = await ward.referrals()
    assert row["owner"] == ward.town.platform


async def test_a_consent_that_a_search_hides_since_it_was_taken_back_ends_the_sharing(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await rests_on_the_chart(ward)
    kept = ward.ehr._kept
    monkeypatch.setattr(ward.ehr, "_kept", lambda kind: [] if kind == "Consent" else kept(kind))
    await here.open()
    assert len(await ward.town.cbo.search("Patient")) == 1  # it is there by its name, and it stands
    tree = ward.ehr.chart["Consent/agreed"]
    assert isinstance(tree, dict)
    ward.ehr.chart["Consent/agreed"] = tree | {"status": "inactive"}
    await here.open()
    assert await ward.town.cbo.search("Patient") == []


async def test_a_consent_that_is_about_somebody_else_now_ends_the_sharing(ward: Ward) -> None:
    here = await rests_on_the_chart(ward)
    tree = ward.ehr.chart["Consent/agreed"]
    assert isinstance(tree, dict)
    ward.ehr.chart["Consent/agreed"] = tree | {"patient": {"reference": "Patient/p2"}}
    await here.open()
    assert await ward.town.cbo.search("Patient") == []


@pytest.mark.parametrize("trouble", [503, 403, 401])
async def test_what_cannot_be_asked_for_is_left_as_it_stands(ward: Ward, trouble: int) -> None:
    here = await rests_on_the_chart(ward)
    ward.ehr.chart |= {"Consent/agreed": trouble, "Consent": trouble}
    await here.open()
    await ward.town.world.settled()
    assert len(await ward.town.cbo.search("Patient")) == 1


async def test_opening_another_patients_chart_ends_nothing_here(ward: Ward) -> None:
    await rests_on_the_chart(ward)
    ward.ehr.chart["Consent/agreed"] = 410
    await (await ward.launched("p2")).open()
    assert len(await ward.town.cbo.search("Patient")) == 1


@pytest.mark.parametrize("lost", ["gone", "unreadable"])
async def test_nobody_can_pass_on_by_a_consent_that_the_chart_does_not_hold_any_more_until_it_is_there_again(
    ward: Ward, lost: str
) -> None:
    here = await rests_on_the_chart(ward)
    network, operator = ward.town.world.network, await ward.town.olga()
    (row,) = await ward.referrals()
    was = ward.ehr.chart["Consent/agreed"]
    assert isinstance(was, dict)
    ward.ehr.chart["Consent/agreed"] = 410 if lost == "gone" else was | {"scope": "lost"}
    await here.open()
    await ward.town.world.settled()
    with pytest.raises(BusinessRule) as refused:
        await pass_on(network, operator, row["id"], to=ward.town.pantry, basis_kind="consent")
    assert refused.value.issues[0].rule == "consent-not-active"
    ward.ehr.chart["Consent/agreed"] = was
    await here.open()
    await pass_on(network, operator, row["id"], to=ward.town.pantry, basis_kind="consent")
    await ward.town.world.settled()
    assert len(await ward.town.cbo.search("Patient")) == 1
