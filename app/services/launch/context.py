"""What an EHR says about a launch besides the tokens, checked before anything relies on it.

*Source*: SMART App Launch 2.2, Scopes and Launch Context; security sheet APP-10, APP-11, E13, E16.
"""

import re
from typing import Any, Final

from app.fhir.json import JsonObject
from app.gateways.ehr.smart import Granted

ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
FHIR_USER: Final = re.compile(
    r"(Patient|Practitioner|PractitionerRole|RelatedPerson|Person)/[A-Za-z0-9\-.]{1,64}", re.ASCII
)
NAMING: Final = ("reference", "canonical", "identifier")
MAX_CONTEXT_ITEMS: Final = 20
MAX_TEXT: Final = 500


def is_id(text: str) -> bool:
    return ID.fullmatch(text) is not None


def user_reference(fhir_user: str | None, fhir_base: str) -> str | None:
    """`Practitioner/7`, when the claim is a person of this very EHR; None for anything else, which is not fetched."""
    if fhir_user is None:
        return None
    relative = fhir_user.removeprefix(f"{fhir_base}/")
    return relative if FHIR_USER.fullmatch(relative) else None


def behind_role(role: JsonObject, fhir_base: str) -> str | None:
    """`Practitioner/7`: the person behind a PractitionerRole of this EHR, where it is one of this EHR as well."""
    practitioner = role.get("practitioner")
    said = practitioner.get("reference") if isinstance(practitioner, dict) else None
    found = user_reference(said, fhir_base) if isinstance(said, str) else None
    return found if found and found.startswith("Practitioner/") else None


def context_of(granted: Granted) -> dict[str, Any]:
    """What is kept of the context: the encounter, whether we show the patient, and what else is open at the EHR."""
    encounter = granted.encounter if granted.encounter and is_id(granted.encounter) else None
    items = [_item(each) for each in granted.fhir_context[:MAX_CONTEXT_ITEMS] if isinstance(each, dict)]
    return {
        "encounter": encounter,
        "banner": granted.need_patient_banner,
        "fhirContext": [item for item in items if any(name in item for name in NAMING) and _may_stand_here(item)],
    }


def _item(given: dict[str, Any]) -> dict[str, str]:
    """Its texts; unknown members and whatever is no short text are left out."""
    names = ("reference", "canonical", "type", "role")
    return {name: given[name] for name in names if type(given.get(name)) is str and len(given[name]) <= MAX_TEXT}


def _may_stand_here(item: dict[str, str]) -> bool:
    """Patient and encounter of the launch have members of their own; here they are somebody else."""
    kind = item.get("reference", "").split("/")[0]
    return kind not in ("Patient", "Encounter") or item.get("role", "launch") != "launch"
