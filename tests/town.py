"""A town to refer in: Ana's clinic sends, a pantry and Ben's shelter take referrals, Olga's platform passes them on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from app.services.caller import Caller
from tests.conftest import Database
from tests.world import System, World, running


@dataclass
class Place:
    """Its members, none of which has a system."""

    world: World
    platform: UUID
    clinic: UUID
    pantry: UUID
    shelter: UUID

    async def olga(self) -> Caller:
        """The operator, signed in."""
        await self.world.person("olga@platform.example", self.platform, "operator")
        (row,) = await self.world.rows("SELECT id FROM account WHERE email = $1", "olga@platform.example")
        return Caller(frozenset({self.platform}), "person", account=row["id"], role="operator", request_id="test")


@dataclass
class Town(Place):
    """Systems act for one member each: `ehr` for the clinic, `cbo` for the pantry, `other_cbo` for the shelter."""

    ehr: System
    cbo: System
    other_cbo: System


def staff_of(organization: UUID) -> Caller:
    """Somebody who works for a member."""
    return Caller(frozenset({organization}), "person", role="intake", request_id="test")


@asynccontextmanager
async def a_place(database: Database, folder: Path, **settings: Any) -> AsyncIterator[Place]:
    async with running(database.app_dsn, folder, **settings) as world:
        kinds = ("network", "source", "target", "target")
        yield Place(world, *[await world.member(kind) for kind in kinds])


@asynccontextmanager
async def a_town(database: Database, folder: Path, **settings: Any) -> AsyncIterator[Town]:
    async with a_place(database, folder, **settings) as place:
        members = (place.platform, place.clinic, place.pantry, place.shelter)
        systems = [await place.world.system(member) for member in members[1:]]
        yield Town(place.world, *members, *systems)
