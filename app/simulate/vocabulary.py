"""Words and small shapes that every resource of a referral is made of."""

from dataclasses import dataclass
from typing import Any

from app.simulate.needs import Coded, Need
from app.simulate.people import Person

Resource = dict[str, Any]

GUIDE = "http://hl7.org/fhir/us/sdoh-clinicalcare/"
PROFILE = GUIDE + "StructureDefinition/SDOHCC-"
CATEGORIES = GUIDE + "CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
US_CORE_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"
SNOMED = "http://snomed.info/sct"
TERMS = "http://terminology.hl7.org/CodeSystem/"


@dataclass(frozen=True, slots=True)
class Clinic:
    """Who refers. `naming` begins the systems of all its identifiers."""

    name: str
    naming: str
    doctor_given: str = "Noor"
    doctor_family: str = "Salim"
    phone: str = "555-0100"
    email: str = "care@clinic.example"

    @property
    def doctor(self) -> str:
        return f"Dr. {self.doctor_given} {self.doctor_family}"

    def identifier(self, kind: str, value: str) -> Resource:
        return {"system": f"{self.naming}/{kind}", "value": value}


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for whom. `number` is its own, the identifier of all that is made for it; `performer` '' leaves the
    choice to the network; `named` false is a consent that names nobody; `at` an instant."""

    number: str
    person: Person
    need: Need
    owner: str
    performer: str
    named: bool
    urgent: bool
    at: str

    @property
    def priority(self) -> str:
        return "urgent" if self.urgent else "routine"


def concept(system: str, coded: Coded) -> Resource:
    return {"coding": [{"system": system, "code": coded.code, "display": coded.display}]}
