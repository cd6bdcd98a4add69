"""Good observations; of the two profiles without an example, ones made by hand."""

from __future__ import annotations

from tests.mutations.base import Base
from tests.mutations.definitions import Tree
from tests.mutations.words import (
    EXTENSIONS,
    HL7,
    LOINC,
    RACES,
    TEMPORARY,
    UCUM,
    US_CORE_CATEGORY,
    concept,
    extension,
    to,
)

_ABSENT = f"{EXTENSIONS}data-absent-reason"
_MASKED = {"valueCodeableConcept": {"extension": [extension(_ABSENT, valueCode="masked")], "coding": None}}
# somebody who is a practitioner only, and about whom somebody else tells
_OF_A_PRACTITIONER = {
    "subject": {
        "reference": None,
        "extension": [
            extension(
                f"{EXTENSIONS}alternate-reference",
                valueReference=to("Practitioner/SDOHCC-PractitionerDrJanWaterExample"),
            )
        ],
    },
    "focus": [to("RelatedPerson/example")],
}
_SDOH = concept(US_CORE_CATEGORY, "sdoh")
_PERSONAL = concept(TEMPORARY, "personal-characteristic")
_SURVEY = concept(f"{HL7}observation-category", "survey")
_DAYS = {"value": 7, "unit": "days", "system": UCUM, "code": "d"}
_MEASURED: Tree = {
    "valueQuantity": _DAYS,
    "referenceRange": [{"low": _DAYS, "text": "seven"}],
    "note": [{"text": "something"}],
    "component": [{"code": {"text": "something"}, "valueString": "something"}],
}
_HUNGER = "SDOHCC-ObservationResponseHungerVitalSignQuestion3Example"

ENROLLMENT: Tree = {
    "resourceType": "Observation",
    "id": "program-enrollment-status",
    "status": "final",
    "category": [_SDOH, concept(TEMPORARY, "program-enrollment"), concept(TEMPORARY, "food-insecurity")],
    "code": {"text": "Summer food program"},
    "subject": to("Patient/pat-53234"),
    "focus": [to("HealthcareService/SDOHCC-HealthcareServiceSocialCareProgram")],
    "effectiveDateTime": "2026-11-02",
    "performer": [to("Organization/SDOHCC-OrganizationClinicExample")],
    "valueCodeableConcept": concept(TEMPORARY, "not-enrolled-on-waitlist"),
    "note": [{"text": "Seven are waiting"}],
}
ETHNICITY: Tree = {
    "resourceType": "Observation",
    "id": "ethnicity-omb",
    "status": "final",
    "category": [_PERSONAL],
    "code": concept(LOINC, "69490-1"),
    "subject": to("Patient/pat-53234"),
    "effectiveDateTime": "2026-11-02",
    "performer": [to("Patient/pat-53234")],
    "method": concept(TEMPORARY, "self-reported"),
    "component": [
        {"code": concept(LOINC, "69490-1"), "valueCodeableConcept": concept(RACES, "2135-2")},
        {"code": concept(LOINC, "69490-1"), "valueString": "Mexican"},
    ],
}


def _personal(profile: str, example: str) -> tuple[Base, ...]:
    """The example, one whose value is masked, one about a practitioner."""
    return (
        Base(profile, "plain", example),
        Base(profile, "masked", example, _MASKED),
        Base(profile, "practitioner", example, _OF_A_PRACTITIONER),
    )


BASES: tuple[Base, ...] = (
    Base("SDOHCC-ObservationAssessment", "plain", "SDOHCC-ObservationAssessmentInadequateFoodIntakeExample"),
    Base(
        "SDOHCC-ObservationAssessment",
        "full",
        "SDOHCC-ObservationAssessmentInadequateFoodIntakeExample",
        {"valueBoolean": None, **_MEASURED},
    ),
    Base("SDOHCC-ObservationScreeningResponse", "plain", _HUNGER),
    Base("SDOHCC-ObservationScreeningResponse", "panel", "SDOHCC-ObservationResponseNHANESGroupingExample"),
    Base(
        "SDOHCC-ObservationScreeningResponse",
        "full",
        _HUNGER,
        {
            "valueCodeableConcept": None,
            "effectiveDateTime": None,
            "effectivePeriod": {"start": "2026-11-02", "end": "2026-11-03"},
            **_MEASURED,
        },
    ),
    Base("SDOHCC-ObservationProgramEnrollmentStatus", "made", "", ENROLLMENT),
    Base(
        "SDOHCC-ObservationProgramEnrollmentStatus",
        "full",
        "",
        {**ENROLLMENT, "valueCodeableConcept": None, **_MEASURED},
    ),
    Base("SDOHCC-ObservationEthnicityOMB", "made", "", ETHNICITY),
    Base("SDOHCC-ObservationEthnicityOMB", "practitioner", "", {**ETHNICITY, **_OF_A_PRACTITIONER}),
    Base(
        "SDOHCC-ObservationEthnicityOMB",
        "absent",
        "",
        {**ETHNICITY, "component": None, "dataAbsentReason": concept(f"{HL7}data-absent-reason", "asked-declined")},
    ),
    Base("SDOHCC-ObservationRaceOMB", "plain", "SDOHCC-ObservationRaceOMBExample"),
    Base("SDOHCC-ObservationRaceOMB", "practitioner", "SDOHCC-ObservationRaceOMBExample", _OF_A_PRACTITIONER),
    Base(
        "SDOHCC-ObservationRaceOMB",
        "absent",
        "SDOHCC-ObservationRaceOMBExample",
        {"component": None, "dataAbsentReason": concept(f"{HL7}data-absent-reason", "asked-declined")},
    ),
    *_personal("SDOHCC-ObservationGenderIdentity", "SDOHCC-ObservationGenderIdentityExample"),
    *_personal("SDOHCC-ObservationPersonalPronouns", "SDOHCC-ObservationPersonalPronounsExample"),
    *_personal("SDOHCC-ObservationRecordedSexGender", "SDOHCC-ObservationRecordedSexGenderExample"),
    *_personal("SDOHCC-ObservationSexualOrientation", "SDOHCC-ObservationSexualOrientationExample"),
)
