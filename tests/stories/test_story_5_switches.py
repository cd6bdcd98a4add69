"""Story 5 in EHRs that differ and EHRs that break: it passes, or ends on a page that says what is missing.

Nothing here relies on what only our simulated EHR does; without a window, since it is told many times.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.stories.draw import Draw
from tests.stories.plain import Plain, PlainClinician
from tests.stories.simulated import SimulatedEhr, simulated_ehr
from tests.stories.town import Town, town
from tests.stories.waiting import eventually

# under these everything goes as ever
AS_EVER = (
    "",
    "no-fhir-user",
    "no-refresh",
    "short-tokens",
    "v1-scopes",
    "no-well-known",
    "other-host",
    "opaque-token",
    "jwt-token",
    "extra-members",
    "patient-number",
    "es384-id-token",
    "us-core-3",
    "us-core-6",
    "spanish",
    "no-write",
    "task-write",
    "bad-expires",
    "no-id-token",
    "foreign-links",
)
# under these the launch ends; what its page says first
ENDS = {
    "identity-only": "Your EHR does not show Baton the patient",
    "deny": "You did not open Baton",
    "no-iss": "This answer came from another sign-in",
    "other-iss": "This answer came from another sign-in",
    "token-hangs": "Your EHR does not answer",
    "token-html": "Your EHR's answer could not be read",
    "token-500": "Your EHR does not answer",
    "token-10mb": "Your EHR's answer was too large",
    "no-access-token": "Your EHR's answer cannot be trusted",
    "token-type-mac": "Your EHR's answer cannot be trusted",
    "patient-array": "Your EHR's answer cannot be trusted",
    "patient-path": "Your EHR's answer cannot be trusted",
    "wrong-issuer": "Your EHR's answer cannot be trusted",
    "wrong-aud": "Your EHR's answer cannot be trusted",
    "wrong-alg": "Your EHR's answer cannot be trusted",
    "wrong-signature": "Your EHR's answer cannot be trusted",
    "wrong-nonce": "Your EHR's answer cannot be trusted",
    "expired-id-token": "Your EHR's answer cannot be trusted",
    "token-refused": "Your EHR does not show Baton the patient",
    "chart-away": "Your EHR does not answer",
    "chart-html": "Your EHR's answer could not be read",
}
# as long as a busy machine may take for an answer, and no longer: the test waits for it
SILENCE_S = "6"


@dataclass
class Ward:
    place: Town
    ehr: SimulatedEhr
    ana: Plain
    patient: str
    person: str

    def clinician(self) -> PlainClinician:
        return PlainClinician(self.ehr)

    def to(self) -> str:
        return self.place.first.place.removeprefix("Organization/")


@pytest.fixture(scope="module")
def ward() -> Iterator[Ward]:
    with (
        town(Draw.from_environment(), BATON_OUTBOUND_READ_S=SILENCE_S) as place,
        simulated_ehr(place, "asymmetric") as ehr,
    ):
        ana = Plain(place.server.address)
        ana.sign_in(place.ana)
        yield Ward(place, ehr, ana, *ehr.patient())
        ana.close()


@pytest.fixture
def nora(ward: Ward) -> Iterator[PlainClinician]:
    made = ward.clinician()
    yield made
    made.close()
    ward.ehr.behave()


def test_every_switch_of_the_ehr_has_its_story(ward: Ward, nora: PlainClinician) -> None:
    nora.open("/launch")
    assert sorted(nora.choices("switch")) == sorted({*AS_EVER, *ENDS, "fewer-scopes", "no-patient"} - {""})


@pytest.mark.parametrize("switch", AS_EVER)
def test_the_story_passes(ward: Ward, nora: PlainClinician, switch: str) -> None:
    words, done = f"Needed by {ward.place.draw.word()}", f"Help of a kind {ward.place.draw.word()}"
    ward.ehr.behave(*filter(None, [switch]))
    nora.launch(ward.patient)
    assert ward.person in nora.page.text, nora.text()
    nora.refers(ward.to(), ward.person, words)
    assert "The referral was sent" in nora.text(), nora.text()
    referral = _referral(nora)

    _helps(ward, words, done)
    eventually(lambda: done in nora.open(referral).text, "the clinician reads what was done")
    if switch != "no-write":
        eventually(lambda: done in ward.ehr.chart(ward.patient), "the chart holds what was done")


def test_with_fewer_scopes_she_adds_the_need_herself(ward: Ward, nora: PlainClinician) -> None:
    ward.ehr.behave("fewer-scopes")
    nora.launch(ward.patient)
    assert "Not all of the chart could be read" in nora.text()
    assert "The chart tells of no social need" in nora.text()
    nora.refers(ward.to(), ward.person)
    assert "The referral was sent" in nora.text(), nora.text()


def test_without_a_patient_she_is_told_to_open_a_chart(ward: Ward, nora: PlainClinician) -> None:
    ward.ehr.behave("no-patient")
    nora.launch(ward.patient)
    assert nora.heading() == "Choose the patient"
    nora.press("Look for the patient", name="Any")
    assert nora.heading() == "Open Baton from a patient's chart"
    assert "What still works" in nora.text()


@pytest.mark.parametrize("switch", ENDS)
def test_the_story_ends_on_a_page_that_says_what_is_missing(ward: Ward, nora: PlainClinician, switch: str) -> None:
    ward.ehr.behave(switch)
    nora.launch(ward.patient)
    assert nora.heading() == ENDS[switch]
    assert "What still works" in nora.text()
    assert 400 <= nora.page.status_code < 600
    ward.ehr.behave()
    nora.open(f"{ward.ehr.address}/launch")
    nora.launch(ward.patient)
    assert ward.person in nora.page.text


@pytest.mark.parametrize("switch", ["chart-away", "token-refused", "chart-html"])
def test_an_ehr_that_breaks_in_the_middle_loses_nothing(ward: Ward, nora: PlainClinician, switch: str) -> None:
    words = f"Needed by {ward.place.draw.word()}"
    nora.launch(ward.patient)
    nora.press("Find who can help", need=nora.choices("need")[0])
    nora.press("Next: see what is shared", to=ward.to(), words=words)
    shown = nora.page
    ward.ehr.behave(switch)
    nora.press("Send referral", basis="spoken", heard="Whoever is here")
    assert nora.page.status_code < 500
    if "The referral was sent" not in nora.text():
        assert words in nora.page.text, "what she typed is still there"
        ward.ehr.behave()
        nora.launch(ward.patient)
        assert words not in nora.text()
    assert shown.status_code == 200


def _referral(nora: PlainClinician) -> str:
    """The address of the one that was sent last."""
    here = nora.page.url.copy_with(query=None)
    found = nora.page.text.partition('<h3 class="who"><a href="')[2].partition('"')[0]
    return str(here.join(found))


def _helps(ward: Ward, words: str, done: str) -> None:
    """The organization accepts and completes the referral that has these words."""
    ana = ward.ana
    eventually(lambda: _opens(ward, words), "the referral is in the organization's inbox")
    ana.press("Accept")
    ana.press("Complete")
    ana.press("Complete", words=done, day=ward.place.draw.recent_day().isoformat())
    assert done in ana.page.text, ana.text()


def _opens(ward: Ward, words: str) -> bool:
    """At the referral with these words; the inbox may hold others of this person."""
    inbox = ward.ana.open("/inbox").text
    rows = dict.fromkeys(re.findall(r'href="(/referrals/[^"/]+)"', inbox))
    return any(words in ward.ana.open(row).text for row in rows)
