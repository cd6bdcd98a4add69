"""The pages are for everybody: who sees little, who has no mouse, whose browser runs no script, whose screen is small."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.stories import axe
from tests.stories.chromium import PHONE, AtDesk
from tests.stories.draw import Draw
from tests.stories.looking import COLOURS, NO_AXE, Colours, Look, look, pictures
from tests.stories.referral import Referral, drawn_referral, send
from tests.stories.test_story_6_phone import drawn_caller, writes_down
from tests.stories.town import Person, Town, custodian, town

pytestmark = pytest.mark.needs("chromium")


@dataclass(frozen=True)
class Street:
    """A town with referrals in several states; `people` are their names by what has happened to them."""

    place: Town
    people: dict[str, str]
    pictures: Path | None

    def sit(self, browser: Browser, person: Person | None, **how: object) -> AtDesk:
        desk = AtDesk(browser, self.place.server.address, **how)  # type: ignore[arg-type]
        if person is not None:
            desk.sign_in(person)
        return desk


@pytest.fixture(scope="module")
def street(browser: Browser) -> Iterator[Street]:
    with town(Draw.from_environment()) as place:
        to = place.first.place
        people = {
            "new": _refer(place, to, (to,)),
            "accepted": _refer(place, to, (to,)),
            "on hold": _refer(place, to, (to,)),
            "completed": _refer(place, to, (to,)),
            "waiting": _refer(place, to, ()),
        }
        made = Street(place, {state: referral.person for state, referral in people.items()}, pictures())
        ana = made.sit(browser, place.ana)
        for state in ("accepted", "on hold", "completed"):
            ana.finds(made.people[state], "/inbox")
            ana.press("Accept")
        ana.completes("Help came the same week", place.draw.recent_day().isoformat())
        ana.finds(made.people["on hold"], "/inbox")
        ana.press("Put on hold")
        ana.answers_why("A paper is still missing", "Put on hold")
        ana.close()
        yield made


def _refer(place: Town, performer: str, consenting_to: tuple[str, ...]) -> Referral:
    network = custodian(place.server)
    referral = drawn_referral(place.draw, network=network, performer=performer, consenting_to=consenting_to)
    send(place.ehr, referral)
    return referral


def _anas(state: str, button: str = "", wrong: bool = False) -> Callable[[AtDesk, Street], None]:
    """Goes to the referral in that state, to the question behind a button, and answers it with nothing."""

    def go(desk: AtDesk, street: Street) -> None:
        desk.finds(street.people[state], "/inbox")
        if button:
            desk.press(button)
        if wrong:
            desk.press(button)
            expect(desk.page.get_by_role("alert")).to_be_visible()

    return go


def _olgas(list_of: str, state: str, button: str = "") -> Callable[[AtDesk, Street], None]:
    def go(desk: AtDesk, street: Street) -> None:
        desk.finds(street.people[state], list_of)
        if button:
            desk.press(button)

    return go


def _opens(address: str, status: int = 200) -> Callable[[AtDesk, Street], None]:
    def go(desk: AtDesk, street: Street) -> None:
        assert desk.open(address) == status

    return go


def _signs_in_wrongly(desk: AtDesk, street: Street) -> None:
    desk.open("/sign-in")
    desk.press("Sign in")
    expect(desk.page.get_by_role("alert")).to_be_visible()


def _takes_a_call_wrongly(desk: AtDesk, street: Street) -> None:
    desk.open("/ops/phone")
    desk.press("Take referral")
    expect(desk.page.get_by_role("alert")).to_be_visible()


def _reads_meanings(desk: AtDesk, street: Street) -> None:
    desk.open("/ops/phone")
    desk.page.get_by_text("What each of these means").click()
    expect(desk.page.get_by_text("Comida", exact=True)).to_be_visible()


def _takes_a_call(desk: AtDesk, street: Street) -> None:
    writes_down(desk, drawn_caller(street.place.draw, helper=True))
    desk.press("Take referral")
    desk.says("The number to tell the caller")


def _takes_a_call_signed_out(desk: AtDesk, street: Street) -> None:
    """Her session comes back when the page is there, so that the next page finds her signed in."""
    desk.open("/ops/phone")
    session = desk.page.context.cookies()
    desk.page.context.clear_cookies()
    desk.press("Take referral")
    desk.says("Sign in to go on")
    desk.page.context.add_cookies(
        [{"name": each["name"], "value": each["value"], "domain": each["domain"], "path": "/"} for each in session]
    )


def _finds(state: str, *, then_opens: bool = False) -> Callable[[AtDesk, Street], None]:
    def go(desk: AtDesk, street: Street) -> None:
        desk.open("/ops/open")
        desk.page.get_by_label("Find a referral").fill(street.people[state])
        desk.press("Find")
        row = desk.page.get_by_role("link", name=street.people[state])
        expect(row).to_be_visible()
        if then_opens:
            row.click()
            desk.says("What was done")

    return go


PAGES: dict[str, tuple[str, Callable[[AtDesk, Street], None]]] = {
    "sign-in": ("", _opens("/sign-in")),
    "sign-in-wrong": ("", _signs_in_wrongly),
    "inbox": ("ana", _opens("/inbox")),
    "referral": ("ana", _anas("new")),
    "referral-accepted": ("ana", _anas("accepted")),
    "referral-on-hold": ("ana", _anas("on hold")),
    "referral-completed": ("ana", _anas("completed")),
    "decline": ("ana", _anas("new", "Decline")),
    "decline-wrong": ("ana", _anas("new", "Decline", wrong=True)),
    "complete": ("ana", _anas("accepted", "Complete")),
    "complete-wrong": ("ana", _anas("accepted", "Complete", wrong=True)),
    "hold": ("ana", _anas("accepted", "Put on hold")),
    "fail": ("ana", _anas("accepted", "Could not be done")),
    "nothing-here": ("ana", _opens("/nothing", 404)),
    "waiting": ("olga", _opens("/ops")),
    "ops-open": ("olga", _opens("/ops/open")),
    "ops-referral": ("olga", _olgas("/ops", "waiting")),
    "ops-pass-on-wrong": ("olga", _olgas("/ops", "waiting", "Pass on")),
    "phone": ("olga", _opens("/ops/phone")),
    "phone-meanings": ("olga", _reads_meanings),
    "phone-wrong": ("olga", _takes_a_call_wrongly),
    "phone-taken": ("olga", _takes_a_call),
    "phone-signed-out": ("olga", _takes_a_call_signed_out),
    "ops-found": ("olga", _finds("completed")),
    "ops-ended": ("olga", _finds("completed", then_opens=True)),
    "end": ("olga", _olgas("/ops", "waiting", "End referral")),
    "withdraw": ("olga", _olgas("/ops/open", "accepted", "Withdraw consent")),
}
EACH_PAGE = pytest.mark.parametrize("name", PAGES)


@pytest.fixture(scope="module")
def desks(street: Street, browser: Browser) -> Iterator[Callable[[str], AtDesk]]:
    """One window for each person, signed in once."""
    taken: dict[str, AtDesk] = {}

    def sit(who: str) -> AtDesk:
        if who not in taken:
            taken[who] = street.sit(browser, getattr(street.place, who) if who else None)
        return taken[who]

    yield sit
    for desk in taken.values():
        desk.close()


@pytest.fixture(scope="module")
def seen(street: Street, desks: Callable[[str], AtDesk]) -> Callable[[str], Look]:
    """Each page is gone to once."""

    @cache
    def visit(name: str) -> Look:
        who, go = PAGES[name]
        desk = desks(who)
        go(desk, street)
        return look(desk.page, name, street.pictures, {"phone": PHONE})

    return visit


@EACH_PAGE
@pytest.mark.parametrize("colours", COLOURS)
def test_axe_finds_nothing_against_wcag_2_2_aa(seen: Callable[[str], Look], name: str, colours: Colours) -> None:
    if axe.source() is None:
        pytest.skip(NO_AXE)
    assert seen(name).findings[colours] == []


def test_axe_would_find_what_is_wrong(browser: Browser) -> None:
    script = axe.source()
    if script is None:
        pytest.skip(NO_AXE)
    page = browser.new_page()
    page.set_content("<html lang=en><title>x</title><main><img src=x><p style='color:#eee'>pale</p></main></html>")
    found = {finding.split(":")[0] for finding in axe.findings(page, script)}
    page.close()
    assert {"image-alt", "color-contrast"} <= found


@EACH_PAGE
def test_a_narrow_phone_shows_a_page_without_scrolling_sideways(seen: Callable[[str], Look], name: str) -> None:
    page = seen(name)
    assert page.widths[PHONE["width"]] <= PHONE["width"]
    assert page.title.startswith(page.heading)


def test_a_referral_is_accepted_with_the_keyboard_alone(street: Street, browser: Browser) -> None:
    place = street.place
    person = _refer(place, place.first.place, (place.first.place,)).person
    ana = street.sit(browser, None)
    ana.open("/sign-in")
    ana.tabs_to("E-mail")
    ana.page.keyboard.type(place.ana.email)
    ana.tabs_to("Password")
    ana.page.keyboard.type(place.ana.password)
    ana.page.keyboard.press("Enter")
    expect(ana.page.get_by_role("button", name="Sign out")).to_be_visible()
    ana.waits_for(person, "/inbox")
    for words in (person, "Accept"):
        ana.tabs_to(words)
        ana.page.keyboard.press("Enter")
        ana.says(person)
    ana.says("You accepted this referral")
    ana.close()


def test_the_main_job_needs_no_script(street: Street, browser: Browser) -> None:
    place = street.place
    person = _refer(place, place.first.place, (place.first.place,)).person
    ana = street.sit(browser, place.ana, script=False)
    ana.finds(person, "/inbox")
    ana.press("Accept")
    ana.press("Start")
    ana.completes("Help came", place.draw.recent_day().isoformat())
    ana.says("Help came")
    ana.close()
