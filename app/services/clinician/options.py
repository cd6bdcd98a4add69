"""Who can help: the organizations of this network, with what their programmes say about themselves, in plain words.

What a programme says of its room is its own word, with the day when it said so; nobody's place is promised by it.
*Source*: SDOH Clinical Care 3.0.0, HealthcareService for referral management, capacity status; product sheet F24, F28.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.referral import words
from app.domain.referral.needs import Need
from app.domain.referral.task import PROFILE, TEMPORARY_CODES
from app.fhir import json
from app.services.network import Network
from app.store import directory, patients
from app.store.members import MemberRow

MOST = 500
CAPACITY = PROFILE + "SDOHCC-ExtensionHealthcareServiceCapacityStatus"
ROOM = {
    "capacity": "Has room",
    "no-capacity": "Full at the moment",
    "waitlist": "Has a waiting list",
    "additional-assessment-required": "Asks some questions first",
}
# what comes first in the list; what nobody knows stands between yes and no
ORDER = {"capacity": 0, "additional-assessment-required": 1, "": 1, "waitlist": 2, "no-capacity": 3}
DAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme in words; `helps` says whether it is for the need that was asked about."""

    name: str
    helps: bool
    room: str
    room_note: str
    room_order: int
    said_at: datetime
    hours: str
    languages: str
    about: str
    phone: str


@dataclass(frozen=True, slots=True)
class Option:
    """An organization that can be asked; programmes for the need come first."""

    member: UUID
    name: str
    programmes: tuple[Programme, ...]

    @property
    def helps(self) -> bool:
        return any(each.helps for each in self.programmes)


async def options(network: Network, need: Need) -> list[Option]:
    """Who can be asked: first those with a programme for the need and with room, then by name."""
    async with network.store.unit([network.coordinator]) as unit:
        targets = [row for row in await directory.all_members(unit) if row.kind == "target"]
        found = await patients.programmes(unit, [row.organization for row in targets], MOST)
    by_member: dict[UUID, list[Programme]] = {}
    for each in found:
        tree = json.parse(each.service.body)
        if tree.get("active") is not False:
            by_member.setdefault(each.member, []).append(programme(tree, need, each.said_at))
    return sorted((_option(row, by_member.get(row.organization, [])) for row in targets), key=_rank)


async def option(network: Network, need: Need, member: UUID) -> Option | None:
    """One of them, or None when it cannot be asked."""
    return next((each for each in await options(network, need) if each.member == member), None)


def programme(tree: dict[str, Any], need: Need, said_at: datetime) -> Programme:
    """A HealthcareService in words."""
    room, note = _capacity(tree)
    return Programme(
        name=str(tree.get("name") or words.concept(next(iter(tree.get("type", ())), {})) or "Programme"),
        helps=any(_is(coding, need) for each in tree.get("category", ()) for coding in each.get("coding", ())),
        room=ROOM.get(room, ""),
        room_note=note,
        room_order=ORDER.get(room, ORDER[""]),
        said_at=said_at,
        hours=hours(tree.get("availableTime", ())),
        languages=", ".join(filter(None, (words.concept(each) for each in tree.get("communication", ())))),
        about=str(tree.get("comment", "")),
        phone=words.reach([tree], "phone"),
    )


def hours(times: Iterable[dict[str, Any]]) -> str:
    """ "Mon to Fri 9 am to 5 pm; Sat all day": as it is written on a door."""
    return "; ".join(filter(None, (_one_time(each) for each in times)))


def _one_time(time: dict[str, Any]) -> str:
    days = _days([DAYS[day] for day in DAYS if day in time.get("daysOfWeek", ())])
    if time.get("allDay") is True:
        return f"{days} all day".strip()
    start, end = (_clock(str(time.get(name, ""))) for name in ("availableStartTime", "availableEndTime"))
    span = f"{start} to {end}" if start and end else f"from {start}" if start else f"until {end}" if end else ""
    return f"{days} {span}".strip()


def _days(days: list[str]) -> str:
    """Neighbours are told as a span."""
    order = list(DAYS.values())
    if len(days) > 2 and order.index(days[-1]) - order.index(days[0]) == len(days) - 1:
        return f"{days[0]} to {days[-1]}"
    return ", ".join(days)


def _clock(time: str) -> str:
    hour, _, rest = time.partition(":")
    if not hour.isdigit():
        return ""
    minute, half = rest[:2], "am" if int(hour) < 12 else "pm"
    return f"{int(hour) % 12 or 12}{'' if minute in ('', '00') else ':' + minute} {half}"


def _capacity(tree: dict[str, Any]) -> tuple[str, str]:
    for extension in tree.get("extension", ()):
        if extension.get("url") == CAPACITY:
            parts = {part.get("url"): part for part in extension.get("extension", ())}
            codings = parts.get("capacityStatus", {}).get("valueCodeableConcept", {}).get("coding", ())
            code = next((each.get("code", "") for each in codings if each.get("system") == TEMPORARY_CODES), "")
            return str(code), str(parts.get("capacityNotes", {}).get("valueString", ""))
    return "", ""


def _is(coding: dict[str, Any], need: Need) -> bool:
    return (coding.get("system"), coding.get("code")) == (need.category.system, need.category.code)


def _option(row: MemberRow, programmes: list[Programme]) -> Option:
    ordered = sorted(programmes, key=lambda each: (not each.helps, each.room_order, each.name))
    return Option(row.organization, row.name, tuple(ordered))


def _rank(option: Option) -> tuple[bool, int, str]:
    room = min((each.room_order for each in option.programmes if each.helps), default=ORDER[""])
    return (not option.helps, room, option.name)
