"""What is written into a chart is written once, whatever the EHR says of it; what others wrote there stays."""

import pytest
from starlette.responses import JSONResponse

from app.gateways.ehr.smart import EhrTrouble
from tests.loop.taking_ehr import DOCUMENT, NO_SEARCH, TASK, Chart, Offers


async def test_repeating_makes_nothing_twice(chart: Chart) -> None:
    chart.taking.offers = DOCUMENT
    await chart.refers()
    await chart.completed()
    writes = chart.taking.writes
    await chart.again()
    assert (chart.taking.writes, len(chart.taking.written)) == (writes, 1)


@pytest.mark.parametrize("offers", [TASK, DOCUMENT])
async def test_an_answer_that_was_lost_makes_nothing_twice(chart: Chart, offers: Offers) -> None:
    """The EHR has written it and says it is away: the next try finds it."""
    await chart.refers()
    await chart.completed()
    chart.taking.offers, chart.taking.silent = offers, True
    with pytest.raises(EhrTrouble, match="away"):
        await chart.again()
    assert (await chart.stands())[1:] == ("waiting", "away")
    chart.taking.silent = False
    await chart.again()
    assert len(chart.taking.written) == 1
    assert (await chart.stands())[1] == "done"


async def test_what_was_not_made_after_all_is_made_with_the_next_try(chart: Chart) -> None:
    await chart.refers()
    chart.taking.offers, chart.taking.refuses = TASK, 503
    with pytest.raises(EhrTrouble, match="away"):
        await chart.again()
    chart.taking.refuses = 0
    await chart.again()
    assert (len(chart.taking.written), await chart.stands()) == (1, ("Task", "done", None))


@pytest.mark.parametrize("overlooks", [True, False])
@pytest.mark.parametrize("offers", [TASK, DOCUMENT])
async def test_where_nobody_may_look_for_it_a_lost_answer_makes_nothing_twice_either(
    chart: Chart, offers: Offers, overlooks: bool
) -> None:
    """It may stand there: we do not write it on a guess, and a launch with which we may look brings it to its end."""
    chart.taking.scopes = NO_SEARCH
    chart.taking.finds = chart.taking.overlooks = overlooks
    await chart.refers()
    await chart.completed()
    (kind,) = offers
    if overlooks:
        chart.taking.changes(f"{kind}/other", whole={"resourceType": kind, "id": "other", "identifier": "odd"})
    others = len(chart.taking.written)
    chart.taking.offers, chart.taking.silent = offers, True
    with pytest.raises(EhrTrouble, match="away"):
        await chart.again()
    chart.taking.chart = {name: tree for name, tree in chart.taking.chart.items() if not name.startswith(f"{kind}/w")}
    chart.taking.silent = False
    for _ in range(3):
        await chart.again()
    assert await chart.stands() == (kind, "failed", "not-known")
    chart.taking.finds, chart.taking.overlooks, chart.taking.scopes = True, False, None
    chart.taking.chart |= chart.taking.written
    await chart.launched("p1")
    await chart.town.world.settled()
    assert (len(chart.taking.written) - others, await chart.stands()) == (1, (kind, "done", None))


@pytest.mark.parametrize("finds", [True, False])
@pytest.mark.parametrize("location", ["http://fhir.internal:8080/fhir", "//[", "https://elsewhere.example/x?y="])
async def test_an_ehr_that_says_an_address_of_its_own_inside_gets_one_task(
    chart: Chart, location: str, finds: bool
) -> None:
    chart.taking.offers, chart.taking.location, chart.taking.finds = TASK, location, finds
    await chart.refers()
    await chart.completed()
    assert [tree["status"] for tree in chart.taking.written.values()] == ["completed"]
    assert await chart.stands() == ("Task", "done", None)


async def test_an_ehr_that_neither_says_the_new_id_nor_lets_it_be_found_gets_one_task(chart: Chart) -> None:
    chart.taking.offers, chart.taking.nameless, chart.taking.finds = TASK, True, False
    await chart.refers()
    await chart.completed()
    assert len(chart.taking.written) == 1
    assert await chart.stands() == ("Task", "failed", "not-known")


@pytest.mark.parametrize("status", [401, 503])
async def test_an_ehr_that_makes_it_and_fails_when_it_is_asked_for_the_new_id_gets_one_task(
    chart: Chart, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Also where another launch of the patient could make one: the first has made it."""
    await chart.launched("p1")
    await chart.refers()
    search, chart.taking.offers, chart.taking.nameless = chart.taking._search, TASK, True
    monkeypatch.setattr(
        chart.taking,
        "_search",
        lambda kind, request: JSONResponse({}, status) if kind == "Task" else search(kind, request),
    )
    await chart.again()
    assert (len(chart.taking.written), await chart.stands()) == (1, ("Task", "done", None))
    monkeypatch.setattr(chart.taking, "_search", search)
    await chart.pantry("Accept", "Start")
    assert [tree["status"] for tree in chart.taking.written.values()] == ["in-progress"]


async def test_an_ehr_that_does_not_say_the_new_id_is_asked_for_it(chart: Chart) -> None:
    chart.taking.offers, chart.taking.nameless = TASK, True
    await chart.refers()
    await chart.pantry("Accept", "Start")
    assert [tree["status"] for tree in chart.taking.written.values()] == ["in-progress"]


async def test_what_the_charts_own_people_write_into_the_task_stays(chart: Chart) -> None:
    """Also what they write at the same moment."""
    chart.taking.offers = TASK
    await chart.refers()
    (name,) = chart.taking.written
    nurse = {"text": "Called the family"}
    chart.taking.changes(
        name, note=[*chart.taking.written[name]["note"], nurse], businessStatus={"text": "Nurse follows"}
    )
    await chart.pantry("Accept", "Start")
    chart.taking.meanwhile = [{"priority": "urgent"}]
    await chart.again()
    assert await chart.stands() == ("Task", "done", None)
    task = chart.taking.written[name]
    assert (task["status"], task["businessStatus"], task["priority"]) == (
        "in-progress", {"text": "Nurse follows"}, "urgent",
    )  # fmt: skip
    assert [note["text"].splitlines()[0] for note in task["note"]] == [
        "Referral: Food: food pantry",
        "Called the family",
    ]
    assert "Started" in task["note"][0]["text"]


async def test_a_task_that_always_changes_is_tried_again_later(chart: Chart) -> None:
    chart.taking.offers = TASK
    await chart.refers()
    chart.taking.meanwhile = [{"priority": "urgent"}, {"priority": "routine"}]
    with pytest.raises(EhrTrouble, match="away"):
        await chart.again()
    await chart.again()
    assert await chart.stands() == ("Task", "done", None)


async def test_a_task_of_somebody_else_is_not_written_over(chart: Chart) -> None:
    chart.taking.offers = TASK
    await chart.refers()
    (name,) = chart.taking.written
    chart.taking.changes(name, identifier=[{"system": "urn:theirs", "value": "1"}], status="draft")
    await chart.pantry("Accept")
    assert chart.taking.written[name]["status"] == "draft"
    assert await chart.stands() == ("Task", "failed", "refused")
    chart.taking.changes(name, identifier=None)
    await chart.pantry("Start")
    assert chart.taking.written[name]["status"] == "in-progress", "an EHR that keeps no identifiers"
