"""A chart's records tell of social needs by their codes; what is over, refuted or unanswered tells of none."""

import csv
import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.referral.chart_codes import CATEGORIES, ICD10, LOINC, NOTHING_NEEDED, SNOMED
from app.domain.referral.chart_needs import ChartNeed, by_category, categories_of, chart_need
from app.domain.referral.needs import UNSPECIFIED
from tests.parts import SHARED

SDOHCC = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
SNOMED_CT, ICD, LOINC_ORG = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm", "http://loinc.org"
CONCERN = {"system": "http://hl7.org/fhir/us/core/CodeSystem/condition-category", "code": "health-concern"}
SOCIAL = {"system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "code": "sdoh"}
SURVEY = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "survey"}
LOCAL = {"system": "urn:oid:1.2.3", "code": "FOOD1", "display": "Needs food"}
ABSENT = {"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}


def condition(*codings: dict[str, str], categories: tuple[dict[str, str], ...] = (CONCERN,), **more: Any) -> Any:
    return {
        "resourceType": "Condition",
        "id": "1",
        "category": [{"coding": [each]} for each in categories],
        "code": {"coding": list(codings)},
        **more,
    }


def answer(question: str, code: str, *categories: dict[str, str], **more: Any) -> Any:
    return {
        "resourceType": "Observation",
        "id": "1",
        "status": "final",
        "category": [{"coding": [each]} for each in categories or (SURVEY,)],
        "code": {"coding": [{"system": LOINC_ORG, "code": question}]},
        "valueCodeableConcept": {"coding": [{"system": LOINC_ORG, "code": code, "display": "As answered"}]},
        **more,
    }


def concept(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


@pytest.mark.parametrize(
    ("code", "categories"),
    [
        ("Z59.41", ("food-insecurity",)),
        ("Z5941", ("food-insecurity",)),
        ("z59.4", ("food-insecurity",)),
        ("Z59.811", ("housing-instability",)),
        ("Z59.12", ("utility-insecurity", "inadequate-housing")),
        ("Z59.9", (UNSPECIFIED,)),
        ("Z55.0", ("personal-health-literacy", "educational-attainment")),
        ("Z65.4", (UNSPECIFIED,)),
        ("T74.21XA", ("intimate-partner-violence", "elder-abuse")),
        ("Z54.0", ()),
        ("Z66", ()),
        ("E11.9", ()),
        ("", ()),
    ],
)
def test_an_icd_10_code_belongs_to_its_longest_known_beginning(code: str, categories: tuple[str, ...]) -> None:
    assert categories_of([{"system": ICD, "code": code}]) == categories


def test_the_whole_of_z55_to_z65_is_social() -> None:
    for chapter in range(55, 66):
        for digit in ("", ".0", ".4", ".8", ".9"):
            assert categories_of([{"system": ICD, "code": f"Z{chapter}{digit}"}]), f"Z{chapter}{digit}"


def test_every_category_of_the_tables_is_one_of_the_guides() -> None:
    used = {name for _, names in ICD10 for name in names.split()}
    used |= {name for name, _ in SNOMED} | {name for name, _, _ in LOINC}
    assert used <= CATEGORIES


def test_an_answer_that_tells_of_a_need_is_never_one_that_tells_of_none_but_for_turned_questions() -> None:
    turned = {"96434-6", "96444-5", "99800-5"}
    for _, questions, telling in LOINC:
        if not set(questions.split()) <= turned:
            assert not set(telling.split()) & NOTHING_NEEDED, questions


@pytest.mark.needs("shared")
def test_the_tables_hold_no_finding_that_the_guides_value_sets_do_not() -> None:
    for category, codes in SNOMED:
        kept = json.loads((SHARED / "fhir" / "valuesets" / f"{category}.Condition.code.json").read_text())
        known = {each["code"] for each in kept["codes"]} | {"699653008"}  # of the guide's own example
        assert set(codes.split()) <= known, category


@pytest.mark.needs("shared")
def test_the_categories_are_those_that_the_guide_binds() -> None:
    rows = list(csv.DictReader((SHARED / "fhir" / "additional-bindings.csv").open()))
    assert {row["sdoh_category"] for row in rows} <= CATEGORIES


@pytest.mark.needs("shared")
@pytest.mark.parametrize(
    ("name", "categories", "sure"),
    [
        ("Condition-SDOHCC-ConditionFoodInsecurityExample", ("food-insecurity",), True),
        ("Condition-SDOHCC-ConditionAsserterDeviceExample", ("food-insecurity",), True),
        ("Condition-SDOHCC-ConditionHomelessExample", ("homelessness",), True),
        ("Condition-SDOHCC-ConditionProtectiveFactor", None, False),
        ("Observation-SDOHCC-ObservationAssessmentInadequateFoodIntakeExample", ("food-insecurity",), True),
        (
            "Observation-SDOHCC-ObservationAssessmentTransportTooExpensiveExample",
            ("transportation-insecurity", "financial-insecurity"),
            True,
        ),
        ("Observation-SDOHCC-ObservationResponseHungerVitalSignQuestion3Example", ("food-insecurity",), True),
        ("Observation-SDOHCC-ObservationResponseNHANESGroupingExample", None, False),
        ("Observation-SDOHCC-ObservationResponseNHANESQuestion2Example", ("social-connection",), False),
        ("Observation-SDOHCC-ObservationGenderIdentityExample", None, False),
        ("Observation-SDOHCC-ObservationRaceOMBExample", None, False),
    ],
)
def test_the_guides_examples_are_read_as_they_are_meant(
    name: str, categories: tuple[str, ...] | None, sure: bool
) -> None:
    found = chart_need(json.loads((SHARED / "fhir" / "examples" / f"{name}.json").read_text()))
    if categories is None:
        assert found is None
    else:
        assert found is not None
        assert (found.categories, found.sure) == (categories, sure)


@pytest.mark.parametrize("status", ["refuted", "entered-in-error"])
def test_a_condition_that_is_not_so_is_no_need(status: str) -> None:
    tree = condition({"system": ICD, "code": "Z59.41"})
    assert chart_need(tree) is not None
    assert chart_need({**tree, "verificationStatus": concept(status)}) is None


@pytest.mark.parametrize("status", ["inactive", "resolved", "remission"])
def test_a_condition_that_is_over_is_no_need(status: str) -> None:
    assert chart_need(condition({"system": ICD, "code": "Z59.41"}, clinicalStatus=concept(status))) is None


@pytest.mark.parametrize("status", ["registered", "cancelled", "entered-in-error"])
def test_an_observation_that_does_not_stand_is_no_need(status: str) -> None:
    tree = answer("88124-3", "LA19952-3")
    assert chart_need(tree) is not None
    assert chart_need({**tree, "status": status}) is None


def test_us_core_3_1_1_knows_no_social_category_and_its_codes_tell() -> None:
    found = chart_need(condition({"system": SNOMED_CT, "code": "733423003", "display": "Food insecurity (finding)"}))
    assert found == ChartNeed("Condition/1", "Food insecurity", "", ("food-insecurity",), True, "")
    asked = chart_need(answer("88122-7", "LA6729-3", effectiveDateTime="2026-03-04T10:00:00Z"))
    assert asked == ChartNeed("Observation/1", "88122-7", "As answered", ("food-insecurity",), True, "2026-03-04")


def test_us_core_6_1_0_marks_the_record_and_a_person_judges_its_local_code() -> None:
    found = chart_need(condition(LOCAL, categories=(CONCERN, SOCIAL)))
    assert found == ChartNeed("Condition/1", "Needs food", "", (UNSPECIFIED,), False, "")


def test_a_health_concern_in_local_codes_only_is_left_to_a_person() -> None:
    found = chart_need(condition(LOCAL))
    assert found is not None
    assert not found.sure
    problem = {"system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "problem-list-item"}
    assert chart_need(condition(LOCAL, categories=(problem,))) is None
    assert chart_need(condition({"system": ICD, "code": "E11.9"}, LOCAL)) is None


def test_a_code_that_is_absent_with_a_reason_is_no_code() -> None:
    assert chart_need(condition(ABSENT)) is None
    food = {"system": SDOHCC, "code": "food-insecurity"}
    found = chart_need(condition(ABSENT, categories=(CONCERN, SOCIAL, food)))
    assert found is not None
    assert (found.words, found.categories) == ("", ("food-insecurity",))
    extension = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    assert chart_need({**condition(categories=(CONCERN,)), "code": {"extension": [extension]}}) is None


def test_a_question_that_nobody_answered_is_no_need() -> None:
    tree = answer("88122-7", "LA6729-3", SOCIAL)
    del tree["valueCodeableConcept"]
    assert chart_need({**tree, "dataAbsentReason": concept("asked-declined")}) is None


@pytest.mark.parametrize("code", ["LA32-8", "LA28398-8", "LA30122-8"])
def test_an_answer_that_says_no_or_nothing_is_no_need(code: str) -> None:
    assert chart_need(answer("88122-7", code, SOCIAL)) is None


def test_no_may_be_the_answer_that_tells() -> None:
    found = chart_need(answer("96434-6", "LA32-8"))
    assert found is not None
    assert found.sure


def test_each_answer_of_one_question_tells_of_its_own_need() -> None:
    tree = answer("93031-3", "LA30124-4")
    tree["valueCodeableConcept"]["coding"].append({"system": LOINC_ORG, "code": "LA30125-1"})
    found = chart_need(tree)
    assert found is not None
    assert set(found.categories) == {"food-insecurity", "utility-insecurity"}


def test_an_answer_in_a_component_tells_as_well() -> None:
    part = answer("71802-3", "LA31995-6")
    tree = {
        **part,
        "code": {"text": "Screening"},
        "component": [{k: part[k] for k in ("code", "valueCodeableConcept")}],
    }
    del tree["valueCodeableConcept"]
    found = chart_need(tree)
    assert found is not None
    assert found.categories == ("homelessness",)


def test_what_was_interpreted_as_negative_is_no_need_and_as_positive_is_one() -> None:
    tree = answer("1234-5", "LA1-1", SOCIAL)
    unsure = chart_need(tree)
    assert unsure is not None
    assert not unsure.sure
    positive = chart_need({**tree, "interpretation": [concept("POS")]})
    assert positive is not None
    assert positive.sure
    assert chart_need({**tree, "interpretation": [concept("NEG")]}) is None


def test_laboratory_values_and_other_types_are_no_needs() -> None:
    weight: Any = {"resourceType": "Observation", "id": "2", "status": "final", "category": [{"coding": [SURVEY]}]}
    weight |= {"code": {"coding": [{"system": LOINC_ORG, "code": "29463-7"}]}, "valueQuantity": {"value": 80}}
    assert chart_need(weight) is None
    assert chart_need({"resourceType": "Goal", "id": "3"}) is None


codes_of_needs = st.sampled_from([code for _, codes in SNOMED for code in codes.split()])


@given(code=codes_of_needs, before=st.booleans(), status=st.sampled_from(["active", "recurrence", "relapse", ""]))
def test_a_local_code_beside_a_known_one_changes_nothing(code: str, before: bool, status: str) -> None:
    known = {"system": SNOMED_CT, "code": code, "display": "As known"}
    alone = condition(known)
    if status:
        alone["clinicalStatus"] = concept(status)
    both = deepcopy(alone)
    both["code"]["coding"].insert(0 if before else 1, LOCAL)
    first, second = chart_need(alone), chart_need(both)
    assert first is not None
    assert second is not None
    assert (first.categories, first.sure) == (second.categories, second.sure)


needs = st.builds(
    ChartNeed,
    st.from_regex(r"Condition/[a-z0-9]{1,6}", fullmatch=True),
    st.just("x"),
    st.just(""),
    st.lists(st.sampled_from(sorted(CATEGORIES)), min_size=1, max_size=2, unique=True).map(tuple),
    st.booleans(),
    st.sampled_from(["", "2024", "2024-05", "2026-03-04"]),
)


@given(st.lists(needs, max_size=12))
def test_sorting_loses_nothing_and_puts_the_sure_and_the_newest_first(found: list[ChartNeed]) -> None:
    grouped = by_category(found)
    assert sorted(map(repr, (need for _, each in grouped for need in each))) == sorted(map(repr, found))
    assert len({category for category, _ in grouped}) == len(grouped)
    for _, each in grouped:
        assert [need.sure for need in each] == sorted((need.sure for need in each), reverse=True)
        sure = [need.on for need in each if need.sure]
        assert sure == sorted(sure, reverse=True)
