"""What is wrong with a resource: each kind of mistake, its place, and what would be right."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.fhir.json import Number
from app.fhir.problems import MAX_PROBLEMS
from app.fhir.structure import check
from tests.fhir.builders import DELETE, minimal

CANARY = "Zyxwvut"


def found(type_name: str, **changes: Any) -> list[tuple[str, str, str]]:
    """(issue code, rule, place) of each problem of the changed example."""
    return [(issue.code, issue.rule, issue.at) for issue in check(type_name, minimal(type_name, **changes))]


ONE_PROBLEM: list[tuple[str, str, dict[str, Any], tuple[str, str, str]]] = [
    ("A33 unknown element", "Task", {"colour": "x"}, ("structure", "unknown-element", "Task.colour")),
    ("A33 __proto__", "Task", {"__proto__": {"a": 1}}, ("structure", "unknown-element", "Task")),
    ("A33 constructor", "Task", {"constructor": "x"}, ("structure", "unknown-element", "Task.constructor")),
    ("unknown below", "Task", {"restriction": {"recipent": []}}, ("structure", "unknown-element", "Task.restriction.recipent")),
    ("_ of an object", "Task", {"_code": {"id": "a"}}, ("structure", "unknown-element", "Task._code")),
    ("A31 null", "Task", {"description": None}, ("structure", "json-null", "Task.description")),
    ("A31 empty object", "Task", {"executionPeriod": {}}, ("structure", "json-empty-value", "Task.executionPeriod")),
    ("A31 empty array", "Task", {"note": []}, ("structure", "json-empty-value", "Task.note")),
    ("A31 null in an array", "Task", {"note": [None]}, ("structure", "json-type", "Task.note[0]")),
    ("empty string", "Task", {"description": ""}, ("structure", "json-empty-value", "Task.description")),
    ("INP-04 true in quotes", "Patient", {"active": "true"}, ("structure", "json-type", "Patient.active")),
    ("INP-04 1 in quotes", "Task", {"restriction": {"repetitions": "1"}}, ("structure", "json-type", "Task.restriction.repetitions")),
    ("INP-04 1.0 as integer", "Task", {"restriction": {"repetitions": Number("1.0")}}, ("structure", "json-type", "Task.restriction.repetitions")),
    ("INP-04 true as integer", "Task", {"restriction": {"repetitions": True}}, ("structure", "json-type", "Task.restriction.repetitions")),
    ("A10 integer too large", "Task", {"restriction": {"repetitions": 2147483648}}, ("value", "integer-range", "Task.restriction.repetitions")),
    ("integer of 20 digits", "Task", {"restriction": {"repetitions": Number("1" * 20)}}, ("value", "integer-range", "Task.restriction.repetitions")),
    ("positiveInt 0", "Task", {"restriction": {"repetitions": 0}}, ("value", "integer-range", "Task.restriction.repetitions")),
    ("decimal in quotes", "Observation", {"valueCodeableConcept": DELETE, "valueQuantity": {"value": "1"}}, ("structure", "json-type", "Observation.valueQuantity.value")),
    ("huge exponent", "Observation", {"valueCodeableConcept": DELETE, "valueQuantity": {"value": Number("1e999999")}}, ("value", "decimal-range", "Observation.valueQuantity.value")),
    ("array for one", "Task", {"description": ["x"]}, ("structure", "json-type", "Task.description")),
    ("one for array", "Patient", {"name": {"text": "x"}}, ("structure", "json-type", "Patient.name")),
    ("text for object", "Task", {"code": "fulfill"}, ("structure", "json-type", "Task.code")),
    ("A34 array lengths", "Patient", {"name": [{"given": ["A", "B"], "_given": [{"id": "a"}]}]}, ("structure", "json-extension-array", "Patient.name[0]._given")),
    ("A34 _birthDate an array", "Patient", {"birthDate": "2000", "_birthDate": [{"id": "a"}]}, ("structure", "json-type", "Patient._birthDate")),
    ("null without _", "Patient", {"name": [{"given": ["A", None]}]}, ("structure", "json-null", "Patient.name[0].given[1]")),
    ("B03 id too long", "Task", {"id": "a" * 65}, ("value", "id-form", "Task.id")),
    ("B03 id with slash", "Task", {"id": "a/b"}, ("value", "id-form", "Task.id")),
    ("B03 id with newline", "Task", {"id": "abc\n"}, ("value", "id-form", "Task.id")),
    ("id of full-width digits", "Task", {"id": "１２"}, ("value", "id-form", "Task.id")),
    ("B09 required", "Task", {"status": DELETE}, ("required", "required-element", "Task.status")),
    ("required choice", "Task", {"input": [{"type": {"text": "x"}}]}, ("required", "required-element", "Task.input[0].value")),
    ("a reason is no status", "Task", {"status": DELETE, "_status": {"extension": [{"url": "u", "valueCode": "x"}]}}, ("required", "required-element", "Task.status")),
    ("required code", "Task", {"status": CANARY}, ("code-invalid", "required-code", "Task.status")),
    ("required code in a data type", "Patient", {"name": [{"use": "pet", "text": "x"}]}, ("code-invalid", "required-code", "Patient.name[0].use")),
    ("required code in Identifier", "Task", {"identifier": [{"use": "x", "value": "1"}]}, ("code-invalid", "required-code", "Task.identifier[0].use")),
    ("required concept", "Condition", {"clinicalStatus": {"coding": [{"system": "s", "code": "active"}]}}, ("code-invalid", "required-code", "Condition.clinicalStatus.coding")),
    ("required concept as text", "Condition", {"clinicalStatus": {"text": "active"}}, ("code-invalid", "required-code", "Condition.clinicalStatus")),
    ("two types of a choice", "Observation", {"valueString": "x"}, ("structure", "choice-type", "Observation.value")),
    ("a type outside the choice", "Observation", {"valueCodeableConcept": DELETE, "valueAge": {"value": 1}}, ("structure", "unknown-element", "Observation.valueAge")),
    ("B50 wrong type", "ServiceRequest", {"subject": {"reference": "Practitioner/1"}}, ("value", "reference-target", "ServiceRequest.subject.reference")),
    ("B50 by absolute URL", "ServiceRequest", {"subject": {"reference": "https://x.example/r4/Practitioner/1"}}, ("value", "reference-target", "ServiceRequest.subject.reference")),
    ("B50 by type", "ServiceRequest", {"subject": {"type": "Practitioner", "display": "x"}}, ("value", "reference-target", "ServiceRequest.subject.type")),
    ("type contradicts", "Task", {"focus": {"reference": "Task/1", "type": "Goal"}}, ("value", "reference-type", "Task.focus.type")),
    ("B52 dangling fragment", "Task", {"for_": {"reference": "#missing"}}, ("invariant", "ref-1", "Task.for.reference")),
    ("B53 javascript in a reference", "Task", {"for_": {"reference": "javascript:alert(1)"}}, ("value", "reference-form", "Task.for.reference")),
    ("B53 data in a reference", "Task", {"for_": {"reference": "data:text/html,x"}}, ("value", "reference-form", "Task.for.reference")),
    ("B53 javascript in a url", "Task", {"note": [{"text": "x", "extension": [{"url": "https://x.example", "valueUrl": "JavaScript:x"}]}]}, ("value", "uri-scheme", "Task.note[0].extension[0].valueUrl")),
    ("B53 data in an attachment", "DocumentReference", {"content": [{"attachment": {"url": "data:text/html,x"}}]}, ("value", "uri-scheme", "DocumentReference.content[0].attachment.url")),
    ("space in a uri", "Task", {"instantiatesUri": "a b"}, ("value", "uri-form", "Task.instantiatesUri")),
    ("B56 not a leap year", "Task", {"authoredOn": "2023-02-29"}, ("value", "date-form", "Task.authoredOn")),
    ("B56 24:00", "Task", {"authoredOn": "2024-01-01T24:00:00Z"}, ("value", "date-form", "Task.authoredOn")),
    ("B56 +15:00", "Task", {"authoredOn": "2024-01-01T10:00:00+15:00"}, ("value", "date-form", "Task.authoredOn")),
    ("B56 year 0000", "Patient", {"birthDate": "0000"}, ("value", "date-form", "Patient.birthDate")),
    ("B56 year 10000", "Patient", {"birthDate": "10000-01-01"}, ("value", "date-form", "Patient.birthDate")),
    ("time in a date", "Patient", {"birthDate": "2000-01-01T00:00:00Z"}, ("value", "date-form", "Patient.birthDate")),
    ("date as instant", "Task", {"meta": {"lastUpdated": "2024-01-01"}}, ("value", "date-form", "Task.meta.lastUpdated")),
    ("B61 Period", "Task", {"executionPeriod": {"start": "2024-02-01", "end": "2024-01-01"}}, ("invariant", "per-1", "Task.executionPeriod")),
    ("INP-09 bidi in an identifier", "Task", {"identifier": [{"value": "12\u202e3"}]}, ("value", "invisible-character", "Task.identifier[0].value")),
    ("INP-09 zero width in a code", "Task", {"performerType": [{"coding": [{"code": "a\u200bb"}]}]}, ("value", "invisible-character", "Task.performerType[0].coding[0].code")),
    ("INP-09 accents on accents", "Patient", {"name": [{"family": "a" + "\u0301" * 9}]}, ("value", "name-marks", "Patient.name[0].family")),
    ("INP-09 endless name", "Patient", {"name": [{"family": "a" * 251}]}, ("value", "name-length", "Patient.name[0].family")),
    ("code with spaces", "Task", {"performerType": [{"coding": [{"code": " a"}]}]}, ("value", "code-form", "Task.performerType[0].coding[0].code")),
    ("bad oid", "Task", {"input": [{"type": {"text": "x"}, "valueOid": "1.2.3"}]}, ("value", "oid-form", "Task.input[0].valueOid")),
    ("bad uuid", "Task", {"input": [{"type": {"text": "x"}, "valueUuid": "urn:uuid:1"}]}, ("value", "uuid-form", "Task.input[0].valueUuid")),
    ("bad time", "Task", {"input": [{"type": {"text": "x"}, "valueTime": "25:00:00"}]}, ("value", "date-form", "Task.input[0].valueTime")),
    ("INP-14 script", "Task", {"text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>'}}, ("invariant", "txt-1", "Task.text.div")),
    ("dom-2", "Task", {"for_": {"reference": "#p"}, "contained": [{"resourceType": "Patient", "id": "p", "contained": [{"resourceType": "Patient", "active": True}]}]}, ("invariant", "dom-2", "Task.contained[0].contained")),
    ("dom-3", "Task", {"contained": [{"resourceType": "Patient", "id": "p", "active": True}]}, ("invariant", "dom-3", "Task.contained[0]")),
    ("dom-4", "Task", {"for_": {"reference": "#p"}, "contained": [{"resourceType": "Patient", "id": "p", "meta": {"versionId": "1"}}]}, ("invariant", "dom-4", "Task.contained[0].meta")),
    ("dom-5", "Task", {"for_": {"reference": "#p"}, "contained": [{"resourceType": "Patient", "id": "p", "meta": {"security": [{"code": "R"}]}}]}, ("invariant", "dom-5", "Task.contained[0].meta.security")),
    ("contained of a wrong type", "ServiceRequest", {"subject": {"reference": "#p"}, "contained": [{"resourceType": "Practitioner", "id": "p", "active": True}]}, ("value", "reference-target", "ServiceRequest.subject.reference")),
    ("contained of no type", "Task", {"contained": [{"resourceType": "Nobody", "id": "p"}]}, ("structure", "resource-type", "Task.contained[0].resourceType")),
    ("mistake in contained", "Task", {"for_": {"reference": "#p"}, "contained": [{"resourceType": "Patient", "id": "p", "gender": "x"}]}, ("code-invalid", "required-code", "Task.contained[0].gender")),
    ("ele-1", "Task", {"executionPeriod": {"id": "a"}}, ("invariant", "ele-1", "Task.executionPeriod")),
    ("B01 another type", "Patient", {"resourceType": "Person"}, ("invalid", "resource-type", "Patient.resourceType")),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "changes", "problem"), [case[1:] for case in ONE_PROBLEM], ids=[c[0] for c in ONE_PROBLEM])
def test_a_mistake_is_found_with_its_place(type_name: str, changes: dict[str, Any], problem: tuple[str, str, str]) -> None:
    problems = [issue for issue in found(type_name, **changes) if "dom-3" not in issue or problem[1] == "dom-3"]
    assert problem in problems
    assert len(problems) == 1


ACCEPTED: list[tuple[str, str, dict[str, Any]]] = [
    ("B57 leap second", "Task", {"authoredOn": "2016-12-31T23:59:60Z"}),
    ("B58 ends of time", "Task", {"executionPeriod": {"start": "0001-01-01T00:00:00+14:00", "end": "9999-12-31T23:59:59-12:00"}}),
    ("A11 decimal", "Observation", {"valueCodeableConcept": DELETE, "valueQuantity": {"value": Number("1.10")}}),
    ("A12 long decimal", "Observation", {"valueCodeableConcept": DELETE, "valueQuantity": {"value": Number("0.1000000000000000055511151231257827")}}),
    ("primitive by its extension", "Patient", {"_birthDate": {"extension": [{"url": "https://x.example", "valueCode": "unknown"}]}}),
    ("null beside an extension", "Patient", {"name": [{"given": ["A", None], "_given": [None, {"id": "a"}, ][:1] + [{"extension": [{"url": "u", "valueCode": "x"}]}]}]}),
    ("names of many scripts", "Patient", {"name": [{"family": "Núñez", "given": ["सी\u200dता", "李"]}]}),
    ("contained and used", "Task", {"for_": {"reference": "#p"}, "contained": [{"resourceType": "Patient", "id": "p", "active": True}]}),
    ("contained that points out", "Task", {"contained": [{"resourceType": "Provenance", "id": "p", "target": [{"reference": "#"}], "recorded": "2024-01-01T00:00:00Z", "agent": [{"who": {"display": "x"}}]}]}),
    ("contained by canonical", "QuestionnaireResponse", {"questionnaire": "#q", "contained": [{"resourceType": "Questionnaire", "id": "q", "status": "active"}]}),
    ("same day, one with time", "Task", {"executionPeriod": {"start": "2024-01-01", "end": "2024-01-01T08:00:00+02:00"}}),
    ("base64 with line breaks", "DocumentReference", {"content": [{"attachment": {"contentType": "text/plain", "data": "QUJD\nREVG"}}]}),
    ("reference by urn", "Task", {"for_": {"reference": "urn:uuid:7d3c1c0e-0b5a-4f5e-9d8e-1f2a3b4c5d6e"}}),
    ("reference by identifier", "Task", {"owner": {"type": "Organization", "identifier": {"system": "s", "value": "1"}}}),
    ("nested extension", "Task", {"extension": [{"url": "u", "extension": [{"url": "a", "valueString": "x"}]}]}),
    ("primitive with an id", "Task", {"_description": {"id": "a"}, "description": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "changes"), [case[1:] for case in ACCEPTED], ids=[case[0] for case in ACCEPTED])
def test_what_is_right_is_accepted(type_name: str, changes: dict[str, Any]) -> None:
    assert found(type_name, **changes) == []


def test_every_problem_is_reported_not_only_the_first() -> None:
    problems = found("Task", status="x", intent=DELETE, colour=1, authoredOn="x", executionPeriod={"start": 1})
    assert [at for _, _, at in problems] == [
        "Task.status", "Task.authoredOn", "Task.colour", "Task.executionPeriod.start", "Task.intent",
    ]  # fmt: skip


def test_problems_are_listed_up_to_a_limit() -> None:
    assert len(found("Task", note=[{"x": 1}] * 5000)) == MAX_PROBLEMS


def test_a_message_says_what_would_be_right() -> None:
    (issue,) = check("Task", minimal("Task", priority="soon"))
    assert issue.message == "Use one of routine, urgent, asap, stat."
    (issue,) = check("Task", minimal("Task", DESCRIPTION="x"))
    assert "did you mean description?" in issue.message


HOLDING_A_CANARY: list[dict[str, Any]] = [
    {"status": CANARY},
    {"id": f"{CANARY}/"},
    {"authoredOn": CANARY},
    {"description": {CANARY: CANARY}},
    {"code": CANARY},
    {"for_": {"reference": f"{CANARY} 1"}},
    {"for_": {"reference": f"#{CANARY}"}},
    {"instantiatesUri": f"javascript:{CANARY}"},
    {"contained": [{"resourceType": CANARY}]},
    {"resourceType": CANARY},
    {f"<{CANARY}>": CANARY},
    {"text": {"status": "generated", "div": f"<div>{CANARY}</div>"}},
]


@pytest.mark.parametrize("changes", HOLDING_A_CANARY)
def test_no_problem_repeats_a_value(changes: dict[str, Any]) -> None:
    issues = check("Task", minimal("Task", **changes))
    assert issues
    assert CANARY not in repr(issues)


@pytest.mark.parametrize("tree", [{}, [], "Task", 1, None, {"resourceType": None}, {"resourceType": ["Task"]}])
def test_what_is_no_resource_at_all_is_refused(tree: Any) -> None:
    assert check("Task", tree) != []


def test_b63_base64_that_is_none_is_refused_at_once() -> None:
    hostile = "A" * 130 + "!"
    start = time.perf_counter()
    problems = found("DocumentReference", content=[{"attachment": {"contentType": "text/plain", "data": hostile}}])
    assert time.perf_counter() - start < 0.1
    assert problems == [("value", "base64-form", "DocumentReference.content[0].attachment.data")]
