"""A referral that we write ourselves, for somebody at one of our own doors: it is one like any other."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.referral.needs import NEEDS, OFFERED, UNSPECIFIED, Need
from app.fhir.errors import Invalid, ReferenceNotFound
from app.services.caller import Caller
from app.services.network import Network
from app.services.referrals.ask import Asked, ask
from app.services.referrals.views import waiting
from app.services.retries import with_retries
from app.services.writing import new
from tests.api.answers import refused
from tests.builders import refer, resource
from tests.town import Town, staff_of

FOOD = NEEDS[0]


def asked_for(network: Network, **changes: Any) -> Asked:
    """Food for a person whose Patient comes along."""
    patient = new(network, resource("Patient", name=[{"family": "Okafor", "given": ["Ada"]}]))
    person = f"Patient/{patient.fhir_id}"
    asked = Asked(uuid4(), person, {"reference": person}, FOOD, entries=(patient,))
    return replace(asked, **changes)


async def send(town: Town, asked: Asked, caller: Caller | None = None) -> UUID:
    """By phone, in a transaction of its own as the form does it."""
    network = town.world.network
    who = caller or await town.olga()

    async def once() -> UUID:
        async with network.store.unit(who.members, write=True) as unit:
            return await ask(network, unit, who, asked, trigger="phone")

    return await with_retries(once)


async def row_of(town: Town, key: UUID) -> Any:
    (row,) = await town.world.rows("SELECT * FROM referral WHERE id = $1", key)
    return row


async def written(town: Town, key: UUID, source: str = "source_request") -> Any:
    row = await row_of(town, key)
    platform = await town.world.system(town.platform)
    type_name = "Task" if source == "source_task" else "ServiceRequest"
    return (await platform.get(f"{type_name}/{row[source]}")).json()


async def test_what_is_asked_for_is_a_referral_of_its_door_at_once(town: Town) -> None:
    asked = asked_for(town.world.network)
    key = await send(town, asked)
    assert key == asked.key
    row = await row_of(town, key)
    assert (row["trigger"], row["task_home"], row["connection"]) == ("phone", "here", None)
    assert row["sources"] == [town.platform]
    assert row["owner"] == town.platform
    assert row["due"] is not None
    await town.world.settled()
    (item,) = [each for each in await waiting(town.world.network, await town.olga()) if each.referral == key]
    assert (item.person, item.need) == ("Ada Okafor", "Food")
    assert item.why == "the sender names no organization of this network"


async def test_the_request_says_what_was_asked_and_the_task_hands_it_to_the_network(town: Town) -> None:
    asked = asked_for(
        town.world.network,
        words="Nothing left since Monday",
        wish="Somebody who speaks Igbo",
        urgent=True,
        do_not_contact=True,
        recipient=town.pantry,
    )
    key = await send(town, asked)
    request, task = await written(town, key), await written(town, key, "source_task")
    assert (request["status"], request["intent"], request["priority"]) == ("active", "order", "urgent")
    assert [each["coding"][0]["code"] for each in request["category"]] == ["410606002", "food-insecurity"]
    assert request["code"]["coding"][0]["code"] == FOOD.service.code
    assert request["subject"] == request["requester"] == {"reference": asked.person}
    assert [each["text"] for each in request["note"]] == ["Nothing left since Monday", "Wish: Somebody who speaks Igbo"]
    assert request["orderDetail"][0]["coding"][0]["code"] == "contacting-subject-prohibited"
    assert request["performer"] == [{"reference": f"Organization/{town.pantry}"}]
    assert (task["status"], task["priority"], task["for"]) == ("requested", "urgent", {"reference": asked.person})
    assert task["focus"] == {"reference": f"ServiceRequest/{request['id']}"}
    # a Task comes from an organization or a role, whoever asked
    assert task["requester"] == task["owner"] == {"reference": f"Organization/{town.platform}"}
    assert request["identifier"] == task["identifier"]


@pytest.mark.parametrize("need", OFFERED, ids=lambda need: need.category.code)
async def test_every_need_that_a_form_offers_can_be_asked_for(town: Town, need: Need) -> None:
    """Where the category says nothing, it says so in words."""
    request = await written(town, await send(town, asked_for(town.world.network, need=need)))
    assert request["code"]["coding"][0]["display"] == need.service.display
    said = need.words if need.category.code == UNSPECIFIED else ""
    assert request["category"][1].get("text", "") == said


async def test_asking_twice_under_one_key_makes_one_referral(town: Town) -> None:
    asked = asked_for(town.world.network)
    again = replace(asked_for(town.world.network), key=asked.key)
    assert {await send(town, asked), await send(town, again)} == {asked.key}
    person = again.person.split("/")[1]
    assert await town.world.rows("SELECT 1 FROM resource WHERE fhir_id = $1", person) == []


async def test_asking_twice_at_the_same_moment_makes_one_referral_and_nothing_else(town: Town) -> None:
    asked = asked_for(town.world.network)
    olga = await town.olga()
    several = [replace(asked_for(town.world.network), key=asked.key) for _ in range(4)]
    assert set(await asyncio.gather(*(send(town, each, olga) for each in several))) == {asked.key}
    people = [each.person.split("/")[1] for each in several]
    assert len(await town.world.rows("SELECT 1 FROM resource WHERE fhir_id = ANY($1)", people)) == 1
    request = await written(town, asked.key)
    number = request["identifier"][0]["value"].split("/")[0]
    (count,) = await town.world.rows("SELECT count(*) FROM index_token WHERE value LIKE $1", f"{number}%")
    assert count["count"] == 2  # one request and its Task


async def test_a_key_of_somebody_elses_referral_is_refused_and_tells_nothing(town: Town) -> None:
    """Neither that it exists, nor whose it is; the referral stays as it was."""
    theirs = await refer(town.world, town.ehr, town.pantry)
    (row,) = await town.world.rows("SELECT id FROM referral WHERE source_task::text = $1", theirs.ids["Task"])
    with pytest.raises(Invalid) as refusal:
        await send(town, asked_for(town.world.network, key=row["id"]))
    (issue,) = refusal.value.issues
    assert issue.rule == "asked-key"
    assert "referral" not in issue.message
    assert str(row["id"]) not in issue.message
    assert (await theirs.read("Task"))["status"] == "accepted"
    mine = await send(town, asked_for(town.world.network))
    with pytest.raises(Invalid):
        await send(town, asked_for(town.world.network, key=mine), staff_of(town.shelter))


async def test_a_person_whom_the_asker_does_not_see_cannot_be_asked_for(town: Town) -> None:
    """Staff of a shelter names a clinic's patient: refused as if there were none, and nothing is stored."""
    theirs = await refer(town.world, town.ehr, town.pantry)
    asked = asked_for(town.world.network, person=theirs.ref("Patient"), entries=())
    with pytest.raises(ReferenceNotFound):
        await send(town, asked, staff_of(town.shelter))
    assert await town.world.rows("SELECT 1 FROM referral WHERE id = $1", asked.key) == []


async def test_others_see_nothing_of_it_before_it_is_passed_on(town: Town) -> None:
    key = await send(town, asked_for(town.world.network, recipient=town.pantry))
    await town.world.settled()
    request = await written(town, key)
    for system in (town.ehr, town.cbo, town.other_cbo):
        for place in (f"ServiceRequest/{request['id']}", request["subject"]["reference"]):
            refused(await system.get(place), 404, "not-found")
