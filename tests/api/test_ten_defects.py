"""Every problem of a resource in one answer: R4's and its profiles' together, each with its place and what would be
right, in JSON and in XML."""

import copy
from typing import Any

import fhirpathpy
import pytest
from fhirpathpy.models import models

from app.fhir import xml
from app.fhir.json import dump, reread
from tests.api.answers import MARK, refused
from tests.api.verbs import request
from tests.builders import resource
from tests.town import Town
from tests.world import FHIR_JSON

FHIR_XML = "application/fhir+xml"
GUIDE = "http://hl7.org/fhir/us/sdoh-clinicalcare/"
TASK: dict[str, Any] = {
    "resourceType": "Task",
    "meta": {"profile": [GUIDE + "StructureDefinition/SDOHCC-TaskForReferralManagement"]},
    "status": MARK,
    "intent": "plan",
    "priority": MARK,
    "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
    "focus": {"reference": "Patient/" + MARK},
    "executionPeriod": {"start": "2026-03-02", "end": "2026-03-01"},
    "authoredOn": f"2026-02-30{MARK}",
    "requester": {"reference": "Location/" + MARK},
    "owner": {"reference": "Organization/" + MARK},
    "note": [{"authorString": MARK}],
    "restriction": {"repetitions": 0},
    "input": [{"valueString": MARK}],
    "output": [{"type": {"coding": [{"system": "urn:" + MARK, "code": MARK}]}, "valueUri": f"java script:{MARK}"}],
}
# rule, place: what is wrong with it, and no more
DEFECTS = {
    ("required-code", "Task.status"),
    ("profile-code", "Task.status"),
    ("profile-fixed", "Task.intent"),
    ("required-code", "Task.priority"),
    ("profile-target", "Task.focus"),
    ("profile-required", "Task.for"),
    ("per-1", "Task.executionPeriod"),
    ("date-form", "Task.authoredOn"),
    ("reference-target", "Task.requester.reference"),
    ("profile-target", "Task.requester"),
    ("required-element", "Task.note[0].text"),
    ("integer-range", "Task.restriction.repetitions"),
    ("required-element", "Task.input[0].type"),
    ("uri-form", "Task.output[0].value"),
}
# these places are empty: that is what is wrong
ABSENT = {"Task.for", "Task.note[0].text", "Task.input[0].type"}
ASKED = {"POST Task": ("POST", "Task"), "$validate": ("POST", "Task/$validate")}


@pytest.mark.parametrize("form", [FHIR_JSON, FHIR_XML])
@pytest.mark.parametrize("asked", ASKED)
async def test_all_of_them_come_in_one_answer(town: Town, asked: str, form: str) -> None:
    method, address = ASKED[asked]
    body = xml.dump(reread(dump(TASK))) if form == FHIR_XML else dump(TASK)
    headers = {"Content-Type": form, "Accept": form}
    answer = await town.ehr.http.request(method, f"/fhir/{address}", content=body, headers=headers)
    assert answer.headers["content-type"].startswith(form)
    assert answer.status_code == (200 if "$" in asked else 400), answer.text
    assert MARK.lower() not in answer.text.lower()
    outcome = xml.parse(answer.content) if form == FHIR_XML else answer.json()
    found = [issue for issue in outcome["issue"] if issue["severity"] == "error"]
    assert {(issue["details"]["text"], *issue["expression"]) for issue in found} == DEFECTS
    for issue in found:
        assert issue["diagnostics"].endswith(".")
        (place,) = issue["expression"]
        assert len(fhirpathpy.evaluate(TASK, place, [], models["r4"])) == (0 if place in ABSENT else 1), place


async def test_each_entry_of_a_transaction_tells_all_of_its_own(town: Town) -> None:
    answer = await town.ehr.bundle("transaction", [request("POST", "Task", TASK), request("POST", "Task", TASK)])
    found = {(issue["details"]["text"], issue["expression"][0]) for issue in refused(answer, 400, "code-invalid")}
    places = [f"Bundle.entry[{number}].resource" for number in (0, 1)]
    assert found == {(rule, place + at.removeprefix("Task")) for place in places for rule, at in DEFECTS}


async def test_mending_what_is_told_is_enough(town: Town) -> None:
    """What R4 says and what a profile says come together: none waits for the other."""
    person = (await town.ehr.create(resource("Patient"))).json()["id"]
    order = (
        await town.ehr.create(
            resource("ServiceRequest", subject=f"Patient/{person}", requester=f"Organization/{town.clinic}")
        )
    ).json()["id"]
    mended = copy.deepcopy(TASK) | {
        "status": "draft",
        "intent": "order",
        "priority": "urgent",
        "focus": {"reference": f"ServiceRequest/{order}"},
        "for": {"reference": f"Patient/{person}"},
        "executionPeriod": {"start": "2026-03-01", "end": "2026-03-02"},
        "authoredOn": "2026-02-28",
        "requester": {"reference": f"Organization/{town.clinic}"},
        "owner": {"reference": f"Organization/{town.platform}"},
        "note": [{"text": "x"}],
        "restriction": {"repetitions": 1},
    }
    del mended["input"], mended["output"]
    answer = await town.ehr.create(mended)
    assert answer.status_code == 201, answer.text
