"""Two at the same moment: the organization that has the referral brings it to an end, the clinician takes it back."""

import asyncio
from collections.abc import Iterator

import pytest

from app.fhir.errors import BusinessRule, Refusal
from app.services.clinician.cancel import cancel
from app.services.referrals.respond import respond
from app.store import deliveries
from app.store.deliveries import Claimed
from tests.clinician.ward import AtChart, Ward
from tests.town import staff_of


@pytest.fixture
async def here(ward: Ward) -> AtChart:
    """Her referral is with the pantry, which is at work on it."""
    at_chart = await ward.launched()
    await at_chart.refers(ward.town.pantry)
    await ward.town.world.settled()
    for action in ("Accept", "Start"):
        await presses(ward, action)
        await ward.town.world.settled()
    return at_chart


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The worker does nothing until `undo`."""

    async def nothing(*_: object, **__: object) -> list[Claimed]:
        return []

    with monkeypatch.context() as patched:
        patched.setattr(deliveries, "claim", nothing)
        yield patched


async def presses(ward: Ward, action: str, **more: str) -> None:
    (row,) = await ward.referrals()
    version = (await ward.town.cbo.search("Task"))[0]["meta"]["versionId"]
    network, caller = ward.town.world.network, staff_of(ward.town.pantry)
    await respond(network, caller, row["id"], action, version=version, **more)


async def test_what_was_completed_is_not_cancelled_though_the_network_has_not_looked_yet(
    ward: Ward, here: AtChart, idle: pytest.MonkeyPatch
) -> None:
    (row,) = await ward.referrals()
    await presses(ward, "Complete", outcome="Food for two weeks")
    await here.open(f"/referrals/{row['id']}/cancel")
    page = await here.press("Cancel referral", words="Not needed any more")
    assert page.status_code == 422
    assert "can no longer be cancelled" in here.text()
    idle.undo()
    await ward.town.world.settled()
    (row,) = await ward.referrals()
    assert row["closed_as"] == "completed"
    (task,) = await ward.town.ehr.search("Task")
    assert task["status"] == "completed"
    assert task["output"]
    await here.open(f"/referrals/{row['id']}")
    assert "What came of it Food for two weeks" in here.text()
    assert "Not needed any more" not in here.text()


async def test_what_was_cancelled_is_not_completed_though_the_worker_has_not_looked_yet(
    ward: Ward, here: AtChart, idle: pytest.MonkeyPatch
) -> None:
    (row,) = await ward.referrals()
    await cancel(ward.town.world.network, await here.session(), row["id"], reason="She has moved away")
    with pytest.raises(Refusal):
        await presses(ward, "Complete", outcome="Food for two weeks")
    idle.undo()
    await ward.town.world.settled()
    (row,) = await ward.referrals()
    assert row["closed_as"] == "cancelled"
    (part,) = await ward.town.cbo.search("Task")
    assert part["status"] == "cancelled"


async def test_of_two_at_the_same_moment_one_wins_everywhere(
    ward: Ward, here: AtChart, idle: pytest.MonkeyPatch
) -> None:
    (row,) = await ward.referrals()
    network, session = ward.town.world.network, await here.session()
    ends = await asyncio.gather(
        presses(ward, "Complete", outcome="Food for two weeks"),
        cancel(network, session, row["id"], reason="She has moved away"),
        return_exceptions=True,
    )
    (lost,) = [each for each in ends if each is not None]
    assert isinstance(lost, Refusal)
    idle.undo()
    await ward.town.world.settled()
    won = "completed" if isinstance(lost, BusinessRule) and lost is ends[1] else "cancelled"
    (row,) = await ward.referrals()
    assert row["closed_as"] == won
    (task,) = await ward.town.ehr.search("Task")
    (part,) = await ward.town.cbo.search("Task")
    assert (task["status"], part["status"]) == (won, won)
