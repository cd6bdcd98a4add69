"""A browser without a window and without script: follows links and redirects, keeps cookies, sends forms."""

import html
import re
from urllib.parse import urljoin

import httpx

from tests.pages.browsing import Form, Forms
from tests.stories.simulated import SimulatedEhr
from tests.stories.town import Person

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
TIMEOUT_S = 40
HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")


class Plain:
    """`page` is the last answer."""

    def __init__(self, address: str) -> None:
        self.http = httpx.Client(base_url=address, follow_redirects=True, headers=SAME_SITE, timeout=TIMEOUT_S)
        self.page: httpx.Response

    def open(self, address: str) -> httpx.Response:
        self.page = self.http.get(address)
        return self.page

    def press(self, button: str, **filled: str) -> httpx.Response:
        """Sends the form that has this button, its fields as they stand and these."""
        form = next((form for form in self.forms() if button in form.buttons), None)
        assert form is not None, f"no button {button!r} on the page {self.heading()!r}"
        address, fields = urljoin(str(self.page.url), form.action), form.fields | filled
        if form.method == "post":
            self.page = self.http.post(address, data=fields)
        else:
            self.page = self.http.get(address, params=fields)
        return self.page

    def forms(self) -> list[Form]:
        return Forms(self.page.text).forms

    def choices(self, name: str) -> list[str]:
        """The values of the radio buttons and ticks of this name."""
        return re.findall(rf'<input type="(?:radio|checkbox)" name="{name}"[^>]* value="([^"]*)"', self.page.text)

    def heading(self) -> str:
        found = HEADING.search(self.page.text)
        return html.unescape(TAG.sub("", found[1])).strip() if found else ""

    def text(self) -> str:
        """The main part in words."""
        main = self.page.text.partition("<main")[2].partition("</main>")[0]
        return " ".join(html.unescape(TAG.sub(" ", f"<{main}")).split())

    def sign_in(self, person: Person) -> None:
        self.open("/sign-in")
        self.press("Sign in", email=person.email, password=person.password)

    def follows(self, words: str) -> None:
        """The link with this name in it."""
        before = self.page.text.partition(f"<bdi>{html.escape(words)}</bdi></a>")[0]
        self.open(html.unescape(before.rpartition('href="')[2].partition('"')[0]))

    def close(self) -> None:
        self.http.close()


class PlainClinician(Plain):
    """Launches from this EHR; what she presses on the EHR's own pages goes to the EHR."""

    def __init__(self, ehr: SimulatedEhr) -> None:
        super().__init__(ehr.address)

    def launch(self, patient: str) -> None:
        """To wherever the launch ends."""
        self.page = self.http.post("/launch", data={"patient": patient, "where": "same"})
        if self.heading() == "Allow this app?":
            self.press("Allow", decision="allow")

    def refers(self, to: str, person: str, words: str = "") -> None:
        """The first need of the chart, or one that is added; said yes, and heard. She looks where she is told to look."""
        self.press("Find who can help", need=self.choices("need")[0])
        self.press("Next: see what is shared", to=to, words=words)
        looked = {name: "yes" for name in ["looked"] if self.choices(name)}
        self.press("Send referral", basis="spoken", heard="Whoever is here", **looked)
