"""What the EHR's chart holds of a referral that was launched from it: as much as the EHR takes, and nothing fails."""

from typing import Any

import pytest

from tests.builders import refer
from tests.loop.taking_ehr import DOCUMENT, TASK, Chart

REASON = "She shouted at us CANARY-reason"


async def test_an_ehr_that_takes_tasks_has_one_that_moves(chart: Chart) -> None:
    chart.taking.offers = TASK | DOCUMENT
    await chart.refers()
    (name,) = chart.taking.written
    first = chart.taking.written[name]
    (row,) = await chart.referrals()
    assert (first["status"], first["description"]) == ("accepted", "Food: food pantry")
    assert first["for"] == {"reference": "Patient/p1"}
    assert first["identifier"][0]["value"] == f"urn:uuid:{row['id']}"
    await chart.pantry("Accept", "Start")
    assert chart.taking.written[name]["status"] == "in-progress"
    await chart.pantry("Complete", outcome="Food for two weeks")
    assert list(chart.taking.written) == [name]
    assert chart.taking.written[name]["status"] == "completed"
    assert "What came of it: Food for two weeks" in chart.taking.written[name]["note"][0]["text"]
    assert await chart.stands() == ("Task", "done", None)


async def test_an_ehr_that_takes_documents_gets_the_story_once_it_has_ended(chart: Chart) -> None:
    chart.taking.offers = DOCUMENT
    await chart.refers()
    assert chart.taking.written == {}
    assert await chart.stands() == ("DocumentReference", "waiting", "until-it-ends")
    await chart.completed("Food for two weeks")
    (document,) = chart.taking.written.values()
    assert (document["subject"], document["status"]) == ({"reference": "Patient/p1"}, "current")
    assert document["masterIdentifier"] == document["identifier"][0]
    for words in (
        "Referral: Food: food pantry",
        "Received",
        "Accepted",
        "Started",
        "What came of it: Food for two weeks",
    ):
        assert words in chart.text()
    assert await chart.stands() == ("DocumentReference", "done", None)


async def test_what_an_organization_wrote_to_the_network_does_not_reach_the_chart(chart: Chart) -> None:
    chart.taking.offers = TASK
    await chart.refers()
    await chart.pantry("Decline", reason=REASON)
    (task,) = chart.taking.written.values()
    assert "Declined" in task["note"][0]["text"]
    assert "CANARY" not in str(task)


@pytest.mark.parametrize("offers", [{}, {"Task": ("create",)}, {"Task": ("read",), "DocumentReference": ("read",)}])
async def test_an_ehr_that_takes_nothing_costs_the_referral_nothing(chart: Chart, offers: dict[str, Any]) -> None:
    chart.taking.offers = offers
    await chart.refers()
    await chart.completed()
    assert chart.taking.written == {}
    assert await chart.stands() == ("none", "not-offered", None)
    (row,) = await chart.referrals()
    assert row["closed_as"] == "completed"


async def test_scopes_decide_where_the_server_would_take_more(chart: Chart) -> None:
    chart.taking.offers = TASK | DOCUMENT
    chart.taking.scopes = "launch openid fhirUser patient/Patient.rs patient/Condition.rs patient/DocumentReference.cu"
    await chart.refers()
    assert await chart.stands() == ("DocumentReference", "waiting", "until-it-ends")


async def test_without_a_token_it_waits_and_the_next_launch_of_this_patient_brings_it(chart: Chart) -> None:
    chart.taking.offers = DOCUMENT
    await chart.refers()
    await chart.forgets()
    await chart.completed("Food for two weeks")
    assert (await chart.stands())[1:] == ("waiting", "no-token")
    await chart.launched("p2")
    await chart.town.world.settled()
    assert chart.taking.written == {}
    await chart.launched("p1")
    await chart.town.world.settled()
    assert "Food for two weeks" in chart.text()
    assert await chart.stands() == ("DocumentReference", "done", None)


async def test_a_token_that_the_ehr_took_back_waits_too(chart: Chart) -> None:
    chart.taking.offers = TASK
    await chart.refers()
    chart.taking.tokens.clear()
    chart.taking.refreshes.clear()
    await chart.pantry("Accept")
    assert await chart.stands() == ("Task", "waiting", "ended")


@pytest.mark.parametrize(("status", "state"), [(422, "failed"), (403, "failed"), (400, "failed"), (405, "not-offered")])
async def test_an_ehr_that_refuses_is_told_apart_and_stops_nothing(chart: Chart, status: int, state: str) -> None:
    chart.taking.offers, chart.taking.refuses = TASK, status
    await chart.refers()
    assert (await chart.stands())[1] == state
    chart.taking.refuses = 0
    await chart.pantry("Accept")
    assert (await chart.stands())[1] == "done"


async def test_a_referral_by_another_door_is_not_written_into_any_chart(chart: Chart) -> None:
    chart.taking.offers = TASK
    town = chart.town
    await refer(town.world, town.ehr, town.pantry)
    await town.world.settled()
    assert chart.taking.written == {}
    assert await town.world.rows("SELECT 1 FROM write_back") == []
