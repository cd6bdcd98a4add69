"""The clinician's pages are for everybody, too: little sight, no mouse, no script, and a narrow frame in the EHR."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.stories import axe
from tests.stories.chromium import DESK, PHONE, SEEN, AtDesk
from tests.stories.clinician import AtChart
from tests.stories.draw import Draw
from tests.stories.looking import COLOURS, NO_AXE, Colours, Look, look, picture, pictures
from tests.stories.simulated import SimulatedEhr, simulated_ehr
from tests.stories.town import Town, town

pytestmark = pytest.mark.needs("chromium")

IN_A_FRAME: ViewportSize = {"width": 400, "height": 700}
NARROW = {str(size["width"]): size for size in (IN_A_FRAME, PHONE)}
MOST_TABS = 60
NAME = """(at => at.type === 'radio' || at.type === 'checkbox' || at.labels?.length
    ? at.labels[0].innerText : at.innerText)(document.activeElement)"""


@dataclass
class Ward:
    """A clinic with an EHR; `patient` has a referral that waits and one that was completed."""

    place: Town
    ehr: SimulatedEhr
    browser: Browser
    pictures: Path | None
    patient: str = ""
    person: str = ""
    sitting: list[AtChart] = field(default_factory=list)

    def sits(self, patient: str, *, script: bool = True, size: ViewportSize = DESK) -> tuple[Page, str]:
        """A clinician's window, launched at this patient, and the address of its first page."""
        nora = AtChart(self.browser, self.ehr, script=script)
        self.sitting.append(nora)
        nora.page.set_viewport_size(size)
        nora.launch(patient)
        expect(nora.page.get_by_role("heading", name="Help with social needs")).to_be_visible()
        return nora.page, nora.page.url


@pytest.fixture(scope="module")
def ward(browser: Browser) -> Iterator[Ward]:
    with town(Draw.from_environment()) as place, simulated_ehr(place) as ehr:
        made = Ward(place, ehr, browser, pictures())
        made.patient, made.person = ehr.patient()
        nora, ana = AtChart(browser, ehr), AtDesk(browser, place.server.address)
        ana.sign_in(place.ana)
        nora.launch(made.patient)
        nora.refers(place.first.name, made.person, "Food for four")
        ana.finds(made.person, "/inbox")
        ana.press("Accept")
        ana.completes("Food for two weeks", place.draw.recent_day().isoformat())
        nora.refers(place.first.name, made.person, "A second time")
        nora.close()
        ana.close()
        yield made
        for each in made.sitting:
            each.close()


Go = Callable[[Page, str], None]


def _opens(path: str = "") -> Go:
    def go(page: Page, home: str) -> None:
        page.goto(home + path)

    return go


def _presses(before: Go, *buttons: str) -> Go:
    def go(page: Page, home: str) -> None:
        before(page, home)
        for words in buttons:
            page.get_by_role("button", name=words, exact=True).click()

    return go


def _wrong(before: Go, button: str) -> Go:
    def go(page: Page, home: str) -> None:
        before(page, home)
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_role("alert")).to_be_visible()

    return go


def _asks(page: Page, home: str) -> None:
    page.goto(home)
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Find who can help", exact=True).click()
    expect(page.get_by_role("heading", name="Who can help")).to_be_visible()


def _next(page: Page) -> None:
    """From the first page to the one that says what will be shared, at the first organization."""
    page.get_by_role("button", name="Find who can help", exact=True).click()
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Next: see what is shared").click()
    expect(page.get_by_role("heading", name="Check and send")).to_be_visible()


def _checks(page: Page, home: str) -> None:
    _asks(page, home)
    page.get_by_role("radio").first.check()
    page.get_by_label("What is needed").fill("Four people, since the shop has closed")
    page.get_by_label("It is urgent").check()
    page.get_by_role("button", name="Next: see what is shared").click()
    expect(page.get_by_role("heading", name="Check and send")).to_be_visible()


def _row(number: int) -> Go:
    def go(page: Page, home: str) -> None:
        page.goto(home)
        page.locator("main .row .who a").nth(number).click()
        expect(page.locator("#story")).to_be_visible()

    return go


def _adds(page: Page, home: str) -> None:
    page.goto(home)
    page.get_by_text("Add a need").first.click()


PAGES: dict[str, Go] = {
    "overview": _opens(),
    "overview-sent": _opens("?done=sent"),
    "overview-adds": _adds,
    "overview-wrong": _presses(_opens(), "Find who can help"),
    "status": _opens("/status"),
    "refer": _asks,
    "refer-wrong": _wrong(_asks, "Next: see what is shared"),
    "check": _checks,
    "check-wrong": _wrong(_checks, "Send referral"),
    "referral": _row(0),
    "referral-completed": _row(1),
    "cancel": _presses(_row(0), "Cancel referral"),
    "cancel-wrong": _wrong(_presses(_row(0), "Cancel referral"), "Cancel referral"),
}
EACH_PAGE = pytest.mark.parametrize("name", PAGES)


@dataclass(frozen=True)
class Seen:
    """`banner`: what stands there of the patient."""

    look: Look
    banner: str


@pytest.fixture(scope="module")
def seen(ward: Ward) -> Callable[[str], Seen]:
    """Each page is gone to once, in one launch."""
    page, home = ward.sits(ward.patient)

    @cache
    def visit(name: str) -> Seen:
        PAGES[name](page, home)
        # the part of a page that the page itself reads again has none
        banner = "" if name == "status" else page.get_by_role("region", name="Patient").text_content() or ""
        return Seen(look(page, f"clinician-{name}", ward.pictures, NARROW), " ".join(banner.split()))

    return visit


@EACH_PAGE
@pytest.mark.parametrize("colours", COLOURS)
def test_axe_finds_nothing_against_wcag_2_2_aa(seen: Callable[[str], Seen], name: str, colours: Colours) -> None:
    if axe.source() is None:
        pytest.skip(NO_AXE)
    assert seen(name).look.findings[colours] == []


def test_axe_finds_nothing_where_she_has_to_look_for_consents_herself(ward: Ward) -> None:
    script = axe.source()
    if script is None:
        pytest.skip(NO_AXE)
    ward.ehr.behave("fewer-scopes")
    try:
        page, home = ward.sits(ward.patient)
        page.get_by_role("radio").first.check()
        _next(page)
        page.get_by_label("Said yes").check()
        page.get_by_label("If said: who heard it").fill("Nora")
        _wrong(lambda *_: None, "Send referral")(page, home)
        picture(page, ward.pictures, "clinician-check-unseen")
        assert axe.findings(page, script) == []
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.get_by_role("alert").get_by_role("link").click()
        expect(page.get_by_label("I have looked in the chart")).to_be_focused()
    finally:
        ward.ehr.behave()


@pytest.mark.parametrize(("name", "go"), [("overview-adds", _adds), ("refer", _asks)])
def test_what_is_read_to_a_person_in_spanish_is_for_everybody_too(ward: Ward, name: str, go: Go) -> None:
    if axe.source() is None:
        pytest.skip(NO_AXE)
    ward.ehr.behave("spanish")
    try:
        page, home = ward.sits(ward.patient)
        go(page, home)
        expect(page.locator("main")).to_contain_text("Comida")
        seen = look(page, f"clinician-{name}-spanish", ward.pictures, NARROW)
        assert [finding for colours in COLOURS for finding in seen.findings[colours]] == []
        assert [width for width, taken in seen.widths.items() if taken > width] == []
    finally:
        ward.ehr.behave()


@EACH_PAGE
def test_a_narrow_frame_and_a_phone_show_a_page_without_scrolling_sideways(
    seen: Callable[[str], Seen], name: str
) -> None:
    page = seen(name).look
    assert sorted(page.widths) == [PHONE["width"], IN_A_FRAME["width"]]
    assert [width for width, taken in page.widths.items() if taken > width] == []
    assert page.title.startswith(page.heading)


@pytest.mark.parametrize("name", [name for name in PAGES if name != "status"])
def test_every_page_says_whom_it_is_about(ward: Ward, seen: Callable[[str], Seen], name: str) -> None:
    banner = seen(name).banner
    assert [words for words in (ward.person, "Born ", "Record ") if words not in banner] == []


def test_a_referral_is_sent_with_the_keyboard_alone(ward: Ward) -> None:
    patient, person = ward.ehr.patient()
    page, _ = ward.sits(patient)
    _tab_to(page, "Find who can help", ticks=1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Who can help")).to_be_visible()
    _tab_to(page, "Next: see what is shared", ticks=1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Check and send")).to_be_visible()
    _tab_to(page, "If signed here: name of the person", ticks=1)
    page.keyboard.type(person)
    _tab_to(page, "Send referral")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("The referral was sent")


def test_the_first_page_follows_a_referral_by_itself(ward: Ward) -> None:
    patient, person = ward.ehr.patient()
    nora, ana = AtChart(ward.browser, ward.ehr), AtDesk(ward.browser, ward.place.server.address)
    ward.sitting.append(nora)
    ana.sign_in(ward.place.ana)
    nora.page.clock.install()
    nora.launch(patient)
    nora.refers(ward.place.first.name, person, "Food for four")
    ana.finds(person, "/inbox")
    nora.comes_to_say("waiting for an answer")
    ana.press("Accept")
    nora.comes_to_say("accepted, to be started")
    ana.close()


def test_the_whole_way_needs_no_script(ward: Ward) -> None:
    patient, person = ward.ehr.patient()
    nora = AtChart(ward.browser, ward.ehr, script=False)
    ward.sitting.append(nora)
    nora.launch(patient)
    nora.refers(ward.place.first.name, person, "Food for four")
    nora.opens_the_referral()
    nora.press("Cancel referral")
    nora.page.get_by_label("Why is it cancelled?").fill("Help came from the family")
    nora.press("Cancel referral")
    nora.says("The referral was cancelled")


def _tab_to(page: Page, words: str, ticks: int = 0) -> None:
    """Presses Tab until the thing with this name has the focus, and can be seen to have it; on the way the first
    radio buttons are ticked with the space bar."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if ticks and page.evaluate("document.activeElement.type") == "radio":
            page.keyboard.press("Space")
            ticks -= 1
        if str(page.evaluate(NAME)).strip() == words:
            assert page.evaluate(SEEN), f"nothing shows that the focus is on {words}"
            return
    raise AssertionError(f"{MOST_TABS} tabs do not lead to {words}")
