"""Story 4: the first organization declines and says why; the operator passes the referral to the second."""

from collections.abc import Callable

import pytest

from tests.stories.chromium import AtDesk
from tests.stories.referral import drawn_referral, send
from tests.stories.town import Person, Town, custodian
from tests.stories.waiting import eventually

pytestmark = pytest.mark.needs("chromium")


def test_a_declined_referral_comes_back_with_its_reason_and_the_second_organization_completes_it(
    place: Town, seat: Callable[[Person], AtDesk]
) -> None:
    network, both = custodian(place.server), (place.first.place, place.second.place)
    referral = drawn_referral(place.draw, network=network, performer=place.first.place, consenting_to=both)
    why, done = f"No room until {place.draw.word()}", f"Help of a kind {place.draw.word()}"
    sent = send(place.ehr, referral)

    ana = seat(place.ana)
    ana.finds(referral.person, "/inbox")
    ana.press("Decline")
    ana.answers_why(why, "Decline")
    ana.says("You declined")

    olga = seat(place.olga)
    olga.finds(referral.person, "/ops")
    olga.says("it came back from the organization that had it")
    olga.says(why)
    source = place.ehr.read(sent.task)
    assert (source["status"], "statusReason" in source) == ("accepted", False)
    olga.passes_on(place.second.name, "Consent in the referral")

    ben = seat(place.ben)
    ben.finds(referral.person, "/inbox")
    ben.press("Accept")
    ben.press("Start")
    ben.completes(done, place.draw.recent_day().isoformat())
    ben.says(done)
    source = eventually(
        lambda: next((tree for tree in [place.ehr.read(sent.task)] if tree["status"] == "completed"), None),
        "the source's Task is completed",
    )
    assert len(source["output"]) == 1
    statuses = [version["status"] for version in place.ehr.versions(sent.task)]
    assert statuses == ["requested", "accepted", "in-progress", "completed"]
    assert [each["status"] for each in place.asked(place.first)] == ["rejected"]
    assert [each["status"] for each in place.asked(place.second)] == ["completed"]
    assert [
        sum(f"To: {each.email}" in letter for letter in place.server.letters()) for each in (place.first, place.second)
    ] == [1, 1]
