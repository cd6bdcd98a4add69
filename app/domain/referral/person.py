"""The person whom a call is about, and somebody who calls for her, as resources of ours.

*Source*: US Core 7.0.0, Patient and RelatedPerson; what was not said stays away, gender is written as unknown.
"""

import re
from dataclasses import dataclass
from datetime import date

from app.fhir.json import JsonObject

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
OLDEST_YEAR = 1880
WHOLE_OR_PART = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
AS_AMERICANS_WRITE = re.compile(r"(?:(\d{1,2})/)?(\d{1,2})/(\d{4})")

# BCP 47 codes of the languages that a form offers
LANGUAGES = {
    "en": "English",
    "es": "Spanish",
    "ase": "American Sign Language",
    "ar": "Arabic",
    "zh": "Chinese",
    "fr": "French",
    "de": "German",
    "ht": "Haitian Creole",
    "hi": "Hindi",
    "hmn": "Hmong",
    "it": "Italian",
    "ja": "Japanese",
    "km": "Khmer",
    "ko": "Korean",
    "nv": "Navajo",
    "ne": "Nepali",
    "fa": "Persian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "so": "Somali",
    "sw": "Swahili",
    "tl": "Tagalog",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What was said about the person, '' where nothing was; `birth_date` is a FHIR date, `language` of LANGUAGES."""

    given: str
    family: str
    birth_date: str = ""
    phone: str = ""
    email: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Helper:
    """Somebody who calls for the person; `relation` in her own words."""

    name: str
    relation: str
    phone: str


def birth_date(text: str, today: date) -> str:
    """The FHIR date that was typed, whole or in part: 1958, 1958-04, 1958-04-17, 4/1958 or 4/17/1958; '' for ''.

    Raises ValueError for anything else, and for a day that no living person was born on.
    """
    if not text:
        return ""
    year, month, day = _parts(text)
    first = date(year, month or 1, day or 1)
    if not year >= OLDEST_YEAR or first > today:
        raise ValueError("nobody alive was born then")
    return first.isoformat()[: 10 if day else 7 if month else 4]


def _parts(text: str) -> tuple[int, int, int]:
    """Year, month, day; 0 where it was not said."""
    if found := WHOLE_OR_PART.fullmatch(text):
        year, month, day = found.groups()
    elif found := AS_AMERICANS_WRITE.fullmatch(text):
        month, day, year = found.groups()
        month, day = (month, day) if month else (day, None)
    else:
        raise ValueError("not a date")
    if (month is not None and not int(month)) or (day is not None and not int(day)):
        raise ValueError("not a date")
    return int(year), int(month or 0), int(day or 0)


def patient(said: Said, identifier: JsonObject) -> JsonObject:
    name = {"family": said.family, "given": [said.given] if said.given else []}
    address = {
        "use": "home",
        "line": [said.street] if said.street else [],
        "city": said.city,
        "state": said.state,
        "postalCode": said.postal_code,
    }
    language = {"system": "urn:ietf:bcp:47", "code": said.language, "display": LANGUAGES.get(said.language, "")}
    return _said(
        {
            "resourceType": "Patient",
            "meta": {"profile": [US_CORE + "patient"]},
            "identifier": [identifier],
            "active": True,
            "name": [_said(name)],
            "telecom": _telecom(said.phone, said.email),
            "gender": "unknown",
            "birthDate": said.birth_date,
            "address": [_said(address)] if len(_said(address)) > 1 else [],
            "communication": [{"language": {"coding": [language]}, "preferred": True}] if said.language else [],
        }
    )


def related_person(helper: Helper, person: str) -> JsonObject:
    """`person` is the reference of the Patient."""
    return _said(
        {
            "resourceType": "RelatedPerson",
            "meta": {"profile": [US_CORE + "relatedperson"]},
            "active": True,
            "patient": {"reference": person},
            "relationship": [{"text": helper.relation}],
            "name": [{"text": helper.name}],
            "telecom": _telecom(helper.phone, ""),
        }
    )


def _telecom(phone: str, email: str) -> list[JsonObject]:
    return [{"system": kind, "value": value} for kind, value in (("phone", phone), ("email", email)) if value]


def _said(tree: JsonObject) -> JsonObject:
    """Without what was not said."""
    return {name: value for name, value in tree.items() if value not in ("", [])}
