"""A town on a real server: a network, a sender, two organizations, and the people who sign in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from tests.pages.browsing import Browser
from tests.pages.sending import send
from tests.world import PASSWORD, System, World, running

ROSA = "Rosa Marlow"


@dataclass
class Town:
    """A network, a sender and two organizations; Ana works for the first, Ben for the second, Olga is the operator."""

    world: World
    network: UUID
    first: UUID
    second: UUID
    ehr: System
    sign_in: Callable[[str], Awaitable[Browser]]

    async def refer(self, **how: object) -> None:
        await send(self.ehr, self.network, **{"to": self.first, "consented": self.first, **how})  # type: ignore[arg-type]
        await self.world.settled()


@asynccontextmanager
async def a_town(dsn: str, folder: Path) -> AsyncIterator[Town]:
    browsers: list[Browser] = []
    async with running(dsn, folder) as world:

        async def sign_in(email: str) -> Browser:
            browsers.append(Browser(world.address))
            await browsers[-1].sign_in(email, PASSWORD)
            return browsers[-1]

        network = await world.member("network", time_zone="America/New_York")
        sender = await world.member("source")
        first = await world.member("target", "Larder", emails=("info@larder.example",))
        second = await world.member("target", "Open Door")
        for email, member, role in (("ana", first, "intake"), ("ben", second, "intake"), ("olga", network, "operator")):
            await world.person(f"{email}@example.org", member, role)
        yield Town(world, network, first, second, await world.system(sender), sign_in)
        for browser in browsers:
            await browser.close()
