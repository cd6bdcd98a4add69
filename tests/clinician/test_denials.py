"""A no in the chart stops every referral, however the yes was given; a no that cannot be seen lets no consent count."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.consent.denial import counts, forbids
from app.services.clinician.chart import read_now
from app.services.clinician.sharing import chart_consents
from tests.clinician.charts import consent
from tests.clinician.ward import AtChart, Ward

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DENY = {"type": "deny"}
ELSEWHERE = {"reference": "http://fhir.internal:8080/fhir/Patient/p1"}


def pantry(ward: Ward) -> str:
    return f"{ward.town.world.address}/fhir/Organization/{ward.town.pantry}"


async def at_check(ward: Ward) -> AtChart:
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    return here


@pytest.mark.parametrize(
    "basis", [{"basis": "spoken", "heard": "Dr. Novak"}, {"basis": "signed", "signed": "Marisol Ruiz"}]
)
async def test_a_no_in_the_chart_stops_what_was_signed_or_said(ward: Ward, basis: dict[str, str]) -> None:
    here = await at_check(ward)
    ward.ehr.chart["Consent/no"] = consent(pantry(ward), "no", provision=DENY)
    page = await here.press("Send referral", **basis)
    assert page.status_code == 422
    assert "A consent in the chart forbids sharing" in here.text()
    assert "record that in the chart first" in here.text()
    assert await ward.referrals() == []
    assert await ward.count("Patient") == 0


async def test_a_no_in_the_chart_is_told_before_anything_is_sent_and_there_is_no_button_to_send(ward: Ward) -> None:
    ward.ehr.chart["Consent/no"] = consent(pantry(ward), "no", provision=DENY)
    here = await at_check(ward)
    assert "A consent in the chart forbids sharing" in here.text()
    assert "Send referral" not in here.text()
    ward.ehr.chart["Consent/no"] = consent(pantry(ward), "no", provision=DENY, status="inactive")
    await here.refers(ward.town.pantry)
    assert len(await ward.referrals()) == 1


@pytest.mark.parametrize(
    "no",
    [
        consent("Organization/1", "no", provision=DENY, vendorFlag=True),
        consent("Organization/1", "no", provision=DENY, patient=ELSEWHERE),
        consent("Organization/1", "no", provision=DENY, patient={"identifier": {"value": "p1"}}),
    ],
    ids=["unreadable", "under another address", "by identifier"],
)
async def test_a_no_that_cannot_be_read_or_placed_for_certain_stops_the_referral_as_well(
    ward: Ward, no: dict[str, Any]
) -> None:
    ward.ehr.ignores_patient = True
    ward.ehr.chart |= {"Consent/agreed": consent(pantry(ward)), "Consent/no": no}
    here = await at_check(ward)
    assert "A consent in the chart forbids sharing" in here.text()
    assert "By a consent in the chart" not in here.text()


async def test_another_persons_no_stops_nobody(ward: Ward) -> None:
    ward.ehr.ignores_patient = True
    other = consent(pantry(ward), "no", provision=DENY, patient={"reference": "Patient/p2"})
    ward.ehr.chart |= {"Consent/agreed": consent(pantry(ward)), "Consent/no": other}
    here = await at_check(ward)
    await here.press("Send referral", basis="chart")
    assert len(await ward.referrals()) == 1


@pytest.mark.parametrize(
    "odd",
    [
        consent("Organization/1", "odd", vendorFlag=True),
        consent("Organization/1", "odd", patient=ELSEWHERE),
        consent("Organization/1", "odd", patient={"identifier": {"value": "p1"}}),
    ],
    ids=["unreadable", "under another address", "by identifier"],
)
async def test_beside_a_consent_that_nobody_can_read_no_other_of_the_chart_counts(
    ward: Ward, odd: dict[str, Any]
) -> None:
    ward.ehr.ignores_patient = True
    ward.ehr.chart |= {"Consent/agreed": consent(pantry(ward)), "Consent/odd": odd}
    here = await at_check(ward)
    assert "By a consent in the chart" not in here.text()
    assert "Not every consent in the chart could be read" in here.text()
    page = await here.press("Send referral", basis="chart")
    assert page.status_code == 422
    assert await ward.referrals() == []
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz", looked="yes")
    assert len(await ward.referrals()) == 1


async def test_where_the_chart_holds_more_consents_than_are_read_none_of_them_counts(ward: Ward) -> None:
    ward.ehr.chart["Consent/agreed"] = consent(pantry(ward))
    for n in range(199):
        ward.ehr.chart[f"Consent/o{n}"] = consent("Organization/none", f"o{n}", status="inactive")
    network, session = ward.town.world.network, await (await ward.launched()).session()
    whole = await chart_consents(network, session, await read_now(network, session), ward.town.pantry)
    assert [each.reference for each in whole.permitting] == ["Consent/agreed"]
    ward.ehr.chart["Consent/no"] = consent(pantry(ward), "no", provision=DENY)
    here = await at_check(ward)
    assert "By a consent in the chart" not in here.text()
    assert "Consents: There are more of them than Baton reads." in here.text()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, True),
        ({"status": 7}, True),
        ({"scope": "lost"}, True),
        ({"provision": {**DENY, "period": {"end": "2027"}}}, True),
        ({"provision": {**DENY, "period": {"end": "soon"}}}, True),
        ({"provision": {}, "policyRule": {"coding": [{"code": "OPTOUT"}]}}, True),
        ({"provision": {**DENY, "period": {"end": "2025"}}}, False),
        ({"scope": {"coding": [{"code": "adr"}]}}, False),
        ({"scope": {"coding": [{"code": "adr"}, {"code": "patient-privacy"}]}}, True),
        ({"status": "entered-in-error"}, False),
        ({"provision": ["deny"]}, False),
        ({"provision": {"type": "permit"}}, False),
    ],
)
def test_what_stands_and_denies_as_a_whole_forbids_in_whatever_shape(more: dict[str, Any], said: bool) -> None:
    assert forbids({**consent("Organization/1", provision=DENY), **more}, NOW) is said


def test_what_is_over_or_about_something_else_does_not_count() -> None:
    assert counts(consent("Organization/1"), NOW)
    assert not counts(consent("Organization/1", scope={"coding": [{"code": "research"}]}), NOW)
    assert not counts(consent("Organization/1", status="inactive"), NOW)
