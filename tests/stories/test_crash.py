"""kill -9 of the server between an acknowledged POST and anything else: nothing is lost, and nothing happens twice."""

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.stories.answering import answer, complete
from tests.stories.chromium import AtDesk
from tests.stories.draw import Draw
from tests.stories.referral import Referral, Sent, drawn_referral, send
from tests.stories.system import Tree
from tests.stories.town import Town, custodian, town
from tests.stories.waiting import eventually

pytestmark = pytest.mark.needs("chromium")

# a killed worker keeps what it had begun for the time of its lease, a minute; then somebody else does it
LEASED_S = 90.0
MOMENTS_MS = 80


@pytest.fixture
def workless(draw: Draw) -> Iterator[Town]:
    """A town whose server has no worker: what is acknowledged stays as it is."""
    with town(draw, "--no-worker") as made:
        yield made


def test_what_was_acknowledged_before_a_kill_arrives_once_and_is_rolled_up_once(
    workless: Town, browser: Browser
) -> None:
    place = workless
    # everybody is made, and has a token, before the first kill
    ana = AtDesk(browser, place.server.address)
    ana.sign_in(place.ana)
    assert place.watcher.search("Task") == place.first_system.search("Task") == []

    referral, sent = _refer(place)
    place.server.kill()
    place.server.start("--no-worker")
    assert ana.people("/inbox") == []
    place.server.kill()
    place.server.start()
    ana.finds(referral.person, "/inbox")
    _settled(place)
    assert ana.people("/inbox") == [referral.person]
    [child] = place.asked(place.first)
    place.server.stop()

    place.server.start("--no-worker")
    _completes(place, child)
    place.server.kill()
    place.server.start()
    eventually(lambda: place.ehr.read(sent.task)["status"] == "completed", "the source's Task is completed")
    _settled(place)
    _was_told_once(place, sent)
    ana.close()


def test_a_server_killed_while_its_worker_works_passes_on_once(draw: Draw, browser: Browser) -> None:
    with town(draw) as place:
        ana = AtDesk(browser, place.server.address)
        ana.sign_in(place.ana)
        referral, sent = _refer_and_kill(place, draw.chance.randrange(MOMENTS_MS))
        _arrives_once(place, ana, [referral], [sent])


@pytest.mark.soak
def test_servers_killed_at_many_moments_pass_on_and_roll_up_once(draw: Draw, browser: Browser) -> None:
    with town(draw) as place:
        ana = AtDesk(browser, place.server.address)
        ana.sign_in(place.ana)
        made = [_refer_and_kill(place, after_ms) for after_ms in range(0, 2 * MOMENTS_MS, MOMENTS_MS // 8)]
        place.signs_in_again()
        _arrives_once(place, ana, [referral for referral, _ in made], [sent for _, sent in made])
        for child in place.asked(place.first):
            place.signs_in_again()
            _completes(place, child)
            time.sleep(draw.chance.randrange(MOMENTS_MS) / 1000)
            place.server.kill()
            place.server.start()
        place.signs_in_again()
        for _, sent in made:
            _completed(place, sent)
        _settled(place)
        for _, sent in made:
            _was_told_once(place, sent)


def _refer(place: Town) -> tuple[Referral, Sent]:
    network, to = custodian(place.server), place.first.place
    referral = drawn_referral(place.draw, network=network, performer=to, consenting_to=(to,))
    return referral, send(place.ehr, referral)


def _refer_and_kill(place: Town, after_ms: int) -> tuple[Referral, Sent]:
    """The moment of the kill is the point: this is no waiting."""
    made = _refer(place)
    time.sleep(after_ms / 1000)
    place.server.kill()
    place.server.start()
    return made


def _arrives_once(place: Town, ana: AtDesk, referrals: list[Referral], sent: list[Sent]) -> None:
    names = sorted(referral.person for referral in referrals)
    eventually(lambda: sorted(ana.people("/inbox")) == names, "everybody is in the inbox, once", LEASED_S)
    _settled(place)
    assert sorted(ana.people("/inbox")) == names
    asked = sorted(child["partOf"][0]["reference"] for child in place.asked(place.first))
    assert asked == sorted(each.task for each in sent)
    for each in sent:
        assert [version["status"] for version in place.ehr.versions(each.task)] == ["requested", "accepted"]
    ana.close()


def _completes(place: Town, child: Tree) -> None:
    complete(place.first_system, place.draw, answer(place.first_system, child, "accepted"))


def _completed(place: Town, sent: Sent) -> None:
    eventually(lambda: place.ehr.read(sent.task)["status"] == "completed", "the Task is completed", LEASED_S)


def _was_told_once(place: Town, sent: Sent) -> None:
    statuses = [version["status"] for version in place.ehr.versions(sent.task)]
    assert statuses == ["requested", "accepted", "completed"]
    found = place.ehr.search(f"Task?_id={sent.task.split('/')[1]}&_include=Task:output")
    assert sorted(tree["resourceType"] for tree in found) == ["Procedure", "Task"]


def _settled(place: Town) -> None:
    """Nothing is left to be delivered, and nothing was set aside."""
    eventually(lambda: not _deliveries(place), "every delivery is done", LEASED_S)


def _deliveries(place: Town) -> list[Tree]:
    rows: list[Tree] = json.loads(place.server.command("deliveries", "list", "--json"))
    assert all(row["set_aside_because"] is None for row in rows), rows
    return rows
