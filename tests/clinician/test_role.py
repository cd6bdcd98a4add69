"""How whoever asked is reached: what her own record says now, not what it said when she asked first."""

from typing import Any

import pytest

from app.fhir import json
from app.services.caller import the_network
from app.services.write import write_in
from app.services.writing import change
from app.store import resources
from tests.clinician.ward import Ward


def doctor(phone: str) -> dict[str, Any]:
    return {
        "resourceType": "Practitioner",
        "id": "d1",
        "name": [{"family": "Novak"}],
        "telecom": [{"system": "phone", "value": phone, "use": "work"}],
    }


async def phones(ward: Ward) -> list[list[str]]:
    """Of each role that the shelter and the pantry see, and they see the same."""
    await ward.town.world.settled()
    seen = [await each.search("PractitionerRole") for each in (ward.town.other_cbo, ward.town.cbo)]
    assert seen[0] == seen[1]
    return [[each["value"] for each in role["telecom"]] for role in seen[0]]


async def clinic_can_be_reached(ward: Ward) -> None:
    network, clinic = ward.town.world.network, ward.town.clinic
    async with network.store.unit([network.coordinator], write=True) as unit:
        stored = (await resources.by_ids(unit, [clinic]))[clinic]
        tree = json.parse(stored.body) | {"telecom": [{"system": "phone", "value": "999", "use": "work"}]}
        await write_in(network, unit, the_network(network.coordinator), [change(stored, tree)])


async def test_a_new_telephone_reaches_everybody_who_was_asked(ward: Ward) -> None:
    ward.ehr.chart["Practitioner/d1"] = doctor("111")
    here = await ward.launched()
    await here.refers(ward.town.pantry)
    ward.ehr.chart["Practitioner/d1"] = doctor("222")
    here = await ward.launched()
    await here.refers(ward.town.shelter)
    assert await phones(ward) == [["222"]]


async def test_a_role_that_has_not_changed_gets_no_new_version(ward: Ward) -> None:
    ward.ehr.chart["Practitioner/d1"] = doctor("111")
    here = await ward.launched()
    await here.refers(ward.town.pantry)
    await here.refers(ward.town.shelter)
    (role,) = await ward.town.world.rows("SELECT version FROM resource WHERE type = 'PractitionerRole'")
    assert role["version"] == 1


@pytest.mark.parametrize("trouble", [500, 403])
async def test_what_is_known_of_her_stands_while_her_record_cannot_be_read(ward: Ward, trouble: int) -> None:
    """The clinic itself can be reached, and stands for a telephone that is not known; but hers is."""
    await clinic_can_be_reached(ward)
    ward.ehr.chart["Practitioner/d1"] = doctor("111")
    here = await ward.launched()
    await here.refers(ward.town.pantry)
    ward.ehr.chart["Practitioner/d1"] = trouble
    await here.refers(ward.town.shelter)
    await ward.town.world.settled()
    (role,) = await ward.town.cbo.search("PractitionerRole")
    assert [each["value"] for each in role["telecom"]] == ["111"]


ROLE = {"resourceType": "PractitionerRole", "id": "r1", "practitioner": {"reference": "Practitioner/d1"}}


async def test_who_signed_in_as_a_role_is_called_by_the_name_of_the_person_behind_it(ward: Ward) -> None:
    ward.ehr.user = "PractitionerRole/r1"
    ward.ehr.chart |= {"PractitionerRole/r1": ROLE, "Practitioner/d1": doctor("111")}
    here = await ward.launched()
    assert (await here.session()).clinician == "Novak"
    await here.refers(ward.town.pantry)
    await ward.town.world.settled()
    (role,) = await ward.town.cbo.search("PractitionerRole")
    assert [each["value"] for each in role["telecom"]] == ["111"]


@pytest.mark.parametrize(
    "practitioner",
    [
        "Practitioner/d1",
        {"display": "Dr. Novak"},
        {"reference": "https://elsewhere.example/fhir/Practitioner/d1"},
        {"reference": "Patient/p1"},
        {"reference": ["Practitioner/d1"]},
    ],
)
async def test_a_role_that_leads_to_nobody_here_is_a_user_of_the_ehr(ward: Ward, practitioner: object) -> None:
    ward.ehr.user = "PractitionerRole/r1"
    ward.ehr.chart["PractitionerRole/r1"] = {**ROLE, "practitioner": practitioner}
    here = await ward.launched()
    assert (await here.session()).clinician == "A user of Clinic EHR"
    await here.open()
    assert "Help with social needs" in here.text()
    assert [each for each in ward.ehr.requests if "Practitioner/d1" in each] == []
