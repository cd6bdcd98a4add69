"""The resources that the load sends: a food referral of the guide's kind, about 2 kB a Task. *Source*: SDOHCC 3.0.0."""

from typing import Any

PROFILES = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/"
CATEGORY = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
MRN = "https://clinic.example/mrn"
REFERRALS = "https://clinic.example/referrals"
AT = "2026-11-02T09:30:00Z"


def concept(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def patient(number: str = "10327") -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "identifier": [{"use": "usual", "system": MRN, "value": number}],
        "active": True,
        "name": [{"use": "official", "family": "Benchmark", "given": ["Ana", "B."]}],
        "telecom": [{"system": "phone", "value": "+1 555 010 0100", "use": "mobile"}],
        "gender": "female",
        "birthDate": "1987-02-20",
        "address": [
            {"line": ["49 Meadow St"], "city": "Mounds", "state": "OK", "postalCode": "74047", "country": "US"}
        ],
    }


def consent(organization: str, subject: str, recipient: str | None = None) -> dict[str, Any]:
    actors = [{"role": {"text": "recipient"}, "reference": {"reference": f"Organization/{recipient}"}}]
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy", "Privacy Consent"),
        "category": [concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "IDSCL", "information disclosure")],
        "patient": {"reference": subject},
        "dateTime": "2026-11-01",
        "organization": [{"reference": f"Organization/{organization}"}],
        "policyRule": concept("http://terminology.hl7.org/CodeSystem/consentpolicycodes", "hipaa-auth", "HIPAA"),
        "provision": {"type": "permit", "period": {"start": "2026-11-01", "end": "2027-11-01"}}
        | ({"actor": actors} if recipient else {}),
    }


def service_request(
    organization: str, subject: str, supporting: str | None = None, performer: str | None = None
) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "meta": {"profile": [f"{PROFILES}SDOHCC-ServiceRequest"]},
        "status": "active",
        "intent": "order",
        "category": [
            concept("http://snomed.info/sct", "410606002", "Social service procedure"),
            concept(CATEGORY, "food-insecurity", "Food Insecurity"),
        ],
        "priority": "routine",
        "code": concept("http://snomed.info/sct", "467771000124109", "Assistance with application for food pantry"),
        "subject": {"reference": subject, "display": "Ana Benchmark"},
        "occurrencePeriod": {"start": "2026-11-02", "end": "2026-12-02"},
        "authoredOn": AT,
        "requester": {"reference": f"Organization/{organization}"},
        "note": [{"text": "Two adults and one child; can pick up after 4 pm on weekdays, has no car."}],
    }
    if performer is not None:
        tree["performer"] = [{"reference": f"Organization/{performer}"}]
    return tree if supporting is None else tree | {"supportingInfo": [{"reference": supporting}]}


def task(
    requester: str, owner: str, subject: str, focus: str, status: str = "requested", number: str = "2026-1102-17"
) -> dict[str, Any]:
    tree = {
        "resourceType": "Task",
        "text": {"status": "generated", "div": _narrative()},
        "identifier": [{"system": REFERRALS, "value": number}],
        "status": status,
        "intent": "order",
        "priority": "routine",
        "code": concept("http://hl7.org/fhir/CodeSystem/task-code", "fulfill", "Fulfill the focal request"),
        "description": "Food pantry application assistance, after a positive Hunger Vital Sign screening",
        "focus": {"reference": focus},
        "for": {"reference": subject, "display": "Ana Benchmark"},
        "authoredOn": AT,
        "lastModified": AT,
        "requester": {"reference": f"Organization/{requester}", "display": "Benchmark Clinic"},
        "owner": {"reference": f"Organization/{owner}", "display": "Benchmark Network"},
        "note": [{"time": AT, "text": "Please call in the afternoon; voice messages are fine on this number."}],
        "restriction": {"period": {"start": "2026-11-02", "end": "2026-12-02"}},
    }
    return tree | {"statusReason": {"text": "waiting for a free appointment"}} if status == "on-hold" else tree


def transaction(organization: str) -> dict[str, Any]:
    """Patient, Consent, ServiceRequest and Task, which refer to each other by urn:uuid."""
    names = {kind: f"urn:uuid:00000000-0000-4000-8000-00000000000{place}" for place, kind in enumerate("pcst")}
    trees = {
        "p": patient(),
        "c": consent(organization, names["p"]),
        "s": service_request(organization, names["p"], names["c"]),
        "t": task(organization, organization, names["p"], names["s"]),
    }
    entries = [
        {"fullUrl": names[kind], "resource": tree, "request": {"method": "POST", "url": tree["resourceType"]}}
        for kind, tree in trees.items()
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _narrative() -> str:
    rows = "".join(
        f"<tr><td>{name}</td><td>{value}</td></tr>"
        for name, value in (
            ("Need", "Assistance with application for food pantry program"),
            ("Because of", "Hunger Vital Sign: at risk of food insecurity"),
            ("Asked by", "Benchmark Clinic, Family Medicine, +1 555 010 0199"),
            ("Best reached", "by mobile phone, weekdays after 4 pm, in English or Spanish"),
        )
    )
    return f'<div xmlns="http://www.w3.org/1999/xhtml"><table>{rows}</table></div>'
