"""Who refers whom: clinic, doctor, her role there, patient.

*Source*: US Core 7.0.0; SDOH Clinical Care 3.0.0, PractitionerRole.
"""

from app.simulate.needs import Coded
from app.simulate.people import Person
from app.simulate.vocabulary import PROFILE, SNOMED, US_CORE, Clinic, Resource, concept


def organization(clinic: Clinic) -> Resource:
    return {
        "resourceType": "Organization",
        "meta": {"profile": [US_CORE + "organization|7.0.0"]},
        "identifier": [clinic.identifier("clinic", "1")],
        "active": True,
        "name": clinic.name,
        "telecom": [{"system": "phone", "value": clinic.phone, "use": "work"}],
    }


def practitioner(clinic: Clinic) -> Resource:
    return {
        "resourceType": "Practitioner",
        "meta": {"profile": [US_CORE + "practitioner|7.0.0"]},
        "identifier": [clinic.identifier("doctor", "1")],
        "active": True,
        "name": [{"family": clinic.doctor_family, "given": [clinic.doctor_given], "prefix": ["Dr."]}],
    }


def role(clinic: Clinic, urns: dict[str, str]) -> Resource:
    return {
        "resourceType": "PractitionerRole",
        "meta": {"profile": [PROFILE + "practitionerrole"]},
        "identifier": [clinic.identifier("role", "1")],
        "active": True,
        "practitioner": {"reference": urns["practitioner"], "display": clinic.doctor},
        "organization": {"reference": urns["organization"], "display": clinic.name},
        "code": [concept(SNOMED, Coded("62247001", "Family medicine specialist"))],
        "telecom": [
            {"system": "phone", "value": clinic.phone, "use": "work"},
            {"system": "email", "value": clinic.email, "use": "work"},
        ],
    }


def prefers(language: tuple[str, str]) -> Resource:
    """Patient.communication; of a code and its word."""
    return {"language": concept("urn:ietf:bcp:47", Coded(*language)), "preferred": True}


def patient(clinic: Clinic, person: Person) -> Resource:
    return {
        "resourceType": "Patient",
        "meta": {"profile": [US_CORE + "patient|7.0.0"]},
        "identifier": [clinic.identifier("patient", person.record_number)],
        "active": True,
        "name": [{"use": "official", "family": person.family, "given": [person.given]}],
        "telecom": [
            {"system": "phone", "value": person.phone, "use": "mobile"},
            {"system": "email", "value": person.email, "use": "home"},
        ],
        "gender": person.gender,
        "birthDate": person.birth_date,
        "address": [
            {
                "use": "home",
                "line": [person.line],
                "city": person.city,
                "state": person.state,
                "postalCode": person.postal_code,
                "country": "US",
            }
        ],
        "communication": [prefers(person.language)],
    }
