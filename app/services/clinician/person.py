"""Whom the pages are about: name, birth date and record number, on every page (security sheet APP-11)."""

from dataclasses import dataclass

from app.domain.referral import words
from app.domain.referral.numbers import record_number
from app.fhir.json import JsonObject
from app.services.launch.session import Launched


@dataclass(frozen=True, slots=True)
class Banner:
    """`birth_date` is '' where it is not known."""

    name: str
    birth_date: str
    record: str


def banner(launched: Launched, patient: JsonObject | None) -> Banner:
    """From the person's record; where it could not be read, from what the launch said."""
    tree = patient or {}
    return Banner(
        name=words.person_name(tree) or launched.patient_name,
        birth_date=str(tree.get("birthDate", "")),
        record=record_number(tree.get("identifier")) or launched.patient or "",
    )
