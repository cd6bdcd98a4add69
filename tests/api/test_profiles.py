"""Profiles at the door: what a resource declares, what its own code demands, and what is only said.

*Source*: SDOH Clinical Care 3.0.0; architecture, decision 3.
"""

from typing import Any

import pytest

from tests.api.answers import MARK, refused
from tests.api.verbs import made, op, patch, put, request
from tests.builders import DELETE, Sent, consent, refer, resource
from tests.town import Town
from tests.world import FHIR_JSON, System

GUIDE = "http://hl7.org/fhir/us/sdoh-clinicalcare/"
TEMPORARY = GUIDE + "CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
TOLD = {"Prefer": "return=OperationOutcome"}
ABORT = {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "abort"}]}


def profile(name: str) -> str:
    return GUIDE + "StructureDefinition/SDOHCC-" + name


def declaring(type_name: str, *urls: str, **changes: Any) -> dict[str, Any]:
    return resource(type_name, meta={"profile": list(urls)}, **changes)


# a Condition that fits, but for the code
CATEGORIES = [
    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "problem-list-item"}]},
    {"coding": [{"system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "code": "sdoh"}]},
    {"coding": [{"system": TEMPORARY, "code": "food-insecurity"}]},
]


def narrative(text: str) -> dict[str, str]:
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>'}


async def person(system: System) -> str:
    return f"Patient/{(await system.create(resource('Patient'))).json()['id']}"


async def told(system: System, tree: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """rule -> (severity, place, ...) of what is said of a resource that is taken."""
    headers = {"Content-Type": FHIR_JSON, **TOLD}
    answer = await system.http.post(f"/fhir/{tree['resourceType']}", json=tree, headers=headers)
    assert answer.status_code == 201, answer.text
    assert MARK not in answer.text
    found = answer.json()["issue"]
    return {each["details"]["text"]: (each["severity"], *each.get("expression", ())) for each in found}


async def test_what_is_declared_is_held(town: Town) -> None:
    tree = declaring("Condition", profile("Condition"), subject=await person(town.ehr), code=DELETE)
    issues = refused(await town.ehr.create(tree), 422, "required", rule="profile-required", at="Condition.code")
    assert all("SDOHCC-Condition" in issue["diagnostics"] for issue in issues)
    # without the claim it is good R4
    assert (await town.ehr.create({name: value for name, value in tree.items() if name != "meta"})).status_code == 201


async def test_the_version_that_is_known_here_changes_nothing_in_a_claim(town: Town) -> None:
    tree = declaring("Condition", profile("Condition") + "|3.0.0", subject=await person(town.ehr), code=DELETE)
    refused(await town.ehr.create(tree), 422, "required", rule="profile-required", at="Condition.code")


async def test_a_claim_of_another_version_is_not_judged_by_the_one_that_is_known(town: Town) -> None:
    """Which that is, is said; the version that was sent is not repeated."""
    tree = declaring("Condition", profile("Condition") + f"|{MARK}", subject=await person(town.ehr), code=DELETE)
    answer = await town.ehr.http.post("/fhir/Condition", json=tree, headers={"Content-Type": FHIR_JSON, **TOLD})
    (issue,) = [each for each in answer.json()["issue"] if each["details"]["text"] == "profile-unknown"]
    assert (issue["severity"], issue["expression"]) == ("warning", ["Condition.meta.profile[0]"])
    assert "3.0.0" in issue["diagnostics"]
    assert MARK not in answer.text


async def test_nobody_escapes_what_a_code_demands_by_a_version(town: Town) -> None:
    code = {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]}
    tree = {"resourceType": "Task", "status": "draft", "intent": "plan", "code": code}
    claim = {"meta": {"profile": [profile("TaskForReferralManagement") + "|2.0.0"]}}
    answer = await town.ehr.create(tree | claim | {"for": {"reference": await person(town.ehr)}})
    refused(answer, 422, "value", at="Task.intent")


@pytest.mark.parametrize(("version", "status"), [("", 200), ("|3.0.0", 200), ("|2.0.0", 422)])
async def test_a_version_that_is_not_known_cannot_be_judged_by(town: Town, version: str, status: int) -> None:
    address = f"/fhir/Condition/$validate?profile={profile('Condition')}{version}"
    asked = await town.ehr.http.post(address, json=resource("Condition"), headers={"Content-Type": FHIR_JSON})
    assert asked.status_code == status, asked.text
    if status == 422:
        (issue,) = refused(asked, 422, "not-supported", rule="validate-profile")
        assert "3.0.0" in issue["diagnostics"]


async def test_what_is_taken_for_a_referral_by_its_claim_is_judged_as_one_in_any_version(town: Town) -> None:
    claim = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForReferralManagement|2.3.0"
    tree = resource(
        "Task",
        meta={"profile": [claim]},
        for_=DELETE,
        code=DELETE,
        focus="Patient/1",
        owner=f"Organization/{town.world.network.organization}",
    )
    issues = refused(await town.ehr.create(tree), 422, "required", rule="profile-required")
    assert {"Task.code", "Task.for"} <= {each["expression"][0] for each in issues}


async def test_each_of_several_claims_is_held(town: Town) -> None:
    core = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition-problems-health-concerns"
    tree = declaring("Condition", profile("Condition"), core, subject=await person(town.ehr), code=DELETE)
    issues = refused(await town.ehr.create(tree), 422, "required", rule="profile-required")
    told_by = {issue["diagnostics"].partition(":")[0] for issue in issues}
    assert len(told_by) == 2


async def test_a_profile_that_nobody_knows_here_is_said_to_judge_nothing(town: Town) -> None:
    found = await told(town.ehr, declaring("Patient", f"urn:{MARK}", "http://hl7.org/fhir/StructureDefinition/Patient"))
    assert found["profile-unknown"] == ("warning", "Patient.meta.profile[0]")


@pytest.mark.parametrize("url", [profile("Condition"), "http://hl7.org/fhir/StructureDefinition/Task"])
async def test_a_claim_of_another_type_is_refused(town: Town, url: str) -> None:
    tree = declaring("Patient", url)
    refused(await town.ehr.create(tree), 422, "structure", rule="profile-type", at="Patient.meta.profile[0]")
    asked = await town.ehr.http.post(f"/fhir/Patient/$validate?profile={url}", json=resource("Patient"))
    refused(asked, 400, "invalid", rule="profile-type", at="profile")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ({"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}, "SDOHCC-TaskForReferralManagement"),
        ({"system": TEMPORARY, "code": "make-contact"}, "SDOHCC-TaskForPatient"),
        ({"system": TEMPORARY, "code": "review-material"}, "SDOHCC-TaskForPatient"),
        ({"system": TEMPORARY, "code": "general-information"}, "SDOHCC-TaskForPatient"),
        ({"system": "http://hl7.org/fhir/uv/sdc/CodeSystem/temp", "code": "complete-questionnaire"}, "SDOHCC-TaskForPatient"),
        ({"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "abort"}, "Abort"),
    ],
    ids=lambda each: each["code"] if isinstance(each, dict) else "",
)  # fmt: skip
async def test_the_code_of_a_task_demands_its_profile_whatever_it_declares(
    town: Town, code: dict[str, str], name: str
) -> None:
    tree = {"resourceType": "Task", "status": "draft", "intent": "plan", "code": {"coding": [code]}}
    issues = refused(
        await town.ehr.create(tree | {"for": {"reference": await person(town.ehr)}}),
        422,
        "code-invalid" if "Patient" in name else "value",
    )
    assert any(name.lower() in issue["diagnostics"].lower() for issue in issues), issues
    assert {issue["expression"][0] for issue in issues} >= {"Task.intent"}


async def test_a_task_with_another_code_is_r4_alone(town: Town) -> None:
    tree = {"resourceType": "Task", "status": "draft", "intent": "plan", "code": {"text": "x"}}
    answer = await town.ehr.create(tree | {"for": {"reference": await person(town.ehr)}})
    assert answer.status_code == 201, answer.text


async def test_what_a_profile_would_like_is_said_and_stops_nothing(town: Town) -> None:
    """An extensible binding, and what must be supported where it is there."""
    kind = {"coding": [{"system": "urn:x", "code": MARK}], "text": MARK}
    for_appointment = {"url": profile("ExtensionHealthcareServiceTelecomAppointment"), "valueBoolean": True}
    telecom = {"system": "phone", "value": "555-0100", "extension": [for_appointment]}
    tree = declaring("HealthcareService", profile("HealthcareService"), providedBy=DELETE, location=DELETE) | {
        "type": [kind],
        "telecom": [telecom],
    }
    found = await told(town.ehr, tree)
    assert found["must-support"] == ("warning", "HealthcareService")
    assert found["profile-code-extensible"] == ("warning", "HealthcareService.type[0]")


async def test_who_does_not_ask_is_answered_as_ever(town: Town) -> None:
    answer = await town.ehr.create(declaring("Patient", "urn:unknown"))
    assert answer.status_code == 201
    assert answer.json()["resourceType"] == "Patient"


async def test_an_update_and_a_patch_are_judged_as_a_create_is(town: Town) -> None:
    tree = resource("Condition", subject=await person(town.ehr), code=DELETE, category=CATEGORIES)
    made = (await town.ehr.create(tree)).json()
    claim = {"profile": [profile("Condition")]}
    refused(
        await put(town.ehr, f"Condition/{made['id']}", made | {"meta": claim}), 422, "required", at="Condition.code"
    )
    changed = await patch(town.ehr, f"Condition/{made['id']}", op("add", "/meta/profile", claim["profile"]))
    refused(changed, 422, "required", at="Condition.code")
    assert (await town.ehr.get(f"Condition/{made['id']}")).json()["meta"]["versionId"] == "1"


async def test_an_entry_of_a_transaction_fits_by_what_the_other_entries_are(town: Town) -> None:
    """`resolve()` looks into the transaction first: SupportedReasonReference is a slice by profile."""
    tree = declaring("Patient", profile("Condition"))
    answer = await town.ehr.bundle("transaction", [request("POST", "Patient", tree)])
    refused(answer, 422, "structure", rule="profile-type", at="Bundle.entry[0].resource.meta.profile[0]")


async def test_an_extension_that_is_known_is_judged_wherever_it_stands(town: Town) -> None:
    race = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
    tree = resource("Patient", extension=[{"url": race, "extension": [{"url": "ombCategory", "valueString": MARK}]}])
    issues = refused(await town.ehr.create(tree), 422, "value", rule="profile-type")
    assert {issue["expression"][0].partition("[")[0] for issue in issues} == {"Patient.extension"}


@pytest.mark.parametrize(("most", "expected"), [({}, 0), ({"MOST": 1}, 1), ({"FEW": 0, "MOST_BYTES": 1000}, 1)])
async def test_what_would_be_too_much_to_read_is_not_judged_and_that_is_said(
    town: Town, most: dict[str, int], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two Consents, of which none fits the guide's profile; by either bound, not both are read."""
    for name, value in most.items():
        monkeypatch.setattr(f"app.services.knowledge.{name}", value)
    subject = await person(town.ehr)
    consents = [consent(subject, text=narrative("x" * 600)) for _ in range(2)]
    stored = [f"Consent/{(await made(town, each))['id']}" for each in consents]
    tree = declaring("ServiceRequest", profile("ServiceRequest"), subject=subject, supportingInfo=[
        {"reference": each} for each in stored])  # fmt: skip
    answer = await town.ehr.http.post("/fhir/ServiceRequest/$validate", json=tree, headers={"Content-Type": FHIR_JSON})
    found = [each for each in answer.json()["issue"] if each["details"]["text"] == "references-unread"]
    assert [(each["severity"], each["expression"]) for each in found] == [
        ("information", ["ServiceRequest"])
    ] * expected


async def test_what_stands_where_a_name_should_is_repeated_nowhere(town: Town) -> None:
    race = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
    extension = [{"url": race, "extension": [{"url": "ombCategory", "valueString": "x"}]}]
    refused(await town.ehr.create(resource("Patient", **{f"{MARK} 1980": {"extension": extension}})), 400, "structure")
    contained = [{"resourceType": f"{MARK} 1980", "id": "a", "meta": {"profile": [profile("Condition")]}}]
    refused(await town.ehr.create(resource("Patient", contained=contained)), 400, "structure", rule="resource-type")
    entries = [{"resource": {"resourceType": f"{MARK} 1980", "meta": {"profile": [profile("Condition")]}}}]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    answer = await town.ehr.http.post("/fhir/Bundle/$validate", json=bundle, headers={"Content-Type": FHIR_JSON})
    assert MARK not in answer.text


@pytest.fixture
async def sent(town: Town) -> Sent:
    return await refer(town.world, town.ehr, town.pantry)


async def test_nothing_of_a_refused_write_is_stored(town: Town, sent: Sent) -> None:
    before = await town.world.rows("SELECT count(*) AS n FROM version")
    task = await sent.read("Task")
    refused(await town.ehr.update(task | {"intent": "plan"}), 422, "value", at="Task.intent")
    assert await town.world.rows("SELECT count(*) AS n FROM version") == before
