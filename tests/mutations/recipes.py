"""How to break each invariant, by its key: a patch over a good resource. No tool can read that out of FHIRPath.

`weak` recipes break what the rule says in words, and not what its FHIRPath tests (sheet 3.3 and 12.3): the official
validator cannot find them. *Source*: SDOH Clinical Care 3.0.0, US Core 7.0.0, R4.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.mutations.definitions import Tree
from tests.mutations.words import (
    HL7,
    LOINC,
    SDC,
    TEMPORARY,
    UCUM,
    US_CORE_CATEGORY,
    concept,
    extension,
    to,
    typed,
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """`base` is `profile/name` of a good resource, or `*/name` of that of several profiles; `at`: where the rule stands."""

    rule: str
    base: str
    at: str
    patch: Tree = field(default_factory=dict)
    variant: str = ""
    weak: bool = False


_SURVEY = concept(f"{HL7}observation-category", "survey")
_FOOD = concept(TEMPORARY, "food-insecurity")
_STATUS = concept(US_CORE_CATEGORY, "functional-status")
_SDOH = concept(US_CORE_CATEGORY, "sdoh")
_CONCERN = concept("http://hl7.org/fhir/us/core/CodeSystem/condition-category", "health-concern")
_UNKNOWN = concept(f"{HL7}data-absent-reason", "asked-declined")
_FORM = typed(SDC, "questionnaire", valueCanonical="http://example.org/form")
_PDF = typed(TEMPORARY, "questionnaire-pdf", valueReference=to("DocumentReference/form"))
_URL = typed(TEMPORARY, "questionnaire-url", valueUrl="http://example.org/form")
_RISK = typed(TEMPORARY, "questionnaire-category", valueCodeableConcept=concept(TEMPORARY, "risk-questionnaire"))
_OTHER = typed(TEMPORARY, "additional-content", valueString="something else")
_PERSONAL = (
    "SDOHCC-ObservationEthnicityOMB/made",
    "SDOHCC-ObservationGenderIdentity/plain",
    "SDOHCC-ObservationPersonalPronouns/plain",
    "SDOHCC-ObservationRaceOMB/plain",
    "SDOHCC-ObservationRecordedSexGender/plain",
    "SDOHCC-ObservationSexualOrientation/plain",
)
_MEASURED = (
    "SDOHCC-ObservationAssessment/full",
    "SDOHCC-ObservationScreeningResponse/full",
    "SDOHCC-ObservationProgramEnrollmentStatus/full",
)
_PATIENT = "SDOHCC-TaskForPatient"
_REFERRAL = "SDOHCC-TaskForReferralManagement"

TASKS: tuple[Recipe, ...] = (
    Recipe("SDOH-Task-1", f"{_PATIENT}/form", "Task", {"input": [_RISK]}, "no-form"),
    Recipe("SDOH-Task-1", f"{_PATIENT}/form", "Task", {"input": [_FORM]}, "no-category"),
    Recipe("SDOH-Task-1", f"{_PATIENT}/form", "Task", {"input": [_FORM, _URL, _RISK]}, "two-forms"),
    Recipe("SDOH-Task-1", f"{_PATIENT}/url", "Task", {"input": [_FORM, _PDF, _URL, _RISK]}, "three-forms", weak=True),
    Recipe("SDOH-Task-2", f"{_PATIENT}/information", "Task", {"description": None}, "no-description"),
    Recipe("SDOH-Task-2", f"{_PATIENT}/information", "Task", {"output": [_OTHER]}, "other-output", weak=True),
    Recipe(
        "SDOH-Task-3",
        f"{_PATIENT}/review",
        "Task",
        {"contained": [{"resourceType": "Device", "id": "target"}], "focus": to("#target")},
        "other-focus",
    ),
    Recipe("SDOH-Task-3", f"{_PATIENT}/review", "Task", {"focus": to("Device/example")}, "literal-focus", weak=True),
    Recipe("SDOH-Task-3", f"{_PATIENT}/review", "Task", {"focus": None}, "no-focus", weak=True),
    Recipe("SDOH-Task-4", f"{_PATIENT}/contact", "Task", {"input": None}, "no-input"),
    Recipe("SDOH-Task-4", f"{_PATIENT}/contact", "Task", {"input": [_OTHER]}, "other-input"),
    Recipe("SDOH-Task-5", f"{_PATIENT}/form", "Task", {"output": [_OTHER]}, "other-output"),
    Recipe("SDOH-Task-6", f"{_PATIENT}/pdf", "Task", {"output": [_OTHER]}, "other-output", weak=True),
    Recipe("SDOH-Task-7", f"{_PATIENT}/answered", "Task", {"description": None}, "no-description"),
    Recipe("SDOH-Task-7", f"{_PATIENT}/answered", "Task", {"output": [_OTHER]}, "other-output", weak=True),
    Recipe("inv-1", f"{_PATIENT}/contact", "Task", {"lastModified": "2019-01-01"}),
    Recipe("inv-1", f"{_REFERRAL}/full", "Task", {"lastModified": "2019-01-01"}),
    Recipe("per-1", f"{_REFERRAL}/full", "Task.executionPeriod", {"executionPeriod": {"end": "2026-10-01"}}),
    Recipe("ref-1", f"{_REFERRAL}/plain", "Task.focus", {"focus": to("#nobody")}),
)

OBSERVATIONS: tuple[Recipe, ...] = (
    *(
        Recipe("obs-3", base, "Observation.referenceRange[0]", {"referenceRange": [{"appliesTo": [{"text": "all"}]}]})
        for base in _MEASURED
    ),
    *(Recipe("obs-6", base, "Observation", {"dataAbsentReason": _UNKNOWN}) for base in _MEASURED),
    *(
        Recipe(
            "obs-7",
            base,
            "Observation",
            {"code": {"coding": [_SELF]}, "component": [{"code": {"coding": [_SELF]}, "valueString": "something"}]},
        )
        for base in _MEASURED
        for _SELF in ({"system": LOINC, "code": "88124-3"},)
    ),
    *(Recipe("qty-3", base, "Observation.value", {"valueQuantity": {"system": None}}) for base in _MEASURED[:1]),
    *(
        Recipe(
            "sqty-1",
            base,
            "Observation.referenceRange[0].low",
            {"referenceRange": [{"low": {"value": 7, "comparator": "<", "system": UCUM, "code": "d"}}]},
        )
        for base in _MEASURED
    ),
    Recipe(
        "us-core-1",
        "SDOHCC-ObservationScreeningResponse/plain",
        "Observation.effective",
        {"effectiveDateTime": "2020-09"},
    ),
    Recipe("us-core-2", "SDOHCC-ObservationScreeningResponse/plain", "Observation", {"valueCodeableConcept": None}),
    Recipe("us-core-2", "SDOHCC-ObservationScreeningResponse/panel", "Observation", {"hasMember": None}, "no-members"),
    Recipe("us-core-2", "SDOHCC-ObservationAssessment/plain", "Observation", {"valueBoolean": None}),
    Recipe("us-core-2", "SDOHCC-ObservationSexualOrientation/plain", "Observation", {"valueCodeableConcept": None}),
    Recipe(
        "us-core-3",
        "SDOHCC-ObservationScreeningResponse/full",
        "Observation.value",
        {"valueQuantity": {"system": "http://example.org/units"}},
    ),
    *(
        Recipe(
            "SDOH-Obs-1",
            base,
            "Observation.subject",
            {"subject": {"reference": None, "display": "somebody"}},
            "neither",
        )
        for base in _PERSONAL
    ),
    *(
        Recipe(
            "SDOH-Obs-1",
            base,
            "Observation.subject",
            {
                "subject": {
                    "extension": [
                        extension(
                            "http://hl7.org/fhir/StructureDefinition/alternate-reference",
                            valueReference=to("Practitioner/SDOHCC-PractitionerDrJanWaterExample"),
                        )
                    ]
                }
            },
            "both",
        )
        for base in _PERSONAL
    ),
    *(
        Recipe("SDOH-Obs-2", base, "Observation", {"subject": None, "focus": [to("RelatedPerson/example")]})
        for base in _PERSONAL
    ),
    *(Recipe("SDOH-Obs-3", base, "Observation", {"performer": None, "derivedFrom": None}) for base in _PERSONAL),
    Recipe(
        "SDOH-Obs-4",
        "SDOHCC-ObservationScreeningResponse/plain",
        "Observation",
        {"category": [_SURVEY, _STATUS, _FOOD]},
    ),
    Recipe("SDOH-Obs-4", "SDOHCC-ObservationAssessment/plain", "Observation", {"category": [_STATUS, _FOOD]}),
    Recipe("SDOH-Race-1", "SDOHCC-ObservationRaceOMB/plain", "Observation", {"component": None}, "neither"),
    Recipe("SDOH-Race-1", "SDOHCC-ObservationRaceOMB/plain", "Observation", {"dataAbsentReason": _UNKNOWN}, "both"),
    Recipe("SDOH-Ethnicity-1", "SDOHCC-ObservationEthnicityOMB/made", "Observation", {"component": None}, "neither"),
    Recipe(
        "SDOH-Ethnicity-1", "SDOHCC-ObservationEthnicityOMB/made", "Observation", {"dataAbsentReason": _UNKNOWN}, "both"
    ),
)

OTHERS: tuple[Recipe, ...] = (
    Recipe("SDOH-Con-1", "SDOHCC-Condition/device", "Condition", {"asserter": to("Practitioner/example")}),
    Recipe("SDOH-Con-2", "SDOHCC-Condition/plain", "Condition", {"category": [_SDOH, _FOOD]}),
    Recipe("SDOH-Con-3", "SDOHCC-Condition/plain", "Condition", {"category": [_CONCERN, _STATUS, _FOOD]}),
    Recipe("con-1", "SDOHCC-Condition/plain", "Condition.stage[0]", {"stage": [{"type": {"text": "something"}}]}),
    Recipe(
        "con-2",
        "SDOHCC-Condition/plain",
        "Condition.evidence[0]",
        {"evidence": [{"extension": [extension("http://example.org/extension", valueString="something")]}]},
    ),
    Recipe(
        "con-4", "SDOHCC-Condition/full", "Condition", {"clinicalStatus": concept(f"{HL7}condition-clinical", "active")}
    ),
    Recipe(
        "con-5",
        "SDOHCC-Condition/plain",
        "Condition",
        {"verificationStatus": concept(f"{HL7}condition-ver-status", "entered-in-error")},
    ),
    Recipe(
        "gol-1",
        "SDOHCC-Goal/plain",
        "Goal.target[0]",
        {"target": [{"detailString": "enough", "dueDate": "2026-12-10"}]},
    ),
    Recipe("us-core-7", "SDOHCC-Procedure/plain", "Procedure", {"performedDateTime": None}, "completed"),
    Recipe(
        "us-core-7",
        "SDOHCC-Procedure/plain",
        "Procedure",
        {"performedDateTime": None, "status": "in-progress"},
        "in-progress",
    ),
    Recipe("prr-1", "SDOHCC-ServiceRequest/no-contact", "ServiceRequest", {"code": None}),
    Recipe(
        "per-1", "SDOHCC-ServiceRequest/full", "ServiceRequest.occurrence", {"occurrencePeriod": {"end": "2026-10-01"}}
    ),
    Recipe("grp-1", "SDOHCC-Group/full", "Group", {"actual": False}),
    Recipe("pd-1", "SDOHCC-practitionerrole/plain", "PractitionerRole", {"telecom": None}),
    Recipe(
        "us-core-13", "SDOHCC-practitionerrole/plain", "PractitionerRole", {"practitioner": None, "organization": None}
    ),
    Recipe("cpt-2", "SDOHCC-Location/full", "Location.telecom[0]", {"telecom": [{"value": "(555) 123"}]}),
    Recipe("ppc-1", "SDOHCC-Consent/plain", "Consent", {"policyRule": None}),
    Recipe("ppc-2", "SDOHCC-Consent/plain", "Consent", {"patient": None}),
    Recipe(
        "ppc-3",
        "SDOHCC-Consent/plain",
        "Consent",
        {"patient": None, "scope": concept(f"{HL7}consentscope", "research")},
    ),
    Recipe(
        "ppc-4", "SDOHCC-Consent/plain", "Consent", {"patient": None, "scope": concept(f"{HL7}consentscope", "adr")}
    ),
    Recipe(
        "ppc-5",
        "SDOHCC-Consent/plain",
        "Consent",
        {"patient": None, "scope": concept(f"{HL7}consentscope", "treatment")},
    ),
    Recipe("att-1", "SDOHCC-Consent/plain", "Consent.source", {"sourceAttachment": {"contentType": None}}),
)


def _contained(**more: object) -> Tree:
    """A resource that refers to the one that contains it, so that it may be there."""
    return {"resourceType": "Task", "id": "inside", "status": "requested", "intent": "order", "focus": to("#"), **more}


# R4's rules for every resource: each in some profiles' resources
EVERYWHERE: tuple[Recipe, ...] = (
    Recipe("dom-2", "", "", {"contained": [_contained(contained=[{"resourceType": "Device", "id": "nested"}])]}),
    Recipe("dom-3", "", "", {"contained": [{"resourceType": "Device", "id": "orphan"}]}),
    Recipe("dom-4", "", "", {"contained": [_contained(meta={"versionId": "7"})]}),
    Recipe("dom-5", "", "", {"contained": [_contained(meta={"security": [{"system": f"{HL7}v3-Confidentiality", "code": "R"}]})]}),
    Recipe("ext-1", "", ".extension[0]", {"extension": [extension("http://example.org/extension")]}, "neither"),
    Recipe("ext-1", "", ".extension[0]", {"extension": [extension("http://example.org/extension", valueString="something", extension=[extension("part", valueString="something")])]}, "both"),
    Recipe("txt-1", "", ".text.div", {"text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></div>'}}),
    Recipe("txt-2", "", ".text.div", {"text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"> </div>'}}),
    Recipe("ele-1", "", ".text", {"text": {"id": "a"}}),
)  # fmt: skip

# what cannot be broken where the profile demands more anyway, or where its element may not be there at all
NOT_ALONE = {
    "obs-3": "of personal characteristics referenceRange may not be there",
    "obs-6": "of personal characteristics either value or dataAbsentReason may not be there",
    "obs-7": "the codes of personal characteristics and of their components are the same by the profile",
}
