"""What programmes say about themselves, in the words of a door plate; those who can help stand first."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from app.domain.referral.needs import NEEDS
from app.services.clinician.options import hours, options, programme
from tests.clinician.charts import programme as service
from tests.clinician.ward import Ward

SAID_AT = datetime(2026, 11, 20, tzinfo=UTC)
FOOD = NEEDS[0]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([], ""),
        (
            [{"daysOfWeek": ["mon"], "availableStartTime": "08:00:00", "availableEndTime": "12:00:00"}],
            "Mon 8 am to 12 pm",
        ),
        ([{"daysOfWeek": ["fri", "mon", "wed"], "availableStartTime": "00:15"}], "Mon, Wed, Fri from 12:15 am"),
        ([{"daysOfWeek": ["mon", "tue", "wed", "thu", "fri"], "allDay": True}], "Mon to Fri all day"),
        ([{"availableEndTime": "17:00:00"}, {"daysOfWeek": ["sat", "sun"]}], "until 5 pm; Sat, Sun"),
    ],
)
def test_hours_read_like_a_door_plate(times: list[dict[str, Any]], said: str) -> None:
    assert hours(times) == said


def test_a_programme_says_its_room_as_its_own_word() -> None:
    found = programme(service(UUID(int=1)), FOOD, SAID_AT)
    assert (found.helps, found.room, found.room_note) == (True, "Has a waiting list", "about two weeks")
    other = programme(service(UUID(int=1)), NEEDS[1], SAID_AT)
    assert not other.helps
    silent = programme({"resourceType": "HealthcareService"}, FOOD, SAID_AT)
    assert (silent.name, silent.room, silent.hours) == ("Programme", "", "")


async def test_who_helps_with_the_need_and_has_room_stands_first(ward: Ward) -> None:
    town = ward.town
    full = service(town.pantry, name="Pantry")
    full["extension"][0]["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] = "no-capacity"
    for system, tree in ((town.cbo, full), (town.other_cbo, service(town.shelter, name="Soup kitchen"))):
        created = await system.create(tree)
        assert created.status_code == 201, created.text
    closed = service(town.shelter, name="Closed", active=False)
    assert (await town.other_cbo.create(closed)).status_code == 201
    found = await options(town.world.network, FOOD)
    assert [each.member for each in found] == [town.shelter, town.pantry]
    assert [each.name for each in found[0].programmes] == ["Soup kitchen"]
    assert found[1].programmes[0].room == "Full at the moment"
