"""An EHR that hangs, is away or lets one clinician in and not the other: nobody else waits, and nothing stops for good."""

import asyncio

import pytest
from starlette.responses import JSONResponse

from app.gateways.ehr.smart import EhrTrouble
from app.services.referrals import write_back as write_back_module
from app.services.referrals.write_back import MOST_TRIES
from app.services.resume_write_backs import resume_unanswered
from app.worker.loop import OUTSIDE
from tests.builders import referral
from tests.loop.taking_ehr import DOCUMENT, TASK, Chart

NEWEST_EXPIRES = """
UPDATE launch_session SET access_expires_at = now() WHERE created_at = (SELECT max(created_at) FROM launch_session)
RETURNING 1
"""


async def test_an_ehr_that_is_away_for_long_holds_up_nothing(chart: Chart) -> None:
    """It is tried for as long as a delivery is, and then with the patient's next launch."""
    await chart.refers()
    chart.taking.offers, chart.taking.refuses = TASK, 503
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(EhrTrouble, match="away"):
            await chart.again()
    await chart.again()
    assert await chart.stands() == ("Task", "waiting", "away")
    chart.taking.refuses = 0
    await chart.launched("p1")
    await chart.town.world.settled()
    assert await chart.stands() == ("Task", "done", None)


async def test_a_hanging_ehr_holds_up_nobody_elses_referral(chart: Chart) -> None:
    town = chart.town
    chart.taking.offers = TASK
    chart.taking.answers.clear()
    await (await chart.launched()).refers(town.pantry)
    try:
        async with asyncio.timeout(10):
            await chart.taking.asked.wait()
            answer = await town.ehr.bundle("transaction", referral(town.platform, town.pantry))
            assert answer.status_code == 200
            while len(await town.world.rows("SELECT 1 FROM child_task")) < 2:
                await asyncio.sleep(0.05)
        assert chart.taking.written == {}
    finally:
        chart.taking.answers.set()


async def test_an_ehr_is_waited_for_in_less_time_than_the_delivery_is_ours(
    chart: Chart, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chart.refers()
    chart.taking.offers = TASK
    chart.taking.answers.clear()
    monkeypatch.setattr(write_back_module, "DEADLINE_S", 0.2)
    try:
        with pytest.raises(EhrTrouble, match="away"):
            async with asyncio.timeout(3):
                await chart.again()
    finally:
        chart.taking.answers.set()
    assert (await chart.stands())[1:] == ("waiting", "away")
    await chart.again()
    assert await chart.stands() == ("Task", "done", None)


def test_a_delivery_is_ours_for_longer_than_an_ehr_is_waited_for() -> None:
    """With time for what is kept of it before and after: two statements' time."""
    assert OUTSIDE.lease_s >= write_back_module.DEADLINE_S + 2 * 5


async def test_an_older_launch_with_more_scopes_writes_what_the_newest_may_not(chart: Chart) -> None:
    chart.taking.offers = DOCUMENT
    await chart.refers()
    chart.taking.scopes = "launch openid fhirUser patient/Patient.rs patient/Condition.rs"
    await chart.launched()
    await chart.town.world.settled()
    await chart.completed("Food for two weeks")
    assert "Food for two weeks" in chart.text()
    assert await chart.stands() == ("DocumentReference", "done", None)


async def test_a_launch_with_more_scopes_brings_what_was_not_offered(chart: Chart) -> None:
    chart.taking.offers = TASK
    chart.taking.scopes = "launch openid fhirUser patient/Patient.rs patient/Condition.rs"
    await chart.refers()
    assert (await chart.stands())[1] == "not-offered"
    chart.taking.scopes = None
    await chart.launched()
    await chart.town.world.settled()
    assert await chart.stands() == ("Task", "done", None)


async def test_what_the_ehr_refused_is_tried_again_with_the_next_launch(chart: Chart) -> None:
    chart.taking.offers, chart.taking.refuses = TASK, 403
    await chart.refers()
    assert (await chart.stands())[1] == "failed"
    chart.taking.refuses = 0
    await chart.launched()
    await chart.town.world.settled()
    assert await chart.stands() == ("Task", "done", None)


@pytest.mark.parametrize("expired", [True, False])
@pytest.mark.parametrize("refuses", ["invalid_grant", "unauthorized_client"])
async def test_when_the_newest_launch_is_over_an_older_one_writes(chart: Chart, refuses: str, expired: bool) -> None:
    """Be it that the EHR takes its token no more, or gives no other for it, for good or for now."""
    chart.taking.offers = TASK
    await chart.launched()
    older = set(chart.taking.tokens)
    await chart.refers()
    chart.taking.tokens &= older
    chart.taking.token = lambda _: JSONResponse({"error": refuses}, 400)
    if expired:
        await chart.town.world.rows(NEWEST_EXPIRES)
    writes = chart.taking.writes
    await chart.again()
    assert chart.taking.writes == writes + 1
    assert await chart.stands() == ("Task", "done", None)


@pytest.mark.parametrize(("hours", "dead"), [(10, None), (0, "ValueError")])
async def test_a_launch_carries_out_what_was_postponed_or_set_aside(chart: Chart, hours: int, dead: str | None) -> None:
    await chart.refers()
    chart.taking.offers = TASK
    await chart.postponed(hours, dead)
    await chart.launched()
    await chart.town.world.settled()
    assert await chart.stands() == ("Task", "done", None)
    assert await chart.town.world.rows("SELECT 1 FROM delivery WHERE handler = 'write-back'") == []


async def test_what_changes_while_the_ehr_is_away_waits_for_no_postponed_delivery(chart: Chart) -> None:
    chart.taking.offers = TASK
    await chart.refers()
    await chart.postponed(hours=10)
    await chart.pantry("Accept", "Start")
    assert [tree["status"] for tree in chart.taking.written.values()] == ["in-progress"]


async def test_each_hour_an_ehr_that_was_away_is_asked_again(chart: Chart) -> None:
    await chart.refers()
    chart.taking.offers, chart.taking.refuses = TASK, 503
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(EhrTrouble, match="away"):
            await chart.again()
    await chart.again()
    chart.taking.refuses = 0
    network = chart.town.world.network
    await resume_unanswered(network)
    await chart.town.world.settled()
    assert await chart.stands() == ("Task", "waiting", "away"), "not so soon"
    await chart.town.world.rows("UPDATE write_back SET updated_at = now() - interval '1 hour' RETURNING 1")
    await resume_unanswered(network)
    await chart.town.world.settled()
    assert await chart.stands() == ("Task", "done", None)
