"""A clinician's browser at the launch: step by step, so that a test can change what happens between two of them."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from app.gateways.ehr.smart import Registration
from app.services.launch.registration import registration_of
from app.store import connections
from tests.launch.ehr import Change, FakeEhr, Tree
from tests.pages.browsing import SAME_SITE, Forms
from tests.serving import client
from tests.town import Place


@dataclass
class Doctor:
    """One browser. `page` is Baton's last answer."""

    address: str
    ehr: FakeEhr
    http: httpx.AsyncClient = field(init=False)
    page: httpx.Response = field(init=False)

    def __post_init__(self) -> None:
        self.http = client(self.address, follow_redirects=False, headers=SAME_SITE, timeout=60)

    async def open(self, address: str, **headers: str) -> httpx.Response:
        self.page = await self.http.get(address, headers=headers)
        return self.page

    async def begin(self, *, iss: str | None = None, launch: str | None = "handle-1") -> httpx.Response:
        """What Baton answers the EHR's launch."""
        parameters = {"iss": self.ehr.base if iss is None else iss, "launch": launch}
        given = {name: value for name, value in parameters.items() if value is not None}
        self.page = await self.http.get("/launch", params=given)
        return self.page

    async def at_the_ehr(self) -> str:
        """Goes where Baton sent the browser; the address to which the EHR sends it back."""
        assert self.page.status_code == 302, self.page.text
        async with client() as elsewhere:
            answer = await elsewhere.get(self.page.headers["location"])
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def back(self, address: str) -> httpx.Response:
        """Baton's answer to the EHR's answer."""
        self.page = await self.http.get(address)
        return self.page

    async def launch(self) -> httpx.Response:
        """The whole launch, up to Baton's answer to the callback."""
        await self.begin()
        return await self.back(await self.at_the_ehr())

    async def launched(self) -> str:
        """A launch that must open: the address of its pages."""
        answer = await self.launch()
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def press(self, button: str, **filled: str) -> httpx.Response:
        form = next(form for form in Forms(self.page.text).forms if button in form.buttons)
        self.page = await self.http.post(form.action, data=form.fields | filled)
        return self.page


@dataclass
class Door:
    """A place whose clinic has an EHR. `doctor` comes from there; `browser` gives another browser."""

    town: Place
    ehr: FakeEhr
    doctor: Doctor
    browsers: list[Doctor] = field(default_factory=list)

    def browser(self, ehr: FakeEhr | None = None) -> Doctor:
        self.browsers.append(Doctor(self.town.world.address, ehr or self.ehr))
        return self.browsers[-1]

    async def sessions(self) -> list[dict[str, Any]]:
        rows = await self.town.world.rows("SELECT * FROM launch_session ORDER BY created_at, id")
        return [dict(row) for row in rows]

    async def registration(self) -> Registration:
        """How the clinic's EHR knows Baton."""
        network = self.town.world.network
        async with network.store.unit(()) as unit:
            row = (await connections.by_bases(unit, (self.ehr.base,)))[self.ehr.base]
        return registration_of(network, row)

    async def audited(self) -> list[tuple[str, str | None]]:
        """(outcome, client) of each launch that was written down, the oldest first."""
        rows = await self.town.world.rows("SELECT outcome, client FROM audit WHERE action = 'launch' ORDER BY at, id")
        return [(row["outcome"], row["client"]) for row in rows]


def changing(members: Tree) -> Change:
    """What makes an answer say this instead; None takes a member away."""
    return lambda tree: {name: value for name, value in (tree | members).items() if value is not None}


def parameters(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


def rule_of(page: httpx.Response) -> str:
    """The rule word that a refused launch's page tells for the telephone."""
    words = page.text.rsplit("this word: <code>", 1)
    return words[1].split("<", 1)[0] if len(words) == 2 else ""
