"""A clinician at a real Chromium: opens a chart in her EHR, launches Baton there, refers, sees what comes of it."""

from typing import Literal

from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.stories.chromium import ACT_WITHIN_MS, DESK
from tests.stories.simulated import SimulatedEhr

Way = Literal["in this window", "in a new window", "in a frame"]
LONG_ENOUGH_MS = 30_000
LOOKS, SOON_MS, A_MOMENT_MS = 50, 2_000, 100
FRAME = "iframe[name=app]"


class AtChart:
    """`surface` is where Baton is shown: the window, another window, or a frame in the EHR's page."""

    def __init__(self, browser: Browser, ehr: SimulatedEhr, *, script: bool = True) -> None:
        self._context = browser.new_context(java_script_enabled=script, viewport=DESK, locale="en-US")
        self._context.set_default_timeout(ACT_WITHIN_MS)
        self._ehr = ehr
        self.page: Page = self._context.new_page()
        self.surface: Page | FrameLocator = self.page

    def launch(self, patient: str, way: Way = "in this window", answer: str = "Allow") -> None:
        """From the patient's chart to Baton's first page, with the EHR's question on the way."""
        self.page.goto(f"{self._ehr.address}/launch?patient={patient}")
        button = self.page.get_by_role("button", name=f"Open {way}", exact=True)
        if way == "in a new window":
            with self._context.expect_page() as opened:
                button.click()
            self.surface = opened.value
        else:
            button.click()
            self.surface = self.page.frame_locator(FRAME) if way == "in a frame" else self.page
        self.press(answer)

    def press(self, words: str) -> None:
        self.surface.get_by_role("button", name=words, exact=True).click()

    def is_about(self, person: str) -> None:
        """The banner names this patient."""
        expect(self.surface.locator("body")).to_contain_text(person)

    def says(self, words: str) -> None:
        expect(self.surface.locator("main")).to_contain_text(words, timeout=LONG_ENOUGH_MS)

    def comes_to_say(self, words: str) -> None:
        """By itself, within a few minutes of the page's own clock, which go by fast."""
        for _ in range(LOOKS):
            if words in self.reads():
                return
            self.page.clock.fast_forward(SOON_MS)
            self.page.wait_for_timeout(A_MOMENT_MS)
        self.says(words)

    def refers(self, to: str, person: str, words: str) -> None:
        """Ticks the first need that the chart tells of, chooses, lets the person sign, sends."""
        self.surface.get_by_role("radio").first.check()
        self.press("Find who can help")
        self.surface.get_by_role("radio", name=to).check()
        self.surface.get_by_label("What is needed").fill(words)
        self.press("Next: see what is shared")
        self.surface.get_by_role("radio", name="Signed here").check()
        self.surface.get_by_label("If signed here").fill(person)
        self.press("Send referral")
        self.says("The referral was sent")

    def opens_the_referral(self) -> None:
        self.surface.locator("main .row .who a").first.click()
        expect(self.surface.locator("#story")).to_be_visible()

    def looks_again(self) -> bool:
        """At the same referral, by way of the list."""
        self.surface.get_by_role("link", name="Back to all referrals").click()
        self.opens_the_referral()
        return True

    def reads(self) -> str:
        return self.surface.locator("main").inner_text()

    def close(self) -> None:
        self._context.close()
