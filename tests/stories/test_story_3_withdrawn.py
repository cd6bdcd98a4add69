"""Story 3: consent is withdrawn while somebody already helps. Her page closes at once; the sender loses nothing."""

from collections.abc import Callable

import pytest

from tests.stories.chromium import AtDesk
from tests.stories.referral import Referral, Sent, drawn_referral, send
from tests.stories.system import Tree
from tests.stories.town import Person, Town, custodian
from tests.stories.waiting import eventually

pytestmark = pytest.mark.needs("chromium")

STAYS_WITH_THE_SENDER = ("status", "focus", "for", "owner", "requester", "authoredOn")


def test_a_consent_that_the_sender_makes_inactive_closes_the_page_at_the_next_request(
    place: Town, seat: Callable[[Person], AtDesk]
) -> None:
    referral, sent, ana = _somebody_helps(place, seat)
    before, opened = place.ehr.read(sent.task), ana.page.url
    parts = [sent.places[kind] for kind in ("Patient", "Condition", "Consent")]
    assert _what_its_system_gets(place, parts) == {200}

    place.ehr.update(place.ehr.read(sent.consent) | {"status": "inactive"})
    # the next requests: nothing has been waited for
    assert ana.open(opened) == 404
    assert ana.people("/inbox") == []
    assert _what_its_system_gets(place, parts) == {404}
    _is_with_the_operator_again(place, seat, referral, before)


def test_the_operators_button_closes_the_page_at_the_next_request(
    place: Town, seat: Callable[[Person], AtDesk]
) -> None:
    referral, sent, ana = _somebody_helps(place, seat)
    before, opened = place.ehr.read(sent.task), ana.page.url

    olga = seat(place.olga)
    olga.finds(referral.person, "/ops/open")
    olga.press("Withdraw consent")
    olga.says("What happens then")
    olga.press("Withdraw consent")
    olga.says("The consent is withdrawn")
    assert ana.open(opened) == 404
    assert ana.people("/inbox") == []
    _is_with_the_operator_again(place, seat, referral, before)


def _somebody_helps(place: Town, seat: Callable[[Person], AtDesk]) -> tuple[Referral, Sent, AtDesk]:
    network, to = custodian(place.server), place.first.place
    referral = drawn_referral(place.draw, network=network, performer=to, consenting_to=(to,))
    sent = send(place.ehr, referral)
    ana = seat(place.ana)
    ana.finds(referral.person, "/inbox")
    ana.press("Accept")
    ana.press("Start")
    ana.says("You started")
    eventually(lambda: place.ehr.read(sent.task)["status"] == "in-progress", "the source's Task is in progress")
    return referral, sent, ana


def _is_with_the_operator_again(
    place: Town, seat: Callable[[Person], AtDesk], referral: Referral, before: Tree
) -> None:
    eventually(lambda: [each["status"] for each in place.asked(place.first)] == ["cancelled"], "the part is cancelled")
    olga = seat(place.olga)
    olga.finds(referral.person, "/ops")
    olga.says("consent was withdrawn")
    olga.says(place.first.name)
    after = place.ehr.read(f"Task/{before['id']}")
    assert {name: after[name] for name in STAYS_WITH_THE_SENDER} == {
        name: before[name] for name in STAYS_WITH_THE_SENDER
    }
    assert "statusReason" not in after
    assert place.ehr.read(before["focus"]["reference"])["status"] == "active"
    assert place.ehr.read(before["for"]["reference"])["name"] == referral.one("Patient")["name"]


def _what_its_system_gets(place: Town, parts: list[str]) -> set[int]:
    """The organization's own system sees what its people see."""
    return {place.first_system.http.get(f"/fhir/{part}").status_code for part in parts}
