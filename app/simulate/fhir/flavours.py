"""One patient's chart as different EHRs write it: SDOH Clinical Care, US Core 3.1.1, US Core 6.1.0.

*Source*: US Core 3.1.1 and 6.1.0, Condition, Observation, Patient, missing data; SDOH Clinical Care 3.0.0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from app.simulate import parties
from app.simulate.fhir.codes import (
    ABSENT,
    ABSENT_CODES,
    ASKED,
    CONCERN,
    CONDITION_CATEGORY,
    ICD_10,
    ILLNESSES,
    LOINC,
    MEASURES,
    OBSERVATION_CATEGORY,
)
from app.simulate.needs import Coded, Need
from app.simulate.people import Person
from app.simulate.vocabulary import (
    CATEGORIES,
    PROFILE,
    SNOMED,
    TERMS,
    US_CORE,
    US_CORE_CATEGORY,
    Clinic,
    Resource,
    concept,
)

Flavour = Literal["sdohcc", "us-core-3", "us-core-6"]
FLAVOURS: tuple[Flavour, ...] = ("sdohcc", "us-core-3", "us-core-6")
ABSENT_HERE: Resource = {"extension": [{"url": ABSENT, "valueCode": "unknown"}]}
PROBLEM = Coded("problem-list-item", "Problem List Item")
CONCERNS = Coded("health-concern", "Health Concern")
SDOH = Coded("sdoh", "SDOH")


@dataclass(frozen=True, slots=True)
class Subject:
    """A patient with what she needs; `past` is a need that is over. `at` is an instant."""

    id: str
    person: Person
    needs: tuple[Need, ...]
    past: Need | None
    at: str

    @property
    def reference(self) -> Resource:
        return {"reference": f"Patient/{self.id}", "display": self.person.name}


def chart(clinic: Clinic, subject: Subject, flavour: Flavour) -> Iterator[Resource]:
    """Patient, Conditions, Observations, each with its id."""
    yield _patient(clinic, subject, flavour)
    for need in subject.needs:
        word = need.category.code
        observed = _observation(clinic, subject, need, flavour)
        yield observed | {"id": f"{subject.id}-{word}-observation"}
        yield _condition(clinic, subject, need, flavour) | {"id": f"{subject.id}-{word}"}
    if subject.past is not None:
        over = concept(TERMS + "condition-clinical", Coded("resolved", "Resolved"))
        ended = _condition(clinic, subject, subject.past, flavour) | {"clinicalStatus": over}
        yield ended | {"id": f"{subject.id}-past"}
    yield from _everything_else(subject, flavour)


def _patient(clinic: Clinic, subject: Subject, flavour: Flavour) -> Resource:
    tree = parties.patient(clinic, subject.person) | {"id": subject.id}
    kind = concept(TERMS + "v2-0203", Coded("MR", "Medical record number"))
    tree["identifier"] = [each | {"type": kind} for each in tree["identifier"]]
    if flavour == "sdohcc":
        return tree
    tree["meta"] = {"profile": [US_CORE + "patient"]}
    tree["name"] = [*tree["name"], {"use": "old", "_family": ABSENT_HERE, "given": [subject.person.given]}]
    if flavour == "us-core-6":
        race = {"system": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "code": "UNK", "display": "Unknown"}
        parts = [{"url": "ombCategory", "valueCoding": race}, {"url": "text", "valueString": "Unknown"}]
        tree["extension"] = [{"url": US_CORE + "race", "extension": parts}]
        return tree
    del tree["communication"]
    tree["telecom"] = [{"system": "phone", "_value": ABSENT_HERE}, *tree["telecom"]]
    return tree


def _condition(clinic: Clinic, subject: Subject, need: Need, flavour: Flavour) -> Resource:
    asked = ASKED[need.category.code]
    local = {"system": f"{clinic.naming}/problems", "code": asked.local.code, "display": asked.local.display}
    tree: Resource = {
        "resourceType": "Condition",
        "clinicalStatus": concept(TERMS + "condition-clinical", Coded("active", "Active")),
        "verificationStatus": concept(TERMS + "condition-ver-status", Coded("confirmed", "Confirmed")),
        "subject": subject.reference,
        "recordedDate": subject.at,
    }
    if flavour == "us-core-3":
        profile, categories = US_CORE + "condition", [concept(CONDITION_CATEGORY, PROBLEM)]
        code = {"coding": [local, _coding(ICD_10, asked.billing)], "text": asked.billing.display}
        tree["_onsetDateTime"] = ABSENT_HERE
    elif flavour == "us-core-6":
        profile = US_CORE + "condition-problems-health-concerns"
        categories = [concept(CONCERN, CONCERNS), concept(US_CORE_CATEGORY, SDOH)]
        code = {"coding": [local, _coding(SNOMED, need.finding), _coding(ICD_10, asked.billing)]}
    else:
        profile = PROFILE + "Condition"
        sdoh, category = concept(US_CORE_CATEGORY, SDOH), concept(CATEGORIES, need.category)
        categories = [concept(CONCERN, CONCERNS), sdoh, category]
        code = concept(SNOMED, need.finding)
        tree["evidence"] = [{"detail": [{"reference": f"Observation/{subject.id}-{need.category.code}-observation"}]}]
    return tree | {"meta": {"profile": [profile]}, "category": categories, "code": code}


def _observation(clinic: Clinic, subject: Subject, need: Need, flavour: Flavour) -> Resource:
    asked = ASKED[need.category.code]
    tree: Resource = {
        "resourceType": "Observation",
        "status": "final",
        "subject": subject.reference,
        "effectiveDateTime": subject.at,
    }
    social = concept(OBSERVATION_CATEGORY, Coded("social-history", "Social History"))
    survey = concept(OBSERVATION_CATEGORY, Coded("survey", "Survey"))
    if flavour == "us-core-3":
        own = {"system": f"{clinic.naming}/questions", "code": f"Q-{asked.local.code}", "display": asked.local.display}
        absent = concept(ABSENT_CODES, Coded("asked-declined", "Asked But Declined"))
        about = {"category": [social], "code": {"coding": [own]}, "dataAbsentReason": absent}
        return tree | about
    if flavour == "us-core-6":
        answer = {"coding": [_coding(LOINC, asked.answer)], "text": asked.answer.display}
        about = {"category": [survey, concept(US_CORE_CATEGORY, SDOH)], "code": concept(LOINC, asked.question)}
        profile = US_CORE + "observation-screening-assessment"
        return tree | about | {"valueCodeableConcept": answer, "meta": {"profile": [profile]}}
    about = {"category": [concept(US_CORE_CATEGORY, SDOH), concept(CATEGORIES, need.category)]}
    value = {"code": concept(SNOMED, need.observed), "valueBoolean": True}
    return tree | about | value | {"meta": {"profile": [PROFILE + "ObservationAssessment"]}}


def _everything_else(subject: Subject, flavour: Flavour) -> Iterator[Resource]:
    """Illnesses and measurements."""
    confirmed = concept(TERMS + "condition-ver-status", Coded("confirmed", "Confirmed"))
    active = concept(TERMS + "condition-clinical", Coded("active", "Active"))
    for number, illness in enumerate(ILLNESSES):
        code = concept(SNOMED, illness)
        if flavour == "us-core-3" and number == 0:
            code = concept(ABSENT_CODES, Coded("unknown", "Unknown"))
        yield {
            "resourceType": "Condition",
            "id": f"{subject.id}-problem-{number}",
            "clinicalStatus": active,
            "verificationStatus": confirmed,
            "category": [concept(CONDITION_CATEGORY, PROBLEM)],
            "code": code,
            "subject": subject.reference,
        }
    for number, (measure, unit, value) in enumerate(MEASURES):
        quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
        yield {
            "resourceType": "Observation",
            "id": f"{subject.id}-vital-{number}",
            "status": "final",
            "category": [concept(OBSERVATION_CATEGORY, Coded("vital-signs", "Vital Signs"))],
            "code": concept(LOINC, measure),
            "subject": subject.reference,
            "effectiveDateTime": subject.at,
            "valueQuantity": quantity,
        }


def _coding(system: str, coded: Coded) -> Resource:
    return {"system": system, "code": coded.code, "display": coded.display}
