"""A person at a real Chromium: sees pages, reads, presses buttons by the words on them."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.parts import chromium
from tests.stories import town
from tests.stories.waiting import eventually

DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 320, "height": 640}
ACT_WITHIN_MS = 15_000
MOST_TABS = 40
# the ring is around the thing itself, or around the whole row whose link it is
SEEN = """["", "::after"].some(part => getComputedStyle(document.activeElement, part).outlineStyle !== "none")"""
NAMED = "(at => at.labels && at.labels[0] ? at.labels[0].innerText : at.innerText)(document.activeElement)"
# root has no sandbox to offer; in a container shared memory is small and there is no graphics card
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")


@contextmanager
def opened() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class AtDesk:
    """One person's window. `script=False` is a browser without JavaScript; `size` may be a phone's."""

    def __init__(self, browser: Browser, address: str, *, script: bool = True, size: ViewportSize = DESK) -> None:
        self._context = browser.new_context(base_url=address, java_script_enabled=script, viewport=size, locale="en-US")
        self._context.set_default_timeout(ACT_WITHIN_MS)
        self.page: Page = self._context.new_page()

    def sign_in(self, person: "town.Person") -> None:
        self.page.goto("/sign-in")
        self.page.get_by_label("E-mail").fill(person.email)
        self.page.get_by_label("Password", exact=True).fill(person.password)
        self.press("Sign in")
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    def press(self, words: str) -> None:
        """The one button with exactly these words."""
        self.page.get_by_role("button", name=words, exact=True).click()

    def open(self, address: str) -> int:
        """Goes there; the status of the answer."""
        answer = self.page.goto(address)
        assert answer is not None
        return answer.status

    def people(self, address: str) -> list[str]:
        """Whom a list shows, row by row."""
        assert self.open(address) == 200
        return self.page.locator("main .row .who").all_inner_texts()

    def waits_for(self, name: str, address: str) -> None:
        """Until the list shows that person once."""
        eventually(lambda: self.people(address).count(name) == 1, f"one row of a person on {address}")

    def finds(self, name: str, address: str) -> None:
        """Waits for the row and opens it."""
        self.waits_for(name, address)
        self.page.get_by_role("link", name=name).click()
        expect(self.page.locator("main .person")).to_have_text(name)

    def says(self, words: str) -> None:
        expect(self.page.locator("main")).to_contain_text(words)

    def answers_why(self, words: str, button: str) -> None:
        """The question that comes before a no, a pause or a completion."""
        self.page.get_by_role("textbox").first.fill(words)
        self.press(button)

    def completes(self, what: str, day: str) -> None:
        self.press("Complete")
        self.page.get_by_label("What was done?").fill(what)
        self.page.get_by_label("When was it done?").fill(day)
        self.press("Complete")

    def passes_on(self, to: str, why: str, proof: str = "") -> None:
        self.page.get_by_label("To which organization?").select_option(label=to)
        self.page.get_by_label(why).check()
        if proof:
            self.page.get_by_label("What have you read or heard").fill(proof)
        self.press("Pass on")
        self.says("Passed on")

    def downloads(self, words: str) -> bytes:
        """The file behind a link."""
        with self.page.expect_download() as begun:
            self.page.get_by_role("link", name=words).click()
        return begun.value.path().read_bytes()

    def tabs_to(self, words: str) -> None:
        """Presses Tab until the thing with this name has the focus, and can be seen to have it."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if str(self.page.evaluate(NAMED)).strip() == words:
                assert self.page.evaluate(SEEN), f"nothing shows that the focus is on {words}"
                return
        raise AssertionError(f"{MOST_TABS} tabs do not lead to {words}")

    def close(self) -> None:
        self._context.close()
