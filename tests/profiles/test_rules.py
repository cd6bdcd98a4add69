"""The invariants in Python: equal to their FHIRPath where they translate it, and stronger where the guide says more.

The oracle is the FHIRPath engine with the official expressions; the objects are drawn by hypothesis. Left out is what
the engine does not do: it counts two extensions of one url once, and asks memberOf of one coding only.
"""

import os
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.fhir.fhirpath import Subject, Work
from app.fhir.fhirpath import test_of as fhirpath
from app.fhir.profiles import rules
from app.fhir.profiles.context import Context, Inside
from app.fhir.profiles.facts import Rule
from app.fhir.profiles.guides import conformance
from app.fhir.profiles.library import Profiles
from app.fhir.profiles.rules import STATED, TRANSLATED
from app.fhir.profiles.values import Item
from tests.profiles.making import Told

EXAMPLES = 300 if os.environ.get("SOAK") else 30
CONFORMANCE = conformance()
TOLD = Told({f"{kind}/1": {"resourceType": kind} for kind in ("DocumentReference", "Patient", "Practitioner", "Device", "Organization")}, CONFORMANCE.value_sets)  # fmt: skip
CODES = [
    (rules.SDC, "complete-questionnaire"), (rules.SDC, "questionnaire"), (rules.SDC, "questionnaire-response"),
    *((rules.TEMPORARY, code) for code in (
        "questionnaire-pdf", "questionnaire-url", "questionnaire-category", "questionnaire-pdf-completed", "make-contact",
        "general-information", "general-information-response", "review-material", "contact-entity", "chosen-contact")),
    (rules.LOINC, "72826-1"), (rules.LOINC, "69490-1"), (rules.US_CORE_CATEGORY, "sdoh"),
    (rules.CONDITION_CATEGORY, "encounter-diagnosis"), (rules.CONDITION_CATEGORY, "problem-list-item"),
    (rules.US_CORE_CONDITION_CATEGORY, "health-concern"), ("urn:other", "sdoh"),
]  # fmt: skip
ONE = st.sampled_from(CODES).map(lambda pair: {"coding": [{"system": pair[0], "code": pair[1]}]})
CONCEPT = st.lists(st.sampled_from(CODES), min_size=1, max_size=2).map(
    lambda pairs: {"coding": [{"system": system, "code": code} for system, code in pairs]}
)
PARTS = st.lists(st.fixed_dictionaries({"type": CONCEPT}), min_size=1, max_size=3)
ABSENT = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
ALTERNATE = {
    "url": "http://hl7.org/fhir/StructureDefinition/alternate-reference",
    "valueReference": {"reference": "Patient/1"},
}
ASSERTER = {"url": "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-ExtensionConditionAsserter", "valueReference": {"reference": "Device/1"}}  # fmt: skip
COMPUTED = {"url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-answerExpression", "valueExpression": {"language": "text/fhirpath"}}  # fmt: skip
ANYTHING = {
    "Task": st.fixed_dictionaries({"code": CONCEPT}, optional={
        "input": PARTS, "output": PARTS, "description": st.just("x"),
        "focus": st.sampled_from([{"reference": "DocumentReference/1"}, {"reference": "Patient/1"}]), "intent": st.sampled_from(["order", "plan"])}),
    "Observation": st.fixed_dictionaries({"status": st.sampled_from(["final", "preliminary", "unknown"])}, optional={
        "category": st.lists(CONCEPT, min_size=1, max_size=3), "component": st.lists(st.fixed_dictionaries({"code": CONCEPT}), min_size=1, max_size=2),
        "dataAbsentReason": CONCEPT, "valueString": st.just("x"), "hasMember": st.just([{"reference": "Observation/2"}]),
        "focus": st.just([{"reference": "Patient/1"}]), "subject": st.just({"reference": "Patient/1"}),
        "performer": st.just([{"reference": "Practitioner/1"}]), "derivedFrom": st.just([{"reference": "Observation/2"}]),
        "effectiveDateTime": st.just("2026-01-01"), "issued": st.just("2026-01-01T00:00:00Z")}),
    "Condition": st.fixed_dictionaries({"category": st.lists(ONE, min_size=1, max_size=3)}, optional={
        "asserter": st.just({"reference": "Patient/1"}), "extension": st.lists(st.sampled_from([ASSERTER, ABSENT]), min_size=1, max_size=2, unique_by=lambda each: each["url"])}),
    "Procedure": st.fixed_dictionaries({"status": st.sampled_from(["completed", "in-progress", "not-done"])}, optional={"performedDateTime": st.just("2026")}),
    "HumanName": st.fixed_dictionaries({}, optional={"family": st.just("A"), "given": st.just(["B"]), "extension": st.just([ABSENT])}),
    "Reference": st.fixed_dictionaries({}, optional={"reference": st.just("Patient/1"), "extension": st.just([ALTERNATE])}),
    "Identifier": st.fixed_dictionaries({}, optional={"system": st.just("urn:s"), "value": st.sampled_from(["1234567893", "1234567894", "12345678930", "00D0000000", "12345", "", "123456789"]) | st.text("05D", min_size=9, max_size=11)}),
    "Observation.referenceRange": st.fixed_dictionaries({}, optional={"text": st.just("x"), **dict.fromkeys(("low", "high"), st.sampled_from([{"value": 1}, {"system": "http://unitsofmeasure.org"}, {"system": "urn:s"}]))}),
    "Attachment": st.fixed_dictionaries({}, optional={"url": st.just("urn:x"), "data": st.just("AAAA"), "title": st.just("x")}),
    "Questionnaire.item": st.fixed_dictionaries({"linkId": st.just("1")}, optional={"answerOption": st.just([{"valueString": "x"}]), "answerValueSet": st.just("urn:x"), "extension": st.just([COMPUTED])}),
    "Provenance.agent": st.fixed_dictionaries({"who": st.sampled_from([{"reference": each} for each in ("Practitioner/1", "Device/1", "Organization/1")])}, optional={"onBehalfOf": st.just({"reference": "Organization/1"})}),
    "dateTime": st.sampled_from(["2026", "2026-01", "2026-01-01", "2026-01-01T10:00:00Z"]),
}  # fmt: skip
# expression -> what it is a rule of
OF = {rule.expression: (facts.type if not rule.path else rule.path) for facts in CONFORMANCE.profiles.facts.values() for rule in facts.rules}  # fmt: skip
BELOW = {"name": "HumanName", "subject": "Reference", "component": "Observation", "effective[x]": "dateTime",
    **dict.fromkeys(("identifier:NPI", "identifier:CLIA", "identifier:NAIC"), "Identifier"),
    "agent": "Provenance.agent", "referenceRange": "Observation.referenceRange", "content.attachment": "Attachment", "item": "Questionnaire.item"}  # fmt: skip


def holds(test: Any, kind: str, value: Any) -> bool | None:
    tree = value if isinstance(value, dict) else {}
    context = Context(Inside(tree), tree, TOLD, Profiles({}, CONFORMANCE.value_sets))
    answer: bool | None = test(Item(value, None, kind, ""), context)
    return answer


def by_fhirpath(expression: str, kind: str, value: Any) -> bool | None:
    resource = value if isinstance(value, dict) else {}
    return fhirpath(expression)(
        Subject(value, kind), resource, resource, lambda each: TOLD.resolve(each["reference"]), TOLD.contains, Work()
    )


@pytest.mark.long
@pytest.mark.parametrize("expression", sorted(TRANSLATED))
def test_a_translation_is_its_fhirpath(expression: str) -> None:
    assert expression in OF, "no shipped profile has this rule"
    kind = BELOW.get(OF[expression], OF[expression])

    @settings(max_examples=EXAMPLES)
    @given(ANYTHING[kind])
    def agrees(value: Any) -> None:
        assert holds(TRANSLATED[expression], kind, value) == by_fhirpath(expression, kind, value)

    agrees()


@pytest.mark.long
@pytest.mark.parametrize(("key", "human"), sorted(STATED))
def test_what_a_rule_states_is_never_less_than_what_its_fhirpath_tests(key: str, human: str) -> None:
    (rule,) = {each for facts in CONFORMANCE.profiles.facts.values() for each in facts.rules if each.key == key}
    assert rule.human == human

    @settings(max_examples=EXAMPLES)
    @given(ANYTHING["Task"])
    def is_at_least(value: Any) -> None:
        if by_fhirpath(rule.expression, "Task", value) is False and key not in WRONG_SYSTEM:
            assert holds(STATED[key, human], "Task", value) is False

    is_at_least()


# its FHIRPath looks for codes in a system that does not have them, so that it never fires
WRONG_SYSTEM = ("SDOH-Task-6",)
SDC, OURS = rules.SDC, rules.TEMPORARY


def task(
    code: tuple[str, str], inputs: Sequence[tuple[str, str]] = (), outputs: Sequence[tuple[str, str]] = (), **more: Any
) -> Any:
    def concept(pair: tuple[str, str]) -> Any:
        return {"coding": [{"system": pair[0], "code": pair[1]}]}

    tree = {"resourceType": "Task", "code": concept(code), **more}
    for name, pairs in (("input", inputs), ("output", outputs)):
        if pairs:
            tree[name] = [{"type": concept(pair)} for pair in pairs]
    return tree


FORM = (SDC, "complete-questionnaire")
CATEGORY = (OURS, "questionnaire-category")
ALL_THREE = [(SDC, "questionnaire"), (OURS, "questionnaire-pdf"), (OURS, "questionnaire-url")]


@pytest.mark.parametrize(
    ("key", "tree"),
    [
        pytest.param("SDOH-Task-1", task(FORM, [*ALL_THREE, CATEGORY]), id="three forms at once"),
        pytest.param("SDOH-Task-2", task((OURS, "general-information"), [], [(OURS, "chosen-contact")], description="x"), id="another answer"),
        pytest.param("SDOH-Task-3", task((OURS, "review-material")), id="no material"),
        pytest.param("SDOH-Task-6", task(FORM, [(OURS, "questionnaire-pdf"), CATEGORY], [(SDC, "questionnaire-response")]), id="a form for a paper"),
        pytest.param("SDOH-Task-7", task((OURS, "make-contact"), [], [(OURS, "general-information-response")], description="x"), id="no contact"),
    ],
)  # fmt: skip
def test_what_the_guide_states_and_its_fhirpath_misses_is_found(key: str, tree: Any) -> None:
    """*Source*: sheet 3.3: these were tested; the published expressions let them pass."""
    (rule,) = {each for facts in CONFORMANCE.profiles.facts.values() for each in facts.rules if each.key == key}
    assert by_fhirpath(rule.expression, "Task", tree) is not False
    assert holds(STATED[key, rule.human], "Task", tree) is False


def answered(*link_ids: str) -> list[Any]:
    return [{"linkId": link_id, "answer": [{"valueString": "x"}]} for link_id in link_ids]


@pytest.mark.parametrize(
    ("items", "fits"),
    [
        (answered("1", "2"), True),
        (answered("1", "1"), False),
        ([{"linkId": "g", "item": answered("1")}, {"linkId": "g", "item": answered("1")}], True),
        ([{"linkId": "g", "item": answered("1", "1")}], False),
        ([{"linkId": "q", "answer": [{"valueString": "x", "item": answered("1", "1")}]}], False),
    ],
)
def test_a_question_is_answered_by_one_item(items: list[Any], fits: bool) -> None:
    """sdcqr-2 is marked as a best practice, and its severity is error: so it is a warning."""
    facts = CONFORMANCE.profiles.facts["http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaireresponse"]
    tree = {"resourceType": "QuestionnaireResponse", "item": items}
    issues = CONFORMANCE.profiles.check("QuestionnaireResponse", tree, [facts.url], TOLD)
    assert [each.severity for each in issues if each.rule == "sdcqr-2"] == ([] if fits else ["warning"])


def test_a_rule_that_nobody_has_written_is_evaluated() -> None:
    rule = Rule("", "mine-1", "error", "input.count() <= 1 and code.coding.memberOf('urn:nobody').exists()", "x")
    assert not rules.is_written(rule)
    assert by_fhirpath(rule.expression, "Task", task(FORM)) is None, "the value set is not known"
