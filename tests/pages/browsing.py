"""A browser without script: it follows redirects, keeps cookies, and sends the forms it was shown."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

from tests.serving import client

SAME_SITE = {"sec-fetch-site": "same-origin"}


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class Forms(HTMLParser):
    """The forms of a page with what they would send untouched."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.in_button = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("action", ""), found.get("method", "get")))
        self.in_button = tag == "button"
        chosen = found.get("type") not in ("radio", "checkbox") or "checked" in found
        if tag in ("input", "textarea") and chosen and "name" in found:
            self.forms[-1].fields[found["name"]] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        if self.in_button and data.strip():
            self.forms[-1].buttons.append(data.strip())


class Browser:
    """`page` is the last answer; `press` sends the form with that button, with what was filled in."""

    def __init__(self, address: str) -> None:
        self.http = client(address, follow_redirects=True, headers=SAME_SITE)
        self.page: httpx.Response

    async def open(self, address: str) -> httpx.Response:
        self.page = await self.http.get(address)
        return self.page

    def buttons(self) -> list[str]:
        """The words on the buttons of the page's main part."""
        main = self.page.text.split("<main")[1]
        return [button for form in Forms(main).forms for button in form.buttons]

    async def press(self, button: str, **filled: str) -> httpx.Response:
        form = next(form for form in Forms(self.page.text).forms if button in form.buttons)
        address, fields = urljoin(str(self.page.url), form.action), form.fields | filled
        if form.method == "post":
            self.page = await self.http.post(address, data=fields)
        else:
            self.page = await self.http.get(address, params=fields)
        return self.page

    async def sign_in(self, email: str, password: str) -> httpx.Response:
        await self.open("/sign-in")
        return await self.press("Sign in", email=email, password=password)

    async def open_row(self, name: str) -> httpx.Response:
        """Follows the link that bears this person's name."""
        before = self.page.text.split(f"<bdi>{name}</bdi></a>")[0]
        return await self.open(before.rsplit('href="', 1)[1].split('"')[0])

    async def close(self) -> None:
        await self.http.aclose()
