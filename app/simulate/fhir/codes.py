"""Codes of the chart beyond those that a referral is made of.

*Source*: ICD-10-CM 2025; LOINC (Hunger Vital Sign, PRAPARE); US Core 6.1.0, SDOH guidance.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.simulate.needs import Coded

ICD_10 = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC = "http://loinc.org"
ABSENT_CODES = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
CONCERN = "http://hl7.org/fhir/us/core/CodeSystem/condition-category"
CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


@dataclass(frozen=True, slots=True)
class Asked:
    """How a need is written in charts that know no SDOH Clinical Care: billing code, question, answer, own code."""

    billing: Coded
    question: Coded
    answer: Coded
    local: Coded


ASKED: Mapping[str, Asked] = {
    "food-insecurity": Asked(
        Coded("Z59.41", "Food insecurity"),
        Coded("88122-7", "Within the past 12 months we worried whether our food would run out before we got money"),
        Coded("LA28397-0", "Often true"),
        Coded("SDH-FOOD", "Food runs out"),
    ),
    "homelessness": Asked(
        Coded("Z59.02", "Unsheltered homelessness"),
        Coded("71802-3", "Housing status"),
        Coded("LA30190-5", "I do not have a steady place to live"),
        Coded("SDH-HOME", "No home"),
    ),
    "transportation-insecurity": Asked(
        Coded("Z59.82", "Transportation insecurity"),
        Coded("93030-5", "Has lack of transportation kept you from medical appointments, meetings, work, or things"),
        Coded("LA30133-5", "Yes, it has kept me from medical appointments or from getting my medications"),
        Coded("SDH-RIDE", "No ride"),
    ),
}
# Not of this network's business: a chart holds much that no referral for a social need may carry along.
ILLNESSES = (
    Coded("59621000", "Essential hypertension"),
    Coded("195967001", "Asthma"),
    Coded("44054006", "Type 2 diabetes mellitus"),
    Coded("35489007", "Depressive disorder"),
    Coded("84757009", "Epilepsy"),
)
MEASURES = (
    (Coded("8867-4", "Heart rate"), "/min", 72),
    (Coded("9279-1", "Respiratory rate"), "/min", 16),
    (Coded("8310-5", "Body temperature"), "Cel", 37),
    (Coded("29463-7", "Body weight"), "kg", 74),
)
