"""Good resources, from which the bad ones are made: the guide's examples, and those with what examples lack.

The official validator has found each of them good; a test looks that up.
"""

from __future__ import annotations

from tests.mutations import bases_observations, bases_places
from tests.mutations.base import Base
from tests.mutations.words import EXTENSIONS, HL7, SNOMED, TEMPORARY, concept, extension, to, typed

_PDF = {"contentType": "application/pdf", "data": "c29tZXRoaW5n"}
_WHEN = {"start": "2026-11-01", "end": "2026-11-29"}
_CONTACT = "SDOHCC-TaskPatientMakeAppointmentCompletedExample"
_FORM = "SDOHCC-TaskPatientRiskQuestionnaireCompletedExample"
_RISK = typed(TEMPORARY, "questionnaire-category", valueCodeableConcept=concept(TEMPORARY, "risk-questionnaire"))

BASES: tuple[Base, ...] = (
    Base("SDOHCC-Condition", "plain", "SDOHCC-ConditionFoodInsecurityExample"),
    Base("SDOHCC-Condition", "device", "SDOHCC-ConditionAsserterDeviceExample"),
    Base(
        "SDOHCC-Condition",
        "full",
        "SDOHCC-ConditionFoodInsecurityExample",
        {
            "extension": [extension(f"{EXTENSIONS}condition-assertedDate", valueDateTime="2026-11-02")],
            "identifier": [{"use": "official", "system": "http://example.org/numbers", "value": "7"}],
            "clinicalStatus": concept(f"{HL7}condition-clinical", "resolved"),
            "category": [
                concept(f"{HL7}condition-category", "encounter-diagnosis"),
                concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "sdoh"),
                concept(TEMPORARY, "food-insecurity"),
            ],
            "encounter": to("Encounter/example"),
            "onsetPeriod": None,
            "onsetDateTime": "2026-10-01",
            "abatementDateTime": "2026-11-20",
            "recordedDate": "2026-11-02",
            "asserter": to("Practitioner/SDOHCC-PractitionerDrJanWaterExample"),
            "note": [{"text": "something", "time": "2026-11-02"}],
        },
    ),
    Base("SDOHCC-Consent", "plain", "SDOHCC-ConsentInformationDisclosureExample", {"sourceAttachment": _PDF}),
    Base(
        "SDOHCC-Consent",
        "full",
        "SDOHCC-ConsentInformationDisclosureExample",
        {
            "performer": [to("Patient/pat-53234")],
            "sourceAttachment": None,
            "sourceReference": to("DocumentReference/example"),
            "policy": [{"authority": "http://example.org/law", "uri": "http://example.org/policy"}],
            "verification": [{"verified": True, "verificationDate": "2026-11-02"}],
            "provision": {
                "type": "permit",
                "period": _WHEN,
                "actor": [
                    {"role": concept(f"{HL7}v3-ParticipationType", "IRCP"), "reference": to("Organization/example")}
                ],
                "data": [{"meaning": "related", "reference": to("Task/example")}],
            },
        },
    ),
    Base("SDOHCC-Goal", "plain", "SDOHCC-GoalFoodSecurityExample"),
    Base(
        "SDOHCC-Goal",
        "full",
        "SDOHCC-GoalFoodSecurityExample",
        {
            "startDate": "2026-11-02",
            "expressedBy": to("Patient/pat-53234"),
            "outcomeReference": [to("Observation/SDOHCC-ObservationResponseHungerVitalSignQuestion3Example")],
            "note": [{"text": "something"}],
        },
    ),
    Base("SDOHCC-Procedure", "plain", "SDOHCC-ProcedureFoodPantryApplicationAssistanceExample"),
    Base(
        "SDOHCC-Procedure",
        "full",
        "SDOHCC-ProcedureFoodPantryApplicationAssistanceExample",
        {
            "extension": [
                extension(
                    f"{EXTENSIONS}resource-pertainsToGoal", valueReference=to("Goal/SDOHCC-GoalFoodSecurityExample")
                )
            ],
            "encounter": to("Encounter/example"),
            "performedDateTime": None,
            "performedPeriod": _WHEN,
            "performer": [{"actor": to("Practitioner/SDOHCC-PractitionerDrJanWaterExample")}],
            "note": [{"text": "something"}],
        },
    ),
    Base("SDOHCC-ServiceRequest", "plain", "SDOHCC-ServiceRequestActiveFoodPantryApplicationAssistExample"),
    Base(
        "SDOHCC-ServiceRequest",
        "full",
        "SDOHCC-ServiceRequestSubreferralGardenProgramExample",
        {
            "extension": [
                extension(
                    f"{EXTENSIONS}resource-pertainsToGoal", valueReference=to("Goal/SDOHCC-GoalFoodSecurityExample")
                )
            ],
            "identifier": [{"use": "usual", "system": "http://example.org/numbers", "value": "7"}],
            "intent": "filler-order",
            "priority": "urgent",
            "occurrencePeriod": _WHEN,
            "authoredOn": "2026-11-02",
            "requester": to("PractitionerRole/SDOHCC-PractitionerRoleDrJanWaterExample"),
            "performer": [to("HealthcareService/example")],
            "supportingInfo": [to("Consent/SDOHCC-ConsentInformationDisclosureExample")],
            "note": [{"text": "something"}],
        },
    ),
    Base(
        "SDOHCC-ServiceRequest",
        "no-contact",
        "SDOHCC-ServiceRequestActiveFoodPantryApplicationAssistExample",
        {"orderDetail": [concept(TEMPORARY, "contacting-subject-prohibited")]},
    ),
    Base(
        "SDOHCC-TaskForReferralManagement",
        "plain",
        "SDOHCC-TaskReferralManagementOrderFulfillmentCompletedExample",
    ),
    Base("SDOHCC-TaskForReferralManagement", "part", "SDOHCC-TaskReferralManagementOrderSubtaskCompletedExample"),
    Base(
        "SDOHCC-TaskForReferralManagement",
        "full",
        "SDOHCC-TaskReferralManagementOrderSubtaskCompletedExample",
        {
            "identifier": [{"use": "usual", "system": "http://example.org/numbers", "value": "7"}],
            "statusReason": {"text": "All is done"},
            "priority": "routine",
            "lastModified": "2026-11-29T10:00:00Z",
            "executionPeriod": _WHEN,
            "note": [{"text": "something"}],
            "restriction": {"period": _WHEN, "repetitions": 2},
            "input": [typed(TEMPORARY, "additional-content", valueReference=to("Observation/example"))],
            "output": [
                typed(TEMPORARY, "resulting-activity", valueCodeableConcept=concept(SNOMED, "467771000124109")),
                typed(TEMPORARY, "additional-content", valueReference=to("Goal/SDOHCC-GoalFoodSecurityExample")),
            ],
        },
    ),
    Base("SDOHCC-TaskForPatient", "contact", _CONTACT),
    Base("SDOHCC-TaskForPatient", "form", _FORM),
    Base("SDOHCC-TaskForPatient", "review", "SDOHCC-TaskPatientReviewInformationCompletedExample"),
    Base(
        "SDOHCC-TaskForPatient",
        "answered",
        _CONTACT,
        {
            "statusReason": {"text": "All is done"},
            "partOf": [to("Task/SDOHCC-TaskReferralManagementOrderFulfillmentAcceptedExample")],
            "output": [typed(TEMPORARY, "chosen-contact", valueMarkdown="I called the clinic.")],
        },
    ),
    Base(
        "SDOHCC-TaskForPatient",
        "information",
        _CONTACT,
        {
            "code": {**concept(TEMPORARY, "general-information"), "text": "General information"},
            "input": None,
            "output": [typed(TEMPORARY, "general-information-response", valueMarkdown="I am well.")],
        },
    ),
    Base(
        "SDOHCC-TaskForPatient",
        "pdf",
        _FORM,
        {
            "input": [typed(TEMPORARY, "questionnaire-pdf", valueReference=to("DocumentReference/form")), _RISK],
            "output": [typed(TEMPORARY, "questionnaire-pdf-completed", valueReference=to("DocumentReference/filled"))],
        },
    ),
    Base(
        "SDOHCC-TaskForPatient",
        "url",
        _FORM,
        {
            "input": [typed(TEMPORARY, "questionnaire-url", valueUrl="http://example.org/form"), _RISK],
            "output": None,
        },
    ),
    *bases_places.BASES,
    *bases_observations.BASES,
)
