"""What a reference points to, where references stand, and how urn:uuid ones become real."""

from __future__ import annotations

import pytest

from app.fhir.errors import Value
from app.fhir.references import (
    Absolute,
    Conditional,
    Fragment,
    Local,
    Remote,
    Target,
    Urn,
    each_reference,
    parse_reference,
)

BASE = "https://network.example/fhir"
UUID = "urn:uuid:7d3c1c0e-0b5a-4f5e-9d8e-1f2a3b4c5d6e"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Patient/1", Local("Patient", "1")),
        ("Task/a.b-C/_history/2", Local("Task", "a.b-C", "2")),
        (f"{BASE}/Patient/1", Local("Patient", "1")),
        (f"{BASE}/Patient/1/_history/3", Local("Patient", "1", "3")),
        ("https://ehr.example/r4/Patient/1", Remote("https://ehr.example/r4", "Patient", "1")),
        ("https://ehr.example/r4/Patient/1/_history/3", Remote("https://ehr.example/r4", "Patient", "1", "3")),
        (f"{BASE}/deeper/Patient/1", Remote(f"{BASE}/deeper", "Patient", "1")),
        ("https://ehr.example/r4/Patient?identifier=1", Absolute("https://ehr.example/r4/Patient?identifier=1")),
        ("https://ehr.example", Absolute("https://ehr.example")),
        ("https://ehr.example/r4/Nothing/1", Absolute("https://ehr.example/r4/Nothing/1")),
        (UUID, Urn(UUID)),
        ("urn:oid:1.2.3", Urn("urn:oid:1.2.3")),
        ("#p1", Fragment("p1")),
        ("#", Fragment("")),
        ("Patient?identifier=a|b", Conditional("Patient", "identifier=a|b")),
    ],
)
def test_a_reference_is_understood(text: str, target: Target) -> None:
    assert parse_reference(text, BASE) == target


@pytest.mark.parametrize(
    "text",
    ["", "Patient", "Patient/", "patient/1", "Nothing/1", "/Patient/1", "../Patient/1", "Patient/a b", "Patient/1\n",
     f"Patient/{'a' * 65}", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "urn:uuid:1", "urn:x:y",
     "ftp://ehr.example/Patient/1", "https:///Patient/1", "https://ehr.example/ Patient/1", "Patient/1?x=y"],
)  # fmt: skip
def test_anything_else_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(Value) as refusal:
        parse_reference(text, BASE)
    assert refusal.value.issues[0].rule == "reference-form"


TASK = {
    "resourceType": "Task",
    "contained": [{"resourceType": "Patient", "id": "p", "managingOrganization": {"reference": "Organization/9"}}],
    "extension": [{"url": "https://x.example", "valueReference": {"reference": UUID}}],
    "for": {"reference": "#p", "display": "contained"},
    "focus": {"reference": UUID},
    "requester": {"identifier": {"system": "s", "value": UUID}},
    "note": [{"authorReference": {"reference": "Practitioner/2"}, "text": UUID}],
    "output": [{"type": {"text": "x"}, "valueReference": {"reference": "Procedure/3", "_display": {"id": "a"}}}],
    "input": [{"type": {"text": "x"}, "valueAttachment": {"url": UUID}},
              {"type": {"text": "y"}, "valueExpression": {"language": "text/cql", "reference": "https://x.example/y"}}],
}  # fmt: skip


def test_every_reference_is_found_wherever_it_stands() -> None:
    found = [(reference.path, reference.text) for reference in each_reference("Task", TASK)]
    assert found == [
        ("Task.contained[0].managingOrganization", "Organization/9"),
        ("Task.extension[0].valueReference", UUID),
        ("Task.focus", UUID),
        ("Task.note[0].authorReference", "Practitioner/2"),
        ("Task.output[0].valueReference", "Procedure/3"),
    ]
