"""Where attacks happen: a town with a few resources of ours and of others, and eyes on everything that is stored."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from tests.builders import refer, resource
from tests.conftest import Database
from tests.town import Town, a_town
from tests.world import System

NOBODY = "0198c0de-0000-7000-8000-000000000000"
NAME = re.compile(r"\{([a-z_]+)\}")
# A statement that counts the rows of every table; of the audit only those that say that something was written.
COUNTING = """
    SELECT 'SELECT (SELECT count(*) FROM audit WHERE outcome = ''done'' AND action IN (''create'', ''update'', ''patch'', ''delete'')) AS acts, '
           || string_agg(format('(SELECT count(*) FROM %I) AS %I', relname, relname), ', ' ORDER BY relname)
      FROM pg_class
     WHERE relkind IN ('r', 'p') AND NOT relispartition AND relname NOT IN ('audit', 'alembic_version')
       AND relnamespace = 'public'::regnamespace
"""


@dataclass
class Scene:
    """`names` stand for ids in addresses and trees; `systems` are further ones beside the town's."""

    town: Town
    eyes: asyncpg.Connection
    counting: str
    names: dict[str, str] = field(default_factory=dict)
    systems: dict[str, System] = field(default_factory=dict)

    def system(self, name: str) -> System:
        """`ehr` of the clinic, `cbo` of the pantry, `other_cbo` of the shelter, or one that the scene has added."""
        found: System = self.systems[name] if name in self.systems else getattr(self.town, name)
        return found

    def filled(self, sent: Any) -> Any:
        """The same with ids in the place of names."""
        if isinstance(sent, str):
            return NAME.sub(lambda found: self.names.get(found[1], found[0]), sent)
        if isinstance(sent, dict):
            return {name: self.filled(value) for name, value in sent.items()}
        return [self.filled(value) for value in sent] if isinstance(sent, list) else sent

    async def made(self, name: str, tree: dict[str, Any], by: str = "ehr") -> str:
        """Creates a resource and gives its id this name."""
        answer = await self.system(by).create(self.filled(tree))
        assert answer.status_code == 201, answer.text
        self.names[name] = answer.json()["id"]
        return self.names[name]

    async def stored(self) -> dict[str, int]:
        """How many rows each table has, once the worker rests."""
        await self.town.world.settled()
        return dict(await self.eyes.fetchrow(self.counting))

    async def lives(self) -> bool:
        async with httpx.AsyncClient(base_url=self.town.world.address) as nobody:
            return (await nobody.get("/live")).status_code == 200

    async def share(self, type_name: str, name: str, member: Any) -> None:
        """Lets a member see one resource and nothing that it refers to."""
        await self.eyes.execute(
            "INSERT INTO participation SELECT (jsonb_populate_record(p, jsonb_build_object('member', $2::uuid, "
            "'because', $1::uuid, 'role', 'recipient'))).* FROM participation p "
            "WHERE resource = $1::uuid AND role = 'author'",
            self.names[name],
            member,
        )


@asynccontextmanager
async def a_scene(database: Database, folder: Path, **settings: Any) -> AsyncIterator[Scene]:
    """`mine` is a Patient of the clinic, `theirs` one of the shelter; `nobody` is nobody's id. The clinic has sent a
    referral, whose resources are named by their types (`task`, `patient` ...); the pantry has its `child` Task."""
    async with a_town(database, folder, **settings) as town:
        eyes = await asyncpg.connect(database.superuser_dsn)
        try:
            scene = Scene(town, eyes, await eyes.fetchval(COUNTING), {"nobody": NOBODY})
            scene.names |= {name: str(getattr(town, name)) for name in ("platform", "clinic", "pantry", "shelter")}
            sent = await refer(town.world, town.ehr, town.pantry)
            scene.names |= {name.lower(): id for name, id in sent.ids.items()}
            (child,) = await town.cbo.search("Task?status=requested")
            scene.names["child"] = child["id"]
            await scene.made("mine", resource("Patient"))
            await scene.made("theirs", resource("Patient"), by="other_cbo")
            yield scene
        finally:
            await eyes.close()
