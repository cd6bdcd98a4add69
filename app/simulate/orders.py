"""What is asked and why: finding, observation, consent, request, and the Task that hands it over.

*Source*: SDOH Clinical Care 3.0.0, profiles Condition, ObservationAssessment, Consent, ServiceRequest,
TaskForReferralManagement.
"""

from base64 import b64encode

from app.simulate.needs import Coded
from app.simulate.vocabulary import (
    CATEGORIES,
    PROFILE,
    SNOMED,
    TERMS,
    US_CORE_CATEGORY,
    Clinic,
    Order,
    Resource,
    concept,
)


def condition(clinic: Clinic, order: Order, urns: dict[str, str]) -> Resource:
    concern = "http://hl7.org/fhir/us/core/CodeSystem/condition-category"
    return {
        "resourceType": "Condition",
        "meta": {"profile": [PROFILE + "Condition"]},
        "identifier": [clinic.identifier("finding", order.number)],
        "clinicalStatus": concept(TERMS + "condition-clinical", Coded("active", "Active")),
        "verificationStatus": concept(TERMS + "condition-ver-status", Coded("confirmed", "Confirmed")),
        "category": [
            concept(concern, Coded("health-concern", "Health Concern")),
            concept(US_CORE_CATEGORY, Coded("sdoh", "SDOH")),
            concept(CATEGORIES, order.need.category),
        ],
        "code": concept(SNOMED, order.need.finding),
        "subject": _subject(order, urns),
        "recordedDate": order.at,
        "evidence": [{"detail": [{"reference": urns["observation"]}]}],
    }


def observation(clinic: Clinic, order: Order, urns: dict[str, str]) -> Resource:
    return {
        "resourceType": "Observation",
        "meta": {"profile": [PROFILE + "ObservationAssessment"]},
        "identifier": [clinic.identifier("observation", order.number)],
        "status": "final",
        "category": [
            concept(US_CORE_CATEGORY, Coded("sdoh", "SDOH")),
            concept(CATEGORIES, order.need.category),
        ],
        "code": concept(SNOMED, order.need.observed),
        "subject": _subject(order, urns),
        "effectiveDateTime": order.at,
        "performer": [{"reference": urns["practitioner"]}],
        "valueBoolean": True,
    }


def consent(clinic: Clinic, order: Order, urns: dict[str, str]) -> Resource:
    whom = "the organization that my doctor named" if order.named else "an organization that helps with it"
    words = f"I agree that {clinic.name} tells {whom} about my need.\nSigned: {order.person.name}, {order.at[:10]}\n"
    tree: Resource = {
        "resourceType": "Consent",
        "meta": {"profile": [PROFILE + "Consent"]},
        "identifier": [clinic.identifier("consent", order.number)],
        "status": "active",
        "scope": concept(TERMS + "consentscope", Coded("patient-privacy", "Privacy Consent")),
        "category": [concept(TERMS + "v3-ActCode", Coded("IDSCL", "information disclosure"))],
        "patient": _subject(order, urns),
        "dateTime": order.at,
        "organization": [{"reference": urns["organization"]}],
        "sourceAttachment": {"contentType": "text/plain", "language": "en", "data": b64encode(words.encode()).decode()},
        "policyRule": concept(TERMS + "consentpolicycodes", Coded("hipaa-auth", "HIPAA Authorization")),
    }
    if order.named and order.performer:
        recipient = concept(TERMS + "v3-ParticipationType", Coded("IRCP", "information recipient"))
        actor = {"role": recipient, "reference": {"reference": order.performer}}
        tree["provision"] = {"type": "permit", "actor": [actor]}
    return tree


def request(clinic: Clinic, order: Order, urns: dict[str, str]) -> Resource:
    tree: Resource = {
        "resourceType": "ServiceRequest",
        "meta": {"profile": [PROFILE + "ServiceRequest"]},
        "identifier": [clinic.identifier("order", order.number)],
        "status": "active",
        "intent": "order",
        "category": [
            concept(SNOMED, Coded("410606002", "Social service procedure")),
            concept(CATEGORIES, order.need.category),
        ],
        "priority": order.priority,
        "code": concept(SNOMED, order.need.service),
        "subject": _subject(order, urns),
        "authoredOn": order.at,
        "requester": {"reference": urns["role"], "display": clinic.doctor},
        "reasonReference": [{"reference": urns["condition"]}],
        "supportingInfo": [{"reference": urns["consent"]}],
        "note": [{"text": order.need.note}],
    }
    if order.performer:
        tree["performer"] = [{"reference": order.performer}]
    return tree


def task(clinic: Clinic, order: Order, urns: dict[str, str]) -> Resource:
    fulfill = Coded("fulfill", "Fulfill the focal request")
    return {
        "resourceType": "Task",
        "meta": {"profile": [PROFILE + "TaskForReferralManagement"]},
        "identifier": [clinic.identifier("order", order.number)],
        "status": "requested",
        "intent": "order",
        "priority": order.priority,
        "code": concept("http://hl7.org/fhir/CodeSystem/task-code", fulfill),
        "description": order.need.service.display,
        "focus": {"reference": urns["request"]},
        "for": _subject(order, urns),
        "authoredOn": order.at,
        "requester": {"reference": urns["role"], "display": clinic.doctor},
        "owner": {"reference": order.owner},
    }


def _subject(order: Order, urns: dict[str, str]) -> Resource:
    return {"reference": urns["patient"], "display": order.person.name}
