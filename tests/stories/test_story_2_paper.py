"""Story 2: a Consent that names nobody admits nobody. The operator reads its document and records whom it names."""

from base64 import b64decode
from collections.abc import Callable

import pytest

from tests.stories.chromium import AtDesk
from tests.stories.referral import Referral, drawn_referral, guides_referral, send
from tests.stories.town import Person, Town, custodian
from tests.stories.waiting import eventually

pytestmark = pytest.mark.needs("chromium")


@pytest.mark.needs("shared")
def test_the_guides_unchanged_consent_waits_until_the_operator_has_read_the_paper(
    place: Town, seat: Callable[[Person], AtDesk]
) -> None:
    referral = guides_referral(place.draw, network=custodian(place.server), performer=place.first.place)
    _waits_and_is_passed_on(place, seat, referral)


def test_an_invented_consent_that_names_nobody_waits_too(place: Town, seat: Callable[[Person], AtDesk]) -> None:
    network, to = custodian(place.server), place.first.place
    _waits_and_is_passed_on(place, seat, drawn_referral(place.draw, network=network, performer=to, consenting_to=()))


def _waits_and_is_passed_on(place: Town, seat: Callable[[Person], AtDesk], referral: Referral) -> None:
    done, day = f"Help of a kind {place.draw.word()}", place.draw.recent_day().isoformat()
    sent = send(place.ehr, referral)

    olga = seat(place.olga)
    olga.finds(referral.person, "/ops")
    olga.says("the consent names nobody; read its document")
    ana = seat(place.ana)
    assert ana.people("/inbox") == []
    assert place.asked(place.first) == []
    assert place.ehr.read(sent.task)["status"] == "requested"

    assert olga.downloads("Get the consent paper") == _document(referral)
    olga.passes_on(place.first.name, "Consent on paper", f"Signed form, page {place.draw.chance.randrange(1, 9)}")
    assert olga.people("/ops") == []
    eventually(lambda: place.ehr.read(sent.task)["status"] == "accepted", "the source's Task is accepted")

    ana.finds(referral.person, "/inbox")
    ana.says("The person agreed on paper that you may see this.")
    ana.press("Accept")
    ana.completes(done, day)
    ana.says(done)
    eventually(lambda: place.ehr.read(sent.task)["status"] == "completed", "the source's Task is completed")
    assert place.ehr.read(sent.consent)["meta"]["versionId"] == "1"


def _document(referral: Referral) -> bytes:
    data: str = referral.one("Consent")["sourceAttachment"]["data"]
    return b64decode(data)
