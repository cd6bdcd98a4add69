"""Looking for the patient of a launch that named none, in the EHR's own list.

*Source*: security sheet APP-11 (wrong-patient guard); section E, patient missing from the context.
"""

from dataclasses import dataclass, replace
from datetime import date

from app.domain.referral.numbers import any_number
from app.fhir.errors import BusinessRule, Invalid
from app.gateways.ehr.smart import EhrTrouble
from app.services.launch import looking
from app.services.launch.context import is_id
from app.services.launch.people import name_of
from app.services.launch.session import Launched, chart_of, choose_patient
from app.services.network import Network

MOST = 20
MIN_LETTERS = 2
MAX_NAME = 250
MAX_NUMBER = 40
SEXES = {"male": "male", "female": "female", "other": "other"}


@dataclass(frozen=True, slots=True)
class Found:
    """One patient, with what tells her from others of the name. `birth_date` as FHIR writes it, or empty."""

    id: str
    name: str
    birth_date: str
    sex: str
    number: str


async def find_patients(network: Network, launched: Launched, *, name: str, birth_date: str) -> list[Found] | None:
    """At most MOST patients; None when the EHR does not let us look. Raises Invalid when nothing useful was typed."""
    asked = _question(name, birth_date)
    await looking.searched(network, launched)
    chart = await chart_of(network, launched)
    try:
        trees = await chart.search("Patient", asked, most=MOST)
    except EhrTrouble as trouble:
        if trouble.kind in ("refused", "not-fhir", "not-offered"):
            return None
        raise
    patients = [tree for tree in trees if tree.get("resourceType") == "Patient" and is_id(str(tree.get("id", "")))]
    return sorted(map(_found, patients), key=lambda each: (each.name, each.birth_date, each.id))


async def take_patient(network: Network, launched: Launched, remote_id: str) -> None:
    """The patient of this launch from here on, read from the EHR once more. Raises BusinessRule."""
    tree = await (await chart_of(network, launched)).read("Patient", remote_id) if is_id(remote_id) else None
    if tree is None:
        raise BusinessRule("launch-patient", "Choose a patient from the list.")
    await choose_patient(network, launched, remote_id, name_of(tree))
    await looking.looked(network, replace(launched, patient=remote_id), "patient chosen")


def _question(name: str, birth_date: str) -> dict[str, str]:
    if birth_date:
        try:
            date.fromisoformat(birth_date)
        except ValueError:
            raise Invalid("launch-birth-date", "Write the birth date as year-month-day.") from None
    if not birth_date and len(name) < MIN_LETTERS:
        raise Invalid("launch-search", "Write a name, a birth date, or both.")
    asked = {"name": name[:MAX_NAME], "birthdate": birth_date}
    return {parameter: value for parameter, value in asked.items() if value}


def _found(tree: dict[str, object]) -> Found:
    return Found(
        id=str(tree["id"]),
        name=name_of(tree),
        birth_date=_text(tree.get("birthDate"), 10),
        sex=SEXES.get(_text(tree.get("gender"), 10), ""),
        number=any_number(tree.get("identifier"))[:MAX_NUMBER],
    )


def _text(value: object, most: int) -> str:
    return value[:most] if isinstance(value, str) else ""
