"""What is left out of a chart is told: what the server has besides, and what does not say whom it is about."""

from typing import Any

import pytest

from tests.clinician.charts import condition, consent
from tests.clinician.ward import Ward
from tests.launch.ehr import FakeEhr

CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
DIAGNOSIS = [{"coding": [{"system": CATEGORY, "code": "encounter-diagnosis"}]}]


def diagnoses(count: int) -> dict[str, Any]:
    return {f"Condition/d{n}": condition(f"d{n}", "E11.9", "Diabetes", category=DIAGNOSIS) for n in range(count)}


async def test_more_records_than_are_read_are_told(ward: Ward) -> None:
    ward.ehr.chart = diagnoses(200)
    here = await ward.launched()
    await here.open()
    assert "Not all of the chart could be read" not in here.text()
    ward.ehr.chart["Condition/zfood"] = condition("zfood")
    await here.open()
    assert "Needs and diagnoses: There are more of them than Baton reads." in here.text()


async def test_a_need_is_found_behind_hundreds_of_diagnoses(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a server that knows the categories; the fake one does not by itself."""
    asked: list[dict[str, str]] = []
    bundle = ward.ehr._bundle

    def search(kind: str, request: Any) -> Any:
        asked.append({"type": kind, **request.query_params})
        listed = request.query_params.get("category", "").split(",")
        kept = ward.ehr._kept(kind)
        codes = {each["id"]: each["category"][0]["coding"][0]["code"] for each in kept}
        return bundle(kind, [each for each in kept if listed == [""] or codes[each["id"]] in listed])

    monkeypatch.setattr(ward.ehr, "_search", search)
    ward.ehr.chart = {**diagnoses(200), "Condition/zfood": condition("zfood")}
    here = await ward.launched()
    await here.open()
    assert "Food insecurity (March 4, 2026)" in here.text()
    assert {"problem-list-item,health-concern"} == {each.get("category") for each in asked if "_sort" in each}


@pytest.mark.parametrize(
    "subject", [{"reference": "http://fhir.internal:8080/fhir/Patient/p1"}, {"display": "M. Ruiz"}]
)
async def test_records_that_do_not_say_clearly_whom_they_are_about_are_told_and_not_shown(
    ward: Ward, subject: dict[str, str]
) -> None:
    ward.ehr.ignores_patient = True
    ward.ehr.chart = {
        "Condition/food": condition(subject=subject),
        "Consent/c": consent("Organization/1", "c", patient=subject),
    }
    here = await ward.launched()
    await here.open()
    assert "Food insecurity (March" not in here.text()
    said = "The health record system does not say clearly that they are about this person."
    assert f"Needs and diagnoses: {said}" in here.text()
    assert f"Consents: {said}" in here.text()


async def test_a_search_that_fails_is_told_although_another_of_its_kind_was_answered(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = FakeEhr._search
    monkeypatch.setattr(
        FakeEhr,
        "_search",
        lambda self, kind, request: search(self, kind if "_sort" in request.query_params else f"{kind}s", request),
    )
    ward.ehr.chart["Conditions"] = 503
    here = await ward.launched()
    await here.open()
    assert "Food insecurity (March 4, 2026)" in here.text()
    assert "Needs and diagnoses: The health record system does not answer." in here.text()
    ward.ehr.chart["Conditions"] = 403
    await here.open()
    assert "Needs and diagnoses:" not in here.text()
