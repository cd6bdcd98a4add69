"""The simulated EHR at work: sends a referral now and then, and asks again and again how its referrals stand."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import UTC
from random import Random

import httpx

from app.simulate.chart import Chart
from app.simulate.needs import NEEDS, Need
from app.simulate.network import Identity, NetworkProblem, Now, ReferralNetwork, meet
from app.simulate.people import Person
from app.simulate.referral import transaction
from app.simulate.shapes import Shape
from app.simulate.vocabulary import Clinic, Order

ANY_NEED = ""
MEET_AGAIN_S = 2.0
URGENT_SHARE = 0.15
UNNAMED_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Settings:
    """`performers`: category of need -> Organization/<id> to ask for ('' stands for every need). Times in seconds;
    `every_s` 0 sends nothing by itself; it rests while `most_open` referrals are open."""

    base: str
    shape: Shape
    clinic: Clinic
    performers: Mapping[str, str]
    every_s: float = 120
    first_after_s: float = 15
    poll_s: float = 5
    most_open: int = 20


@dataclass(slots=True)
class Ehr:
    """One EHR. `identity` is None until it is registered: then it only shows its patients and its public key."""

    settings: Settings
    identity: Identity | None
    chart: Chart
    now: Now
    chance: Random
    network: ReferralNetwork | None = None

    async def run(self) -> None:
        """Until it is cancelled."""
        if self.identity is None:
            self.chart.problem = "This EHR is not registered with its network yet."
            return
        while True:
            try:
                async with meet(self.settings.base, self.identity, now=self.now, chance=self.chance) as self.network:
                    await asyncio.gather(self._keep_polling(self.network), self._keep_sending(self.network))
            except NetworkProblem as problem:
                self.chart.problem = str(problem)
            finally:
                self.network = None
            await asyncio.sleep(MEET_AGAIN_S)

    async def refer(self, network: ReferralNetwork) -> str:
        """Sends one referral of a patient chosen by chance; the place of its Task."""
        person, need = self.chance.choice(self.chart.people), self._need()
        named = self.chance.random() >= UNNAMED_SHARE
        return await self.send(network, self.order(network, person, need, named=named))

    async def send(self, network: ReferralNetwork, order: Order) -> str:
        return (await network.send(transaction(self.chance, self.settings.clinic, order)))[-1]

    def order(
        self,
        network: ReferralNetwork,
        person: Person,
        need: Need,
        *,
        named: bool = True,
        urgent: bool | None = None,
        number: str = "",
    ) -> Order:
        """What to ask for this patient; a repeated `number` is the same order."""
        at = self.now().astimezone(UTC)
        return Order(
            number=number or f"{at:%Y%m%d}-{self.chance.getrandbits(40):010x}",
            person=person,
            need=need,
            owner=network.owner,
            performer=self._performer(need),
            named=named,
            urgent=self.chance.random() < URGENT_SHARE if urgent is None else urgent,
            at=at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )

    async def poll(self, network: ReferralNetwork) -> None:
        """Reads what has changed since the newest that was seen, that one again."""
        query = f"Task?_lastUpdated=ge{self.chart.seen_until}&_include=Task:output&_count=100"
        self.chart.read(await network.search(query))
        self.chart.problem = ""

    async def _keep_polling(self, network: ReferralNetwork) -> None:
        while True:
            await _trying(self.chart, self.poll(network))
            await asyncio.sleep(self.settings.poll_s)

    async def _keep_sending(self, network: ReferralNetwork) -> None:
        if not self.settings.every_s:
            return
        await asyncio.sleep(min(self.settings.first_after_s, self.settings.every_s))
        while True:
            if self.chart.open_count < self.settings.most_open:
                await _trying(self.chart, self.refer(network))
            await asyncio.sleep(self.settings.every_s * self.chance.uniform(0.7, 1.3))

    def _need(self) -> Need:
        """One that somebody in the network meets, where it is known who meets what."""
        known = [need for need in NEEDS if need.category.code in self.settings.performers]
        return self.chance.choice(known or NEEDS)

    def _performer(self, need: Need) -> str:
        performers = self.settings.performers
        return performers.get(need.category.code, performers.get(ANY_NEED, ""))


async def _trying(chart: Chart, work: Awaitable[object]) -> None:
    """What fails is shown and tried again with the next round."""
    try:
        await work
    except NetworkProblem as problem:
        chart.problem = str(problem)
    except httpx.HTTPError as problem:
        chart.problem = f"The network does not answer ({type(problem).__name__})"
