"""A simulated EHR without a network, in this process, with a clock that the test moves."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from app.simulate.chart import Chart
from app.simulate.ehr import Ehr, Settings
from app.simulate.fhir.records import Records
from app.simulate.keys import Key, public_jwk
from app.simulate.page import page_app
from app.simulate.people import people
from app.simulate.shapes import SHAPES
from app.simulate.smart.server import App, Smart
from app.simulate.smart.signing import Signer, new_signer
from app.simulate.vocabulary import Clinic
from tests.simulate.smart_app import CALLBACK, CLIENT_ID, LAUNCHED_AT, PlainApp

ORIGIN = "http://127.0.0.1:18090"
PERFORMER = "https://network.example/fhir/Organization/1"
PEOPLE = 6
APP = App(CLIENT_ID, "public", LAUNCHED_AT, (CALLBACK,))


@dataclass
class Clock:
    # an id_token is compared with the real time by whoever checks it
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self.at

    def later(self, **by: float) -> None:
        self.at += timedelta(**by)


@cache
def signer() -> Signer:
    return new_signer()


def smart_server(clock: Clock, app: App | None = APP, on: Sequence[str] = ()) -> Smart:
    clinic = Clinic("Clinic", "https://clinic.example")
    people_here = people(random.Random(7), PEOPLE)
    categories = ("food-insecurity", "homelessness", "transportation-insecurity")
    records = Records(clinic, people_here, dict.fromkeys(categories, PERFORMER), "2026-03-07T12:00:00.000Z")
    return Smart(ORIGIN, app, records, signer(), clock.now, on=set(on))


@asynccontextmanager
async def plain_app(smart: Smart, **how: str) -> AsyncIterator[PlainApp]:
    """An app and a browser before this EHR."""
    private = ec.generate_private_key(ec.SECP384R1())
    settings = Settings("https://n.example", SHAPES[0], smart.records.clinic, {})
    ehr = Ehr(settings, None, Chart(smart.records.people), smart.now, random.Random(1))
    transport = httpx.ASGITransport(page_app(ehr, Key(private, public_jwk(private)), smart))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield replace(PlainApp(http), **how)
