"""Small values to put in: good ones of each data type, bad ones of each primitive, resources to contain."""

from __future__ import annotations

from typing import Any

from tests.mutations.definitions import Tree

STRANGER = {"system": "http://example.org/codes", "code": "stranger"}
# one good value of a type
GOOD: dict[str, Any] = {
    "string": "something",
    "boolean": True,
    "integer": 7,
    "decimal": 7.5,
    "code": "stranger",
    "uri": "http://example.org/something",
    "url": "http://example.org/something",
    "canonical": "http://example.org/something",
    "markdown": "something",
    "date": "2026-11-29",
    "dateTime": "2026-11-29",
    "CodeableConcept": {"coding": [STRANGER], "text": "something"},
    "Coding": STRANGER,
    "Quantity": {"value": 7, "unit": "days", "system": "http://unitsofmeasure.org", "code": "d"},
    "Period": {"start": "2026-11-29"},
    "Range": {"low": {"value": 7}},
    "Reference": {"display": "something"},
    "Identifier": {"system": "http://example.org/numbers", "value": "7"},
    "Annotation": {"text": "something"},
    "Attachment": {"title": "something"},
    "Extension": {"url": "http://example.org/extension", "valueString": "something"},
}
# what a backbone element needs to be whole, by its R4 path
BACKBONE: dict[str, Tree] = {
    "Condition.stage": {"summary": {"text": "something"}},
    "Observation.referenceRange": {"text": "something"},
    "Observation.component.referenceRange": {"text": "something"},
}
# what no value of a primitive may be, though JSON has it
BAD: dict[str, Any] = {
    "boolean": "true",
    "integer": 1.5,
    "positiveInt": 0,
    "decimal": "1.5",
    "string": 5,
    "markdown": 5,
    "code": "two  spaces",
    "uri": "has a space",
    "url": "has a space",
    "canonical": "has a space",
    "id": "under_score",
    "date": "2026-02-30",
    "dateTime": "2026-02-30T10:00:00Z",
    "instant": "2026-02-28",
    "time": "25:00:00",
    "base64Binary": "not base64!",
}
# the smallest good resource of a type
CONTAINED: dict[str, Tree] = {
    "Device": {},
    "Location": {},
    "Medication": {},
    "Patient": {},
    "Practitioner": {},
    "PractitionerRole": {},
    "HealthcareService": {},
    "Specimen": {},
    "Organization": {"name": "Somebody"},
    "CareTeam": {},
    "Group": {"type": "person", "actual": True},
    "Observation": {"status": "final", "code": {"text": "something"}},
    "Task": {"status": "requested", "intent": "order"},
    "Procedure": {"status": "completed", "subject": {"display": "somebody"}},
    "ServiceRequest": {"status": "active", "intent": "order", "subject": {"display": "somebody"}},
    "DocumentReference": {"status": "current", "content": [{"attachment": {"title": "something"}}]},
    "RelatedPerson": {"patient": {"display": "somebody"}},
    "Condition": {"subject": {"display": "somebody"}},
    "Goal": {"lifecycleStatus": "active", "description": {"text": "something"}, "subject": {"display": "somebody"}},
}
# the profiles of these types want no more than R4
FITTING = frozenset(("Goal",))


def contained(type_name: str) -> Tree:
    """A resource to put into another, to which `#target` leads."""
    return {"resourceType": type_name, "id": "target", **CONTAINED[type_name]}
