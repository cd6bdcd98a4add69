"""What a profile says of elements: how many, which type, which value, which code, where references lead."""

from typing import Any

import pytest

from app.fhir.profiles.facts import R4
from tests.profiles.making import Tree, judged, places, table

OBSERVATION: Tree = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "urn:s", "code": "a"}], "text": "A"},
    "subject": {"reference": "Patient/1"},
    "valueString": "x",
}
LETTERS = """
value-set\turn:vs:letters\t1\tLetters
codes\turn:s\ta b
value-set\turn:vs:status\t1\tStatus
codes\turn:status\tfinal amended
value-set\turn:vs:unlisted\t1\tUnlisted
some\turn:s\tconcept is-a a
"""


@pytest.mark.parametrize(
    ("line", "change", "expected"),
    [
        ("element ; method ; 1..", {}, [("profile-required", "Observation.method")]),
        ("element ; performer ; 2..", {"performer": [{"display": "x"}]}, [("profile-required", "Observation.performer")]),
        ("element ; performer ; ..1", {"performer": [{"display": "x"}] * 2}, [("profile-maximum", "Observation.performer")]),
        ("element ; subject ; ..0", {}, [("profile-maximum", "Observation.subject")]),
        ("element ; code.text ; ..0", {}, [("profile-maximum", "Observation.code.text")]),
        ("element ; code.coding.display ; 1..", {}, [("profile-required", "Observation.code.coding[0].display")]),
        ("element ; value[x] ;  ; Quantity CodeableConcept", {}, [("profile-type", "Observation.value")]),
        ("element ; value[x] ; ..0", {}, [("profile-maximum", "Observation.value")]),
        ('element ; status ;  ;  ; fixed "amended"', {}, [("profile-fixed", "Observation.status")]),
        ('element ; code ;  ;  ; pattern {"coding":[{"code":"b"}]}', {}, [("profile-pattern", "Observation.code")]),
        ("element ; subject ;  ; Reference(Group)", {}, [("profile-target", "Observation.subject")]),
        ("element ; subject ;  ; Reference(Group)", {"subject": {"type": "Patient"}}, [("profile-target", "Observation.subject")]),
        ("element ; status ;  ;  ;  ; required urn:vs:letters", {}, [("profile-code", "Observation.status")]),
        ("element ; code ;  ;  ;  ; required urn:vs:letters", {"code": {"text": "only words"}}, [("profile-code", "Observation.code")]),
        ("element ; code ;  ;  ;  ; required urn:vs:status", {}, [("profile-code", "Observation.code")]),
        ("rule ; . ; mine-1 ; error ; method.exists() ; A method is there.", {}, [("mine-1", "Observation")]),
        ("rule ; code ; mine-2 ; error ; coding.count() > 1 ; Two codes.", {}, [("mine-2", "Observation.code")]),
    ],
)  # fmt: skip
def test_what_a_line_demands_is_missed_at_its_place(line: str, change: Tree, expected: list[tuple[str, str]]) -> None:
    issues = judged({**OBSERVATION, **change}, table("Observation", line), terminology=LETTERS)
    assert places(issues) == expected
    assert {issue.severity for issue in issues} == {"error"}


@pytest.mark.parametrize(
    "line",
    [
        "element ; code ; 1..",
        "element ; subject ; ..1",
        "element ; value[x] ;  ; string",
        'element ; status ;  ;  ; fixed "final"',
        'element ; code ;  ;  ; pattern {"coding":[{"system":"urn:s","code":"a"}]}',
        "element ; subject ;  ; Reference(Group|Patient)",
        "element ; status ;  ;  ;  ; required urn:vs:status",
        "element ; code ;  ;  ;  ; required urn:vs:letters",
        "element ; code ;  ;  ;  ; required urn:vs:unlisted",
        "element ; code ;  ;  ;  ; required urn:vs:nobody-knows",
        "element ; method.text ; 1..",
        "rule ; . ; mine-1 ; error ; code.exists() ; A code is there.",
    ],
)
def test_what_fits_or_cannot_be_told_is_let_through(line: str) -> None:
    assert judged(OBSERVATION, table("Observation", line), terminology=LETTERS) == []


def test_what_is_only_suggested_is_a_warning() -> None:
    line = "element ; code ;  ;  ;  ; extensible urn:vs:status"
    (issue,) = judged(OBSERVATION, table("Observation", line), terminology=LETTERS)
    assert (issue.severity, issue.rule, issue.at) == ("warning", "profile-code-extensible", "Observation.code")
    words = {**OBSERVATION, "code": {"text": "only words"}}
    assert judged(words, table("Observation", line), terminology=LETTERS) == []


def test_a_reason_for_absence_is_no_wrong_code_but_where_one_is_demanded() -> None:
    """US Core 7.0.0, Missing Data: a required value set holds the code for what is unknown, or there is none."""
    absent = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    tree = {**OBSERVATION, "code": {"extension": [absent]}}
    for strength, found in (("extensible", []), ("required", [("profile-code", "Observation.code")])):
        line = f"element ; code ;  ;  ;  ; {strength} urn:vs:letters"
        assert places(judged(tree, table("Observation", line), terminology=LETTERS)) == found


def test_what_stands_beside_a_primitive_is_looked_at() -> None:
    tree = {**OBSERVATION, "_valueString": {"extension": [{"url": "urn:e", "valueString": "x"}]}}
    line = 'element ; value[x].extension.value[x] ;  ;  ; fixed "y"'
    assert places(judged(tree, table("Observation", line))) == [
        ("profile-fixed", "Observation.value.extension[0].value")
    ]


def test_a_binding_by_category_holds_where_the_category_does() -> None:
    line = "also ; code ; extensible ; urn:vs:status ; category ; urn:c ; food"
    food = {"category": [{"coding": [{"system": "urn:c", "code": "food"}]}]}
    assert judged(OBSERVATION, table("Observation", line), terminology=LETTERS) == []
    (issue,) = judged({**OBSERVATION, **food}, table("Observation", line), terminology=LETTERS)
    assert (issue.severity, issue.at) == ("warning", "Observation.code")
    two = "also ; code ; extensible ; urn:vs:letters ; category ; urn:c ; rides"
    both = {"category": [*food["category"], {"coding": [{"system": "urn:c", "code": "rides"}]}]}
    assert judged({**OBSERVATION, **both}, table("Observation", line, two), terminology=LETTERS) == []


def test_a_further_binding_without_a_condition_holds_always() -> None:
    line = "also ; code ; extensible ; urn:vs:status"
    (issue,) = judged(OBSERVATION, table("Observation", line), terminology=LETTERS)
    assert (issue.severity, issue.at) == ("warning", "Observation.code")
    both = (
        "also ; code ; required ; urn:vs:letters",
        "also ; code ; extensible ; urn:vs:letters ; category ; urn:c ; x",
    )
    assert judged(OBSERVATION, table("Observation", *both), terminology=LETTERS) == []


def test_a_binding_by_category_of_a_slice_is_one_of_the_values_of_that_slice() -> None:
    lines = (
        "slices ; value[x] ; open ; type $this",
        "element ; value[x]:valueCodeableConcept ; 0..1 ; CodeableConcept",
        "also ; value[x]:valueCodeableConcept ; extensible ; urn:vs:letters ; category ; urn:c ; food",
    )
    other = {"coding": [{"system": "urn:s", "code": "z"}]}
    tree = {**OBSERVATION, "category": [{"coding": [{"system": "urn:c", "code": "food"}]}]}
    for value, expected in (
        ({"valueCodeableConcept": other}, [("profile-code-extensible", "Observation.value")]),
        ({"valueQuantity": {"value": 1, "system": "urn:s", "code": "z"}}, []),
        ({}, []),
    ):
        assert places(judged({**tree, **value}, table("Observation", *lines), terminology=LETTERS)) == expected
    assert judged({**OBSERVATION, "valueCodeableConcept": other}, table("Observation", *lines)) == []


def test_what_a_reference_leads_to_must_fit_where_it_can_be_had() -> None:
    demanded = table("Patient", "element ; gender ; 1..", name="patient")
    profile = table("Observation", "element ; subject ;  ; Reference(urn:test:patient)")
    here: Tree = {"resourceType": "Patient", "id": "1"}
    told = judged(OBSERVATION, profile, demanded, resources={"Patient/1": here})
    assert places(told) == [("profile-target-unfit", "Observation.subject")]
    assert judged(OBSERVATION, profile, demanded, resources={"Patient/1": {**here, "gender": "female"}}) == []
    assert judged(OBSERVATION, profile, demanded) == []
    assert judged(OBSERVATION, profile, demanded, resources={"Patient/1": here}, follows=False) == []
    contained = {**OBSERVATION, "subject": {"reference": "#p"}, "contained": [{**here, "id": "p"}]}
    assert places(judged(contained, profile, demanded)) == [("profile-target-unfit", "Observation.subject")]


def test_what_a_reference_leads_to_counts_more_than_the_type_that_it_names() -> None:
    profile = table("Observation", f"element ; subject ;  ; Reference({R4}Patient)")
    for kind, expected in (("Organization", [("profile-target", "Observation.subject")]), ("Patient", [])):
        for more in ({}, {"type": "Patient"}, {"type": "Organization"}):
            inside = {"subject": {"reference": "#c", **more}, "contained": [{"resourceType": kind, "id": "c"}]}
            assert places(judged({**OBSERVATION, **inside}, profile)) == expected
            beside: Tree = {"resourceType": kind, "id": "c"}
            there = {**OBSERVATION, "subject": {"reference": "urn:uuid:c", **more}}
            assert places(judged(there, profile, resources={"urn:uuid:c": beside})) == expected


def test_what_is_said_of_an_item_holds_in_groups_too() -> None:
    """R4: a contentReference brings all along that is said of the element."""
    lines = (
        "element ; item.prefix ; 1..",
        "rule ; item ; i-1 ; error ; text.exists() or item.exists() ; A text.",
        "rule ; item.answerOption ; i-2 ; error ; value is string ; A string.",
    )
    profile = table("Questionnaire", *lines)

    def item(*below: Tree, **more: Any) -> Tree:
        return {"linkId": "1", "type": "group", "prefix": "1", **more, **({"item": list(below)} if below else {})}

    def told(*top: Tree) -> list[tuple[str, str]]:
        return places(judged({"resourceType": "Questionnaire", "status": "draft", "item": list(top)}, profile))

    fine = item(text="x")
    assert told(item(item(item(fine)), fine)) == []
    assert told(item(item(fine, item()))) == [("i-1", "Questionnaire.item[0].item[0].item[1]")]
    option = item(text="x", answerOption=[{"valueInteger": 1}])
    assert told(item(option)) == [("i-2", "Questionnaire.item[0].item[0].answerOption[0]")]
    bare = {name: value for name, value in fine.items() if name != "prefix"}
    assert told(fine, item(item(bare))) == [("profile-required", "Questionnaire.item[1].item[0].item[0].prefix")]
    deep = item()
    for _ in range(20):
        deep = item(deep)
    assert told(deep) == [("i-1", "Questionnaire.item[0]" + ".item[0]" * 20)]


def test_an_extension_that_is_known_must_fit_wherever_it_stands() -> None:
    extension = table("Extension", "element ; value[x] ; 1.. ; boolean", name="flag")
    profile = table("Observation")
    wrong = {"url": "urn:test:flag", "valueString": "x"}
    tree = {**OBSERVATION, "code": {**OBSERVATION["code"], "extension": [wrong]}, "_status": {"extension": [wrong]}}
    assert places(judged(tree, profile, extension)) == [
        ("profile-type", "Observation.code.extension[0].value"),
        ("profile-type", "Observation.status.extension[0].value"),
    ]


@pytest.mark.parametrize("wrong", [{"code": 5}, {"code": {"coding": "x"}}, {"code": {"coding": [None, 3]}}, {"subject": []}, {"valueString": {}}])  # fmt: skip
def test_a_tree_of_the_wrong_shape_stumbles_nobody(wrong: Tree) -> None:
    """The structure's checks tell what is wrong with it."""
    lines = (
        'element ; code ; 1.. ;  ; pattern {"coding":[{"code":"b"}]} ; required urn:vs:letters',
        "element ; code.coding.display ; 1..",
        "element ; subject ; 1.. ; Reference(Group)",
        "slices ; code.coding ; closed ; value code",
        "element ; code.coding:a ; 1..1",
        'element ; code.coding:a.code ;  ;  ; fixed "a"',
        "rule ; . ; mine-1 ; error ; code.coding.first().code = 'a' ; x",
    )
    judged({**OBSERVATION, **wrong}, table("Observation", *lines), terminology=LETTERS)


def test_advice_crowds_no_error_out() -> None:
    soft, hard = "rule ; note ; a-1 ; warning ; false ; Advice.", "element ; priority ; 1.."
    tree = {"resourceType": "Task", "note": [{"text": "x"}] * 300}
    assert ("profile-required", "Task.priority") in places(judged(tree, table("Task", soft, hard)))


def test_a_rule_about_a_part_finds_the_value_of_a_choice() -> None:
    tree = {"resourceType": "Task", "output": [{"type": {"text": "x"}, "valueString": "y"}]}
    exists = "rule ; output ; o-1 ; error ; value.exists() and value is string ; A string."
    assert judged(tree, table("Task", exists)) == []


def test_an_extension_in_an_extension_is_judged() -> None:
    known = table("Extension", "element ; value[x] ; 1.. ; string", name="inner")
    inner = {"url": "urn:test:inner", "valueInteger": 1}
    tree = {"resourceType": "Task", "extension": [{"url": "urn:outer", "extension": [inner]}]}
    at = "Task.extension[0].extension[0].value"
    assert places(judged(tree, table("Task"), known)) == [("profile-type", at)]


@pytest.mark.parametrize("expression", ["extension.exists()", "hasValue()", "length() < 3", "$this = 'ab'"])
def test_a_rule_about_a_primitive_sees_what_stands_beside_it(expression: str) -> None:
    beside = {"extension": [{"url": "urn:u", "valueCode": "x"}]}
    tree = {"resourceType": "Task", "description": "ab", "_description": beside}
    assert judged(tree, table("Task", f"rule ; description ; d-1 ; error ; {expression} ; It holds.")) == []


def test_a_rule_about_a_primitive_without_a_value() -> None:
    tree = {"resourceType": "Task", "_description": {"extension": [{"url": "urn:u", "valueCode": "x"}]}}
    assert judged(tree, table("Task", "rule ; description ; d-1 ; error ; extension.exists() ; It holds.")) == []
    rule = table("Task", "rule ; description ; d-1 ; error ; hasValue() ; It has one.")
    assert places(judged(tree, rule)) == [("d-1", "Task.description")]
