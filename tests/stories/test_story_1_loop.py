"""Story 1: a referral goes in as FHIR, a community organization answers it in its browser, the outcome is read back."""

from collections.abc import Callable

import pytest

from tests.stories.chromium import AtDesk
from tests.stories.referral import Referral, drawn_referral, guides_referral, send, with_consent_for
from tests.stories.system import Tree
from tests.stories.town import Person, Town, custodian
from tests.stories.waiting import eventually

pytestmark = pytest.mark.needs("chromium")


@pytest.mark.needs("shared")
def test_the_guides_food_referral_comes_back_completed_with_what_was_done(
    place: Town, seat: Callable[[Person], AtDesk]
) -> None:
    guides = guides_referral(place.draw, network=custodian(place.server), performer=place.first.place)
    _closes_the_loop(place, seat, with_consent_for(guides, place.first.place), start=True)


def test_an_invented_referral_of_any_category_does_so_too(place: Town, seat: Callable[[Person], AtDesk]) -> None:
    network, to = custodian(place.server), place.first.place
    referral = drawn_referral(place.draw, network=network, performer=to, consenting_to=(to,))
    _closes_the_loop(place, seat, referral, start=False)


def _closes_the_loop(place: Town, seat: Callable[[Person], AtDesk], referral: Referral, *, start: bool) -> None:
    done, day = f"Help of a kind {place.draw.word()}", place.draw.recent_day().isoformat()
    sent = send(place.ehr, referral)
    eventually(lambda: place.ehr.read(sent.task)["status"] == "accepted", "the source's Task is accepted")

    ana = seat(place.ana)
    ana.finds(referral.person, "/inbox")
    ana.says(referral.need())
    ana.press("Accept")
    ana.says("You accepted this referral")
    if start:
        ana.press("Start")
        ana.says("You started")
    ana.completes(done, day)
    ana.says(done)

    task, procedure = eventually(lambda: _outcome(place, sent.task), "the completed Task with its Procedure")
    request = sent.places["ServiceRequest"]
    assert task["focus"]["reference"] == request
    assert procedure["status"] == "completed"
    assert procedure["performedDateTime"] == day
    assert procedure["subject"]["reference"] == sent.places["Patient"]
    assert done in procedure["code"]["text"]
    assert procedure["code"]["coding"] == referral.one("ServiceRequest")["code"]["coding"]
    _went_step_by_step(place, sent.task, started=start)
    _says_nothing_in_letters(place, referral)


def _outcome(place: Town, task: str) -> tuple[Tree, Tree] | None:
    found = place.ehr.search(f"Task?_id={task.split('/')[1]}&_include=Task:output")
    by_type = {tree["resourceType"]: tree for tree in found}
    if by_type["Task"]["status"] != "completed":
        return None
    assert sorted(by_type) == ["Procedure", "Task"]
    [output] = by_type["Task"]["output"]
    assert output["valueReference"]["reference"] == f"Procedure/{by_type['Procedure']['id']}"
    return by_type["Task"], by_type["Procedure"]


def _went_step_by_step(place: Town, task: str, *, started: bool) -> None:
    """The Task's history: accepted after passing on, in progress after the start, then completed; nothing twice."""
    between = ["in-progress"] if started else []
    statuses = [version["status"] for version in place.ehr.versions(task)]
    assert statuses == ["requested", "accepted", *between, "completed"]


def _says_nothing_in_letters(place: Town, referral: Referral) -> None:
    """One letter, to the organization's own address, with a link and nobody's name."""
    [letter] = [each for each in place.server.letters() if f"To: {place.first.email}" in each]
    assert f"{place.server.address}/referrals/" in letter
    said = [word for word in (*referral.personal(), referral.need()) if word.lower() in letter.lower()]
    assert said == []
