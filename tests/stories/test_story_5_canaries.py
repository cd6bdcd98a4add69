"""Story 5 with marks on everything that is nobody's business: logs, histories, referrers and pages that say "no" are
looked through for them, at the most talkative level of the log."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.stories.chromium import AtDesk
from tests.stories.clinician import AtChart
from tests.stories.draw import Draw
from tests.stories.simulated import SimulatedEhr, simulated_ehr
from tests.stories.town import Town, town
from tests.stories.waiting import eventually

pytestmark = pytest.mark.needs("chromium")

# what the EHR gives out begins with these; an id_token is a JWT, whose first two parts begin with {"
HANDLES = ("ehr-launch-", "ehr-code-", "ehr-access-", "ehr-refresh-")
JWT = re.compile(r"eyJ[\w-]+\.eyJ")
PARAMETERS = ("code=", "state=", "launch=", "iss=")


@dataclass
class Told:
    """One referral from launch to outcome. `marks` stand for record number, words, handles; `requests` are those
    of the clinician's windows; `histories` the addresses that her browser keeps, `given` what else it has of us."""

    place: Town
    ehr: SimulatedEhr
    person: str
    marks: tuple[str, ...]
    histories: list[str]
    given: list[str]
    requests: list[Request] = field(repr=False)
    refusals: dict[str, str] = field(default_factory=dict)

    def found(self, text: str) -> list[str]:
        """Handles wherever they stand, names as words: Content-Transfer-Encoding tells of nobody Tran."""
        names = [word for word in self.person.split() if len(word) > 3 and re.search(rf"\b{word}\b", text)]
        tokens = JWT.findall(text)
        return [*(mark for mark in self.marks if mark.lower() in text.lower()), *names, *tokens]


@pytest.fixture(scope="module")
def told(browser: Browser) -> Iterator[Told]:
    draw = Draw.from_environment()
    with town(draw, BATON_LOG_LEVEL="debug") as place, simulated_ehr(place) as ehr:
        patient, person = ehr.patient()
        words, done = (f"Marked {draw.word(14)}" for _ in range(2))
        nora, ana = AtChart(browser, ehr), AtDesk(browser, place.server.address)
        ana.sign_in(place.ana)
        requests: list[Request] = []
        nora.page.context.on("request", lambda request: requests.append(request))
        nora.launch(patient)
        nora.refers(place.first.name, person, words)
        ana.finds(person, "/inbox")
        ana.press("Accept")
        ana.completes(done, draw.recent_day().isoformat())
        nora.opens_the_referral()
        eventually(lambda: nora.looks_again() and done in nora.reads(), "her page shows what was done")
        eventually(lambda: done in ehr.chart(patient), "the EHR's chart holds what was done")
        marks = (*HANDLES, person, patient, f"{patient[:3]}-{patient[3:]}", words, done)
        story = Told(place, ehr, person, marks, _history(nora.page), _given(nora.page), requests)
        story.refusals = _refusals(nora.page, story)
        yield story
        nora.close()
        ana.close()


def _history(page: Page) -> list[str]:
    entries = page.context.new_cdp_session(page).send("Page.getNavigationHistory")["entries"]
    return [entry["url"] for entry in entries]


def _given(page: Page) -> list[str]:
    """The page, the cookies, and what a script could read."""
    stored = page.evaluate("JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])")
    return [page.content(), stored, *(str(cookie) for cookie in page.context.cookies())]


def _refusals(page: Page, story: Told) -> dict[str, str]:
    """Address as asked -> what the browser shows and keeps of it."""
    marked = dict.fromkeys(("launch", "code", "state", "error"), "ehr-code-" + "x" * 30)
    asked = {
        "/launch?" + urlencode({"iss": "https://ehr-access-x.example/fhir", "launch": marked["launch"]}),
        "/launch?" + urlencode({"iss": story.ehr.base, "launch": f"<b>{marked['launch']}"}),
        "/launch/callback?" + urlencode({"code": marked["code"], "state": marked["state"]}),
        "/launch/callback?" + urlencode({"error": marked["error"], "state": marked["state"], "iss": "ehr-access-x"}),
    }
    found = {}
    for each in asked:
        answer = page.goto(story.place.server.address + each)
        assert answer is not None
        assert answer.status == 400, each
        found[each] = f"{page.content()} {page.url} {dict(answer.headers)}"
    return found


def test_marks_are_found_where_they_stand(told: Told) -> None:
    for mark in (*told.marks, "eyJhbGciOi.eyJpc3Mi", f"x ehr-code-{'y' * 43}", f"{told.person}."):
        assert told.found(f"before {mark} after")
    assert told.found("Content-Transfer-Encoding: quoted-printable") == []


def test_logs_say_nothing_of_them(told: Told) -> None:
    folder = told.place.server.data_dir
    logs = [told.place.server.log, *(each for each in folder.rglob("*.log") if each.is_file())]
    assert "launch_begun" in told.place.server.log.read_text()
    assert {str(each): found for each in logs if (found := told.found(each.read_text(errors="replace")))} == {}


def test_letters_say_nothing_of_them(told: Told) -> None:
    letters = told.place.server.letters()
    assert letters != []
    assert [found for each in letters if (found := told.found(each))] == []


def test_the_history_of_her_browser_keeps_nothing_of_them(told: Told) -> None:
    ours = [url for url in told.histories if url.startswith(told.place.server.address)]
    assert len(ours) >= 3
    assert [url for url in ours if told.found(url) or any(name in url for name in PARAMETERS)] == []


def test_no_referrer_tells_of_them(told: Told) -> None:
    """From Baton nothing but its origin leaves at all; what comes from the EHR's pages is the EHR's."""
    ours = told.place.server.address
    said = [(each.url, each.all_headers().get("referer", "")) for each in told.requests]
    assert any(urlsplit(url).path == "/launch/callback" or "/callback/" in url for url, _ in said)
    from_us = [(url, referrer) for url, referrer in said if referrer.startswith(ours)]
    assert [pair for pair in from_us if told.found(pair[1]) or any(name in pair[1] for name in PARAMETERS)] == []
    assert [pair for pair in from_us if not pair[0].startswith(ours)] == []


def test_no_page_that_refuses_repeats_or_keeps_what_was_sent(told: Told) -> None:
    assert {asked: found for asked, shown in told.refusals.items() if (found := told.found(shown))} == {}


def test_the_browser_is_never_given_a_token(told: Told) -> None:
    assert told.given
    assert [each for each in told.given if JWT.search(each) or any(mark in each for mark in HANDLES)] == []
