"""A sender's side: one referral as a transaction, as small as an EHR may send it."""

from base64 import b64encode
from typing import Any
from uuid import UUID, uuid4

from tests.world import System

PAPER = b"%PDF-1.4 <script>alert(1)</script>"
FULFILL = {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]}
SCOPE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]}
CATEGORY = {"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}
RECIPIENT = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]}
OPT_IN = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]}


async def send(
    ehr: System,
    network: UUID,
    *,
    to: UUID | None,
    consented: UUID | None,
    name: str = "Rosa Marlow",
    need: str = "Food for a family of four",
    do_not_contact: bool = False,
) -> None:
    """`to` is whom the request names, `consented` whom the Consent names; None: nobody."""
    clinic, patient, request, consent, task = (f"urn:uuid:{uuid4()}" for _ in range(5))
    entries = (
        (clinic, _clinic()),
        (patient, _patient(name)),
        (consent, _consent(patient, consented)),
        (request, _request(clinic, patient, consent, need, to, do_not_contact)),
        (task, _task(clinic, patient, request, network)),
    )
    answer = await ehr.bundle("transaction", [_entry(url, tree) for url, tree in entries])
    assert answer.status_code == 200, answer.text


def _entry(url: str, tree: dict[str, Any]) -> dict[str, Any]:
    return {"fullUrl": url, "resource": tree, "request": {"method": "POST", "url": tree["resourceType"]}}


def _clinic() -> dict[str, Any]:
    phone = {"system": "phone", "value": "+1 555 010 2233"}
    return {"resourceType": "Organization", "active": True, "name": "Valley Clinic", "telecom": [phone]}


def _patient(name: str) -> dict[str, Any]:
    phone = {"system": "phone", "value": "+1 555 010 4477", "use": "mobile"}
    return {"resourceType": "Patient", "name": [{"text": name}], "telecom": [phone], "birthDate": "1958-04-17"}


def _consent(patient: str, consented: UUID | None) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "resourceType": "Consent",
        "status": "active",
        "scope": SCOPE,
        "category": [CATEGORY],
        "patient": {"reference": patient},
        "dateTime": "2026-01-05",
        "policyRule": OPT_IN,
        "sourceAttachment": {"contentType": "text/html", "data": b64encode(PAPER).decode(), "title": "signed.html"},
    }
    if consented:
        actor = {"role": RECIPIENT, "reference": {"reference": f"Organization/{consented}"}}
        tree["provision"] = {"type": "permit", "actor": [actor]}
    return tree


def _request(
    clinic: str, patient: str, consent: str, need: str, to: UUID | None, do_not_contact: bool
) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "code": {"text": need},
        "subject": {"reference": patient},
        "requester": {"reference": clinic},
        "supportingInfo": [{"reference": consent}],
    }
    if to:
        tree["performer"] = [{"reference": f"Organization/{to}"}]
    if do_not_contact:
        tree["orderDetail"] = [{"coding": [{"code": "contacting-subject-prohibited"}]}]
    return tree


def _task(clinic: str, patient: str, request: str, network: UUID) -> dict[str, Any]:
    return {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "code": FULFILL,
        "focus": {"reference": request},
        "for": {"reference": patient},
        "requester": {"reference": clinic},
        "owner": {"reference": f"Organization/{network}"},
        "authoredOn": "2026-11-20T12:00:00Z",
    }
