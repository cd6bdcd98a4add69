"""What each demo organization offers: hours, languages, capacity, as HealthcareServices that the whole network sees.

*Source*: SDOH Clinical Care 3.0.0, HealthcareServiceForReferralManagement and its capacity status.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.demo.cast import FOOD, NAMING, RIDE, SHELTER, TARGETS
from app.services.caller import the_network
from app.services.network import Network
from app.services.write import write
from app.services.writing import Criterion, Entry, new
from app.simulate.needs import Need
from app.store.record import ParticipationRow
from app.store.visibility import EVERYBODY

GUIDE = "http://hl7.org/fhir/us/sdoh-clinicalcare/"
CODES = GUIDE + "CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
PROFILE = GUIDE + "StructureDefinition/SDOHCC-HealthcareServiceForReferralManagement"
CAPACITY = GUIDE + "StructureDefinition/SDOHCC-ExtensionHealthcareServiceCapacityStatus"
LANGUAGES = {"en": "English", "es": "Spanish", "vi": "Vietnamese"}


@dataclass(frozen=True, slots=True)
class Programme:
    """`kind`: (service-type code, display); `hours`: days, from, to."""

    name: str
    of: str
    need: Need
    kind: tuple[str, str]
    hours: tuple[tuple[str, ...], str, str]
    languages: tuple[str, ...]
    capacity: tuple[str, str]
    notes: str
    phone: str


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
PROGRAMMES = (
    Programme("Pantry and application help", TARGETS[0].name, FOOD, ("548", "Food Relief/Food/Meals"),
              (WEEKDAYS, "09:00:00", "16:30:00"), ("en", "es"), ("capacity", "Has Capacity"),
              "Boxes for 40 more households this month.", "555-0120"),
    Programme("Emergency beds", TARGETS[1].name, SHELTER, ("126", "Crisis/Emergency Accommodation"),
              ((*WEEKDAYS, "sat", "sun"), "00:00:00", "23:59:00"), ("en", "es"),
              ("waitlist", "No Capacity - Has Waitlist"), "About five days.", "555-0130"),
    Programme("Rides to appointments", TARGETS[2].name, RIDE, ("295", "Community Transport"),
              (WEEKDAYS, "07:00:00", "18:00:00"), ("en", "vi"), ("capacity", "Has Capacity"),
              "Book two days ahead.", "555-0140"),
)  # fmt: skip


async def ensure_programmes(network: Network, members: dict[str, UUID]) -> None:
    """A second call finds each by its identifier and changes nothing."""
    entries = [_entry(network, f"programme-{number}", each, members) for number, each in enumerate(PROGRAMMES, 1)]
    await write(network, the_network(network.coordinator, request_id="demo"), entries)


def _entry(network: Network, number: str, programme: Programme, members: dict[str, UUID]) -> Entry:
    key = network.ids.next()
    seen_by_all = ParticipationRow(EVERYBODY, key, key, "directory")
    entry = new(network, _tree(programme, number, members[programme.of]), id=key, shares=(seen_by_all,))
    entry.criterion = Criterion(f"{NAMING}/programme", number)
    return entry


def _tree(programme: Programme, number: str, member: UUID) -> dict[str, Any]:
    service_category = {"system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "code": "sdoh"}
    category = {"system": CODES, "code": programme.need.category.code, "display": programme.need.category.display}
    code, display = programme.kind
    days, opens, closes = programme.hours
    return {
        "resourceType": "HealthcareService",
        "meta": {"profile": [PROFILE]},
        "extension": [_capacity(programme)],
        "identifier": [{"system": f"{NAMING}/programme", "value": number}],
        "active": True,
        "providedBy": {"reference": f"Organization/{member}", "display": programme.of},
        "category": [{"coding": [service_category, category]}],
        "type": [{"coding": [_coding("service-type", code, display)]}],
        "name": programme.name,
        "telecom": [{"system": "phone", "value": programme.phone, "use": "work"}],
        "communication": [
            {"coding": [{"system": "urn:ietf:bcp:47", "code": each, "display": LANGUAGES[each]}]}
            for each in programme.languages
        ],
        "availableTime": [
            {"daysOfWeek": list(days), "availableStartTime": opens, "availableEndTime": closes},
        ],
    }


def _coding(system: str, code: str, display: str) -> dict[str, str]:
    return {"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code, "display": display}


def _capacity(programme: Programme) -> dict[str, Any]:
    code, display = programme.capacity
    status = {"coding": [{"system": CODES, "code": code, "display": display}]}
    return {
        "url": CAPACITY,
        "extension": [
            {"url": "capacityStatus", "valueCodeableConcept": status},
            {"url": "capacityNotes", "valueString": programme.notes},
        ],
    }
