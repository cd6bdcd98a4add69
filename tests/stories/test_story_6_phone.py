"""Story 6: somebody calls. The operator takes the referral, an organization helps, the caller hears what became of it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect

from tests.stories.chromium import AtDesk
from tests.stories.draw import Draw
from tests.stories.town import Person, Town
from tests.stories.waiting import eventually

pytestmark = pytest.mark.needs("chromium")

NEEDS = ("Food", "A place to sleep", "Rides and transport", "Heat, power and water", "Company and support")
RELATIONS = ("daughter", "neighbor", "school nurse")


@dataclass(frozen=True)
class Caller:
    """What is said on the phone; `helper` is who calls for the person, or nobody."""

    given: str
    family: str
    born: str
    phone: str
    need: str
    words: str
    wish: str
    helper: str = ""
    relation: str = ""

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"


def drawn_caller(draw: Draw, *, helper: bool) -> Caller:
    who = {"helper": f"{draw.given()} {draw.family()}", "relation": draw.chance.choice(RELATIONS)} if helper else {}
    return Caller(
        given=draw.given(),
        family=draw.family(),
        born=draw.birth_date()[: draw.chance.choice((4, 7, 10))],
        phone=draw.phone(),
        need=draw.chance.choice(NEEDS),
        words=f"It is about {draw.word()} and {draw.word()}",
        wish=f"Somebody who knows {draw.word()}",
        **who,
    )


def writes_down(desk: AtDesk, caller: Caller) -> None:
    page = desk.page
    page.get_by_role("link", name="By phone").click()
    if caller.helper:
        page.get_by_label("Somebody who calls for her or him").check()
        page.get_by_label("Name of who calls").fill(caller.helper)
        page.get_by_label("Who is that to the person?").fill(caller.relation)
    else:
        page.get_by_label("The person who needs help").check()
    page.get_by_label("First name").fill(caller.given)
    page.get_by_label("Last name").fill(caller.family)
    page.get_by_label("Date of birth").fill(caller.born)
    page.get_by_label("Phone of the person").fill(caller.phone)
    page.get_by_label("What is it about?").select_option(label=caller.need)
    page.get_by_label("What is the matter?").fill(caller.words)
    page.get_by_label("What does the person wish for?").fill(caller.wish)


def chooses(desk: AtDesk, organization: str, heard: str) -> None:
    desk.page.get_by_label("Which organization shall help?").select_option(label=organization)
    desk.page.get_by_label("Consent by word").check()
    desk.page.get_by_label("What have you read or heard").fill(heard)


def helps(ana: AtDesk, caller: Caller, done: str, day: str) -> None:
    ana.finds(caller.name, "/inbox")
    for words in (caller.words, caller.wish, caller.phone):
        ana.says(words)
    ana.press("Accept")
    ana.press("Start")
    ana.completes(done, day)
    ana.says(done)


def hears_the_outcome(olga: AtDesk, by: str, caller: Caller, done: str) -> None:
    """The referral is not open any more; it is found by its number or the name, and tells what was done."""

    def found() -> bool:
        olga.open("/ops/open")
        olga.page.get_by_label("Find a referral").fill(by)
        olga.press("Find")
        row = olga.page.locator("main .row")
        return row.count() == 1 and "Ended" in row.inner_text()

    eventually(found, "the ended referral is found")
    olga.page.get_by_role("link", name=caller.name).click()
    olga.says("What was done")
    olga.says(done)
    olga.says("Closed: the person got help")


def test_a_caller_hears_what_was_done_by_the_number_that_the_operator_gave(
    place: Town, seat: Callable[[Person], AtDesk]
) -> None:
    draw = place.draw
    caller, done = drawn_caller(draw, helper=True), f"Help of a kind {draw.word()}"
    olga, ana = seat(place.olga), seat(place.ana)
    writes_down(olga, caller)
    chooses(olga, place.first.name, f"{caller.helper} told me that {caller.given} agrees")
    olga.press("Take referral")
    olga.says("The number to tell the caller")
    number = olga.page.locator("h1").inner_text().removeprefix("Referral ")
    olga.says(f"{caller.helper} ({caller.relation})")

    helps(ana, caller, done, draw.recent_day().isoformat())
    hears_the_outcome(olga, number, caller, done)
    assert place.ehr.search("Task?_count=1") == []
    [letter] = [each for each in place.server.letters() if f"To: {place.first.email}" in each]
    said = (caller.given, caller.family, caller.phone, caller.words, caller.helper, caller.wish)
    log = place.server.log.read_text(errors="replace")
    assert [words for words in said if words.lower() in (letter + log).lower()] == []


def test_what_is_not_settled_on_the_phone_waits_and_is_passed_on_later(
    place: Town, seat: Callable[[Person], AtDesk]
) -> None:
    draw = place.draw
    caller, done = drawn_caller(draw, helper=False), f"Help of a kind {draw.word()}"
    olga, ana = seat(place.olga), seat(place.ana)
    writes_down(olga, caller)
    olga.press("Take referral")
    olga.finds(caller.name, "/ops")
    assert ana.people("/inbox") == []
    assert place.asked(place.first) == []
    olga.passes_on(place.first.name, "Consent by word", f"{caller.given} said yes to me")

    helps(ana, caller, done, draw.recent_day().isoformat())
    hears_the_outcome(olga, caller.family, caller, done)


def test_what_is_missing_is_asked_for_and_nothing_that_was_typed_is_lost(
    place: Town, seat: Callable[[Person], AtDesk]
) -> None:
    """With script, the focus is on what is wrong; each sentence there leads to its field."""
    caller = drawn_caller(place.draw, helper=True)
    olga = seat(place.olga)
    writes_down(olga, caller)
    page = olga.page
    page.get_by_label("Date of birth").fill("long ago")
    chooses(olga, place.first.name, "")
    olga.press("Take referral")
    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    expect(alert.get_by_role("link")).to_have_count(2)
    alert.get_by_role("link", name="Enter a year").click()
    born = page.get_by_label("Date of birth")
    expect(born).to_be_focused()
    expect(born).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name of who calls")).to_have_value(caller.helper)
    expect(page.get_by_label("What is the matter?")).to_have_value(caller.words)
    expect(page.get_by_label("Consent by word")).to_be_checked()
    born.fill(caller.born)
    page.get_by_label("What have you read or heard").fill("She said yes")
    olga.press("Take referral")
    olga.says("The number to tell the caller")
    assert len(place.asked(place.first)) == 1


def test_a_referral_is_taken_by_phone_with_the_keyboard_alone(place: Town, seat: Callable[[Person], AtDesk]) -> None:
    """A select takes the first letters of what it is to show, a radio the space bar."""
    caller = drawn_caller(place.draw, helper=False)
    olga = seat(place.olga)
    olga.open("/ops/phone")
    keyboard = olga.page.keyboard
    olga.tabs_to("The person who needs help")
    keyboard.press("Space")
    typed = {
        "First name": caller.given,
        "Last name": caller.family,
        "Phone of the person": caller.phone,
        "What is it about?": "Food",
        "What is the matter?": caller.words,
    }
    for label, text in typed.items():
        olga.tabs_to(label)
        keyboard.type(text)
    olga.tabs_to("Take referral")
    keyboard.press("Enter")
    olga.says("The number to tell the caller")
    olga.says(caller.words)


def test_a_referral_is_taken_by_phone_without_script(place: Town, browser: Browser) -> None:
    caller = drawn_caller(place.draw, helper=True)
    olga = AtDesk(browser, place.server.address, script=False)
    olga.sign_in(place.olga)
    writes_down(olga, caller)
    chooses(olga, place.first.name, "")
    olga.press("Take referral")
    expect(olga.page.get_by_role("alert")).to_contain_text("Tell in a few words what you have read or heard")
    olga.page.get_by_label("What have you read or heard").fill("She said yes")
    olga.press("Take referral")
    olga.says("The number to tell the caller")
    olga.close()
