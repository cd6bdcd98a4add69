"""What an EHR may hold of a patient: small resources, as EHRs write them."""

from base64 import b64encode
from typing import Any
from uuid import UUID

Tree = dict[str, Any]

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC = "http://loinc.org"
CONCERN = "http://hl7.org/fhir/us/core/CodeSystem/condition-category"


def condition(key: object = "food", code: str = "Z59.41", words: str = "Food insecurity", **more: Any) -> Tree:
    return {
        "resourceType": "Condition",
        "id": key,
        "meta": {"versionId": "1", "lastUpdated": "2026-03-04T10:00:00Z"},
        "category": [{"coding": [{"system": CONCERN, "code": "health-concern"}]}],
        "code": {"coding": [{"system": ICD, "code": code, "display": words}], "text": words},
        "subject": {"reference": "Patient/p1"},
        "recordedDate": "2026-03-04",
        **more,
    }


def answer(key: str = "hunger", **more: Any) -> Tree:
    """A screening answer at risk."""
    return {
        "resourceType": "Observation",
        "id": key,
        "status": "final",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "survey"}]}
        ],
        "code": {"coding": [{"system": LOINC, "code": "88124-3", "display": "Food insecurity risk"}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2026-03-01T09:00:00Z",
        "valueCodeableConcept": {"coding": [{"system": LOINC, "code": "LA19952-3", "display": "At risk"}]},
        **more,
    }


def consent(permitted: str, key: str = "agreed", **more: Any) -> Tree:
    """A Consent of the chart that lets `permitted` see; a reference."""
    codes = "http://terminology.hl7.org/CodeSystem/"
    return {
        "resourceType": "Consent",
        "id": key,
        "status": "active",
        "scope": {"coding": [{"system": codes + "consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": codes + "v3-ActCode", "code": "IDSCL"}]}],
        "patient": {"reference": "Patient/p1"},
        "dateTime": "2026-01-05",
        "policyRule": {"coding": [{"system": codes + "consentpolicycodes", "code": "hipaa-auth"}]},
        "sourceAttachment": {"contentType": "text/plain", "data": b64encode(b"I agree").decode()},
        "provision": {
            "type": "permit",
            "actor": [{"role": {"text": "recipient"}, "reference": {"reference": permitted}}],
        },
        **more,
    }


def programme(provider: UUID, **more: Any) -> Tree:
    """What an organization says of one of its programmes."""
    guide = "http://hl7.org/fhir/us/sdoh-clinicalcare/"
    codes = f"{guide}CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
    return {
        "resourceType": "HealthcareService",
        "active": True,
        "providedBy": {"reference": f"Organization/{provider}"},
        "name": "Saturday pantry",
        "category": [{"coding": [{"system": codes, "code": "food-insecurity"}]}],
        "communication": [{"text": "English"}, {"text": "Spanish"}],
        "availableTime": [
            {
                "daysOfWeek": ["mon", "tue", "wed"],
                "availableStartTime": "09:00:00",
                "availableEndTime": "16:30:00",
            },
            {"daysOfWeek": ["sat"], "allDay": True},
        ],
        "extension": [
            {
                "url": f"{guide}StructureDefinition/SDOHCC-ExtensionHealthcareServiceCapacityStatus",
                "extension": [
                    {
                        "url": "capacityStatus",
                        "valueCodeableConcept": {"coding": [{"system": codes, "code": "waitlist"}]},
                    },
                    {"url": "capacityNotes", "valueString": "about two weeks"},
                ],
            }
        ],
        **more,
    }
