"""A clinician's browser, launched at a patient: she presses buttons, and the test looks at what became of it."""

import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.services.launch.session import Launched, authenticate_launch
from app.web.clinician.screens.overview import marks
from tests.launch.door import Doctor
from tests.launch.ehr import FakeEhr
from tests.pages.browsing import Forms
from tests.town import Town

FOOD = "0"
TAG = re.compile(r"<[^>]+>")


@dataclass
class Ward:
    town: Town
    ehr: FakeEhr
    doctors: list[Doctor] = field(default_factory=list)

    async def launched(self, patient: str | None = "p1", doctor: Doctor | None = None) -> "AtChart":
        """A launch at this patient, in a browser of its own where none is given."""
        self.ehr.patient = patient
        if doctor is None:
            doctor = Doctor(self.town.world.address, self.ehr)
            self.doctors.append(doctor)
        return AtChart(self, doctor, await doctor.launched())

    async def close(self) -> None:
        for doctor in self.doctors:
            await doctor.http.aclose()

    async def referrals(self) -> list[Any]:
        return await self.town.world.rows("SELECT * FROM referral ORDER BY received_at")

    async def count(self, type_name: str) -> int:
        """How many resources of a type there are."""
        (row,) = await self.town.world.rows("SELECT count(*) AS n FROM resource WHERE type = $1", type_name)
        return int(row["n"])


@dataclass
class AtChart:
    ward: Ward
    doctor: Doctor
    home: str

    @property
    def page(self) -> httpx.Response:
        return self.doctor.page

    def text(self) -> str:
        """What the page's main part says, without its marks."""
        main = self.page.text.split("<main", 1)[1].split("</main>", 1)[0]
        return " ".join(TAG.sub(" ", main).split())

    async def open(self, address: str = "") -> httpx.Response:
        return await self.doctor.open(self.home + address)

    async def press(self, button: str, **filled: str) -> httpx.Response:
        """Sends the form with that button and follows where it leads."""
        form = next(form for form in Forms(self.page.text).forms if button in form.buttons)
        address, fields = form.action or self.page.url.path, form.fields | filled
        send = self.doctor.http.post(address, data=fields) if form.method == "post" else None
        self.doctor.page = await (send or self.doctor.http.get(address, params=fields))
        if self.page.status_code == 303:
            await self.doctor.open(self.page.headers["location"])
        return self.page

    async def asks(self, need: str = FOOD) -> httpx.Response:
        """The page that says who can help with a need, by its number, as the first page leads there."""
        return await self.open(f"/refer?need={marks(await self.session())[int(need)]}")

    async def chooses(self, to: object, need: str = FOOD, **filled: str) -> httpx.Response:
        """From the first page to the one that says what will be shared."""
        await self.asks(need)
        return await self.press("Next: see what is shared", to=str(to), **filled)

    async def refers(self, to: object, need: str = FOOD, **filled: str) -> httpx.Response:
        """A whole referral, signed on the screen where nothing else is said; she looks in the chart where she is asked."""
        await self.chooses(to, need)
        looked = {"looked": "yes"} if 'name="looked"' in self.page.text else {}
        return await self.press("Send referral", **{"basis": "signed", "signed": "Marisol Ruiz", **looked, **filled})

    async def session(self) -> Launched:
        """The launch as the services see it."""
        secret = self.doctor.http.cookies["launch"]
        return await authenticate_launch(self.ward.town.world.network, secret, "test")
