"""Story 5: a clinician opens Baton from inside her EHR, refers, and sees there and in the chart what came of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.stories.chromium import AtDesk
from tests.stories.clinician import AtChart, Way
from tests.stories.draw import Draw
from tests.stories.simulated import Kind, SimulatedEhr, simulated_ehr
from tests.stories.town import Town, town
from tests.stories.waiting import eventually

pytestmark = pytest.mark.needs("chromium")


@dataclass
class Ward:
    """A town whose clinic has an EHR that Baton is launched from; Ana sits at the first organization."""

    place: Town
    ehr: SimulatedEhr
    ana: AtDesk
    browser: Browser

    def clinician(self, *, script: bool = True) -> AtChart:
        return AtChart(self.browser, self.ehr, script=script)


@pytest.fixture(scope="module")
def ward(browser: Browser) -> Iterator[Ward]:
    with town(Draw.from_environment()) as place, simulated_ehr(place, place.draw.chance.choice(KINDS)) as ehr:
        ana = AtDesk(browser, place.server.address)
        ana.sign_in(place.ana)
        yield Ward(place, ehr, ana, browser)
        ana.close()


KINDS: tuple[Kind, ...] = ("public", "asymmetric", "symmetric")


@pytest.fixture
def sits(ward: Ward) -> Iterator[Callable[[], AtChart]]:
    """A clinician before the EHR, which behaves as an EHR should."""
    ward.ehr.behave()
    taken: list[AtChart] = []

    def sit() -> AtChart:
        taken.append(ward.clinician())
        return taken[-1]

    yield sit
    for each in taken:
        each.close()


@pytest.mark.parametrize("way", ["in this window", "in a new window", "in a frame"])
def test_a_referral_from_the_chart_comes_back_completed_into_the_chart(
    ward: Ward, sits: Callable[[], AtChart], way: Way
) -> None:
    nora, (patient, person) = sits(), ward.ehr.patient()
    nora.launch(patient, way)
    done = _refers_and_is_helped(ward, nora, person, looks=way != "in a frame")
    eventually(lambda: done in ward.ehr.chart(patient), "the EHR's chart holds what was done")


def test_an_ehr_that_takes_tasks_has_the_referral_as_a_task(ward: Ward, sits: Callable[[], AtChart]) -> None:
    nora, (patient, person) = sits(), ward.ehr.patient()
    ward.ehr.behave("task-write")
    nora.launch(patient)
    _refers_and_is_helped(ward, nora, person)
    eventually(lambda: "completed" in ward.ehr.chart(patient), "the chart's Task is completed")


def test_where_the_ehr_lets_nobody_write_the_referral_lives_with_us(ward: Ward, sits: Callable[[], AtChart]) -> None:
    nora, (patient, person) = sits(), ward.ehr.patient()
    ward.ehr.behave("no-write")
    nora.launch(patient)
    done = _refers_and_is_helped(ward, nora, person)
    assert done not in ward.ehr.chart(patient)
    assert "failed" not in ward.place.server.command("deliveries", "list")


def test_she_takes_a_referral_back(ward: Ward, sits: Callable[[], AtChart]) -> None:
    nora, (patient, person) = sits(), ward.ehr.patient()
    nora.launch(patient)
    nora.refers(ward.place.first.name, person, "Too early")
    ward.ana.waits_for(person, "/inbox")
    nora.opens_the_referral()
    nora.press("Cancel referral")
    nora.surface.get_by_label("Why is it cancelled?").fill("It was for somebody else")
    nora.press("Cancel referral")
    nora.says("The referral was cancelled")
    eventually(lambda: person not in ward.ana.people("/inbox"), "the organization has it no more")


def test_another_patient_in_a_second_tab_never_mixes_with_the_first(ward: Ward, sits: Callable[[], AtChart]) -> None:
    nora, (one, first), (two, second) = sits(), ward.ehr.patient(), ward.ehr.patient()
    nora.launch(one, "in a new window")
    earlier = nora.surface
    nora.launch(two, "in a new window")
    nora.is_about(second)
    nora.surface = earlier
    nora.surface.get_by_role("radio").first.check()
    nora.press("Find who can help")
    nora.says("Nothing was done")
    nora.says(first)
    nora.says(second)


def test_who_does_not_allow_it_reads_what_still_works(ward: Ward, sits: Callable[[], AtChart]) -> None:
    nora, (patient, _) = sits(), ward.ehr.patient()
    nora.launch(patient, "in a frame", answer="Do not allow")
    nora.says("You did not open Baton")
    nora.says("What still works")


def _refers_and_is_helped(ward: Ward, nora: AtChart, person: str, *, looks: bool = True) -> str:
    """From the ticked need to the outcome on the page of this very launch; what was done.

    She looks for it, or leaves the page alone, which then shows it by itself.
    """
    draw, ana = ward.place.draw, ward.ana
    words, done = f"Needed by {draw.word()}", f"Help of a kind {draw.word()}"
    nora.refers(ward.place.first.name, person, words)
    nora.opens_the_referral()
    ana.finds(person, "/inbox")
    ana.says(words)
    ana.press("Accept")
    ana.says("You accepted this referral")
    ana.completes(done, draw.recent_day().isoformat())
    ana.says(done)
    if looks:
        eventually(lambda: nora.looks_again() and done in nora.reads(), "her page shows what was done")
    nora.says(done)
    return done
