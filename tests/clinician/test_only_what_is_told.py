"""What a referral shares of the chart is what the page tells, and what was told is what was agreed to."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.fhir.json import JsonObject
from app.services.clinician.copies import as_copy, same
from app.services.clinician.reduced import KEPT, at_work, fingerprint, judged, reduced
from tests.clinician.charts import answer, condition, consent
from tests.clinician.ward import Ward
from tests.launch.ehr import person

CANARY = "Partner is violent CANARY"
BASE = "https://ehr.example/fhir"
UNTOLD: dict[str, Any] = {
    "note": [{"text": CANARY}],
    "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{CANARY}</div>'},
    "extension": [{"url": "urn:x", "valueString": CANARY}],
    "contained": [{"resourceType": "Basic", "id": "b", "code": {"text": CANARY}}],
}
OF_CONDITION = {
    **UNTOLD,
    "evidence": [{"code": [{"text": CANARY}], "detail": [{"reference": "Observation/other", "display": CANARY}]}],
    "onsetString": CANARY,
    "stage": [{"summary": {"text": CANARY}}],
    "_recordedDate": {"extension": [{"url": "urn:x", "valueString": CANARY}]},
}
OF_ANSWER = {
    **UNTOLD,
    "performer": [{"display": CANARY}],
    "valueString": CANARY,
    "component": [
        {
            "code": {"text": "How often?"},
            "valueString": "Every week",
            "interpretation": [{"text": CANARY}],
            "extension": [{"url": "urn:x", "valueString": CANARY}],
        }
    ],
}
DOCTOR = {
    "resourceType": "Practitioner",
    "id": "d1",
    "name": [{"family": "Novak", "extension": [{"url": "urn:x", "valueString": CANARY}]}],
    "identifier": [
        {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"},
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": CANARY},
    ],
    "telecom": [
        {"system": "phone", "value": "111", "use": "work"},
        {"system": "phone", "value": CANARY, "use": "home"},
        {"system": "url", "value": f"https://x.example/{CANARY}"},
    ],
    "address": [{"use": "home", "line": [CANARY]}],
    "birthDate": "1980-01-01",
    "photo": [{"title": CANARY}],
    "qualification": [{"code": {"text": CANARY}}],
}


async def test_what_the_page_does_not_tell_of_a_record_stays_in_the_chart(ward: Ward) -> None:
    ward.ehr.chart |= {
        "Condition/food": condition(**OF_CONDITION),
        "Observation/hunger": answer(**OF_ANSWER),
        "Practitioner/d1": DOCTOR,
    }
    here = await ward.launched()
    page = await here.chooses(ward.town.pantry)
    assert "CANARY" not in page.text
    assert "Food insecurity (March 4, 2026)" in here.text()
    assert "Food insecurity risk: At risk; How often?: Every week (March 1, 2026)" in here.text()
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    await ward.town.world.settled()
    for type_name in ("Condition", "Observation", "Practitioner"):
        (kept,) = await ward.town.cbo.search(type_name)
        assert "CANARY" not in str(kept)
        assert kept["meta"]["tag"][0]["code"] == "SUBSETTED"
    (doctor,) = await ward.town.cbo.search("Practitioner")
    assert doctor["telecom"] == [{"system": "phone", "value": "111", "use": "work"}]
    assert [each["value"] for each in doctor["identifier"]] == ["1234567893"]
    assert not {"birthDate", "address", "photo", "qualification"} & doctor.keys()
    rows = await ward.town.world.rows("SELECT body FROM version")
    assert any(b"Novak" in row["body"] for row in rows)
    assert not any(b"CANARY" in row["body"] for row in rows)


KIND = "http://terminology.hl7.org/CodeSystem/v2-0203"
OF_THE_STATE: list[dict[str, Any]] = [
    {"system": "http://hl7.org/fhir/sid/us-ssn", "value": CANARY},
    {"system": "urn:oid:2.16.840.1.113883.4.3.36", "value": CANARY},
    *({"type": {"coding": [{"system": KIND, "code": code}]}, "value": CANARY} for code in ("SS", "DL", "PPN", "PRC")),
]


async def test_the_numbers_by_which_the_state_knows_the_person_stay_in_the_chart(ward: Ward) -> None:
    """G22: neither social security numbers nor what tells of residence."""
    record = {"type": {"coding": [{"system": KIND, "code": "MR"}]}, "system": "urn:mrn", "value": "MRN-p1"}
    ward.ehr.chart["Patient/p1"] = person("p1") | {"identifier": [*OF_THE_STATE, record]}
    here = await ward.launched()
    page = await here.chooses(ward.town.pantry)
    assert "record numbers" in here.text()
    assert "CANARY" not in page.text
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    await ward.town.world.settled()
    (kept,) = await ward.town.cbo.search("Patient")
    assert (kept["identifier"], kept["meta"]["tag"][0]["code"]) == ([record], "SUBSETTED")
    rows = await ward.town.world.rows("SELECT body FROM version")
    assert not any(b"CANARY" in row["body"] for row in rows)


async def test_where_a_chart_holds_such_numbers_alone_no_number_is_told_or_shared(ward: Ward) -> None:
    ward.ehr.chart["Patient/p1"] = person("p1") | {"identifier": OF_THE_STATE}
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    assert "record numbers" not in here.text()
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    await ward.town.world.settled()
    (kept,) = await ward.town.cbo.search("Patient")
    assert "identifier" not in kept


async def test_a_note_that_is_changed_meanwhile_changes_nothing_that_is_shared(ward: Ward) -> None:
    ward.ehr.chart["Condition/food"] = condition(note=[{"text": "Came with her sister"}])
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    ward.ehr.chart["Condition/food"] = condition(note=[{"text": CANARY}])
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    await ward.town.world.settled()
    (kept,) = await ward.town.cbo.search("Condition")
    assert "note" not in kept


@pytest.mark.parametrize(
    "changed",
    [
        {"Condition/food": condition(clinicalStatus={"coding": [{"code": "recurrence"}]})},
        {"Condition/food": condition(onsetDateTime="2020-01-01")},
        {"Observation/hunger": answer(valueCodeableConcept={"coding": [{"code": "LA2", "display": "At risk"}]})},
        {"Consent/new": consent("Organization/1", "new")},
        {
            "Patient/p1": {
                "resourceType": "Patient",
                "id": "p1",
                "name": [{"family": "Ruiz", "given": ["Marisol"]}],
                "birthDate": "1970-02-03",
                "gender": "female",
                "identifier": [{"system": "urn:mrn", "value": "MRN-other"}],
            }
        },
    ],
    ids=["status", "date", "answer", "consent", "person"],
)
async def test_whatever_is_shared_and_was_not_so_when_it_was_told_is_told_again(
    ward: Ward, changed: dict[str, JsonObject]
) -> None:
    social = {"system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "code": "sdoh"}
    ward.ehr.chart["Observation/hunger"] = answer(category=[{"coding": [social]}])
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    ward.ehr.chart |= changed
    page = await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert page.status_code == 409
    assert "The chart has changed" in here.text()
    assert await ward.referrals() == []
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert len(await ward.referrals()) == 1


async def test_what_the_server_stamps_on_a_version_is_no_change(ward: Ward) -> None:
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    tree = condition(meta={"versionId": "2", "lastUpdated": "2026-11-22T10:00:00Z"})
    ward.ehr.chart["Condition/food"] = dict(reversed(tree.items()))
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert len(await ward.referrals()) == 1


async def test_a_record_whose_meaning_is_changed_by_what_nobody_knows_cannot_be_sent(ward: Ward) -> None:
    not_so = [{"url": "urn:not", "valueBoolean": True}]
    ward.ehr.chart = {"Condition/food": condition(modifierExtension=not_so)}
    here = await ward.launched()
    await here.asks()
    assert "Cannot be sent" in here.text()
    await here.press("Next: see what is shared", to=str(ward.town.pantry), record1="Condition/food")
    page = await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert page.status_code == 422
    assert "not fit to be shared" in here.text()
    assert await ward.referrals() == []


shapes = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["code", "coding", "type", "system", "text", "extension", "modifierExtension", "_text", "use", "value"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
NAMES = sorted({name for kept in KEPT.values() for name in kept} | {"note", "meta", "extension", "_code"})


@example("Practitioner", {"telecom": [{"system": []}, {"system": "phone", "value": "1", "use": {}}]})
@given(st.sampled_from(sorted(KEPT)), st.dictionaries(st.sampled_from(NAMES), shapes, max_size=6))
def test_whatever_shape_a_record_has_only_what_the_table_names_is_kept_and_a_copy_of_a_copy_is_the_same(
    kind: str, parts: dict[str, Any]
) -> None:
    tree = {"resourceType": kind, "id": "1", **parts}
    once = as_copy(tree, BASE)
    assert as_copy(once, BASE) == once
    assert same(once, as_copy(once, BASE))
    known = KEPT[kind] | {"resourceType", "id", "meta", "modifierExtension", "implicitRules"}
    assert once.keys() <= known
    assert "extension" not in _names(once)
    assert "modifierExtension" not in _names(once) or "copy-modified" in {issue.rule for issue in judged(once)[0]}


@given(shapes)
def test_a_number_of_any_shape_is_read_and_a_copy_of_a_copy_is_the_same(number: Any) -> None:
    tree = {"resourceType": "Patient", "id": "1", "identifier": [number, *OF_THE_STATE]}
    once = as_copy(tree, BASE)
    assert as_copy(once, BASE) == once
    assert "CANARY" not in str(once)


def test_a_type_that_is_not_in_the_table_is_copied_whole() -> None:
    tree = consent("Organization/1", extension=[{"url": "urn:x", "valueString": "y"}])
    assert reduced(tree) is tree


def test_a_fingerprint_does_not_depend_on_the_order_of_names() -> None:
    assert fingerprint({"a": [{"b": 1, "c": 2}]}) == fingerprint({"a": [{"c": 2, "b": 1}]})
    assert fingerprint({"a": [1, 2]}) != fingerprint({"a": [2, 1]})


def test_only_telephone_and_mail_at_work_are_ways_to_reach_somebody() -> None:
    assert at_work({"telecom": DOCTOR["telecom"]}) == [{"system": "phone", "value": "111", "use": "work"}]
    assert at_work({"telecom": "111"}) == []


def _names(node: Any) -> set[str]:
    if isinstance(node, dict):
        return {*node, *(name for value in node.values() for name in _names(value))}
    return {name for each in node for name in _names(each)} if isinstance(node, list) else set()
