"""Makes the dump of this release: a network with three referrals, one waiting, one being worked on, one completed.

`python -m tests.upgrades.make one-referral` writes `tests/upgrades/one-referral.sql.gz`; do it at the end of a release
and never change the file again.
"""

import asyncio
import gzip
import subprocess
import sys
import tempfile
from pathlib import Path
from uuid import UUID

from app.services.caller import Caller
from app.services.referrals.respond import respond
from app.services.referrals.views import inbox, story
from app.store.embedded import EmbeddedPostgres
from app.wiring import bring_up_to_date
from tests.builders import referral
from tests.world import World, running

HERE = Path(__file__).parent
TIED_TO_ONE_PSQL = (b"\\restrict", b"\\unrestrict", b"SET transaction_timeout")
ANSWERS = (("Accept", "Start"), ("Accept", "Start", "Complete"))


def main() -> None:
    (name,) = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres.start(Path(folder)) as postgres:
            asyncio.run(_fill(postgres, Path(folder)))
            # as the superuser: row-level security holds the owner as well
            command = [
                str(postgres.programs / "pg_dump"),
                "--no-comments",
                "--dbname",
                postgres.dsn("baton", "postgres"),
            ]
            dump = subprocess.run(command, check=True, capture_output=True).stdout
    lines = [line for line in dump.splitlines(keepends=True) if not line.startswith(TIED_TO_ONE_PSQL)]
    (HERE / f"{name}.sql.gz").write_bytes(gzip.compress(b"".join(lines), mtime=0))


async def _fill(postgres: EmbeddedPostgres, folder: Path) -> None:
    await bring_up_to_date(postgres.owner_dsn, "baton_app")
    async with running(postgres.app_dsn, folder) as world:
        network, clinic, pantry = [await world.member(kind) for kind in ("network", "source", "target")]
        ehr = await world.system(clinic)
        for target in (None, pantry, pantry):
            answer = await ehr.bundle("transaction", referral(network, target))
            assert answer.status_code == 200, answer.text
            await world.settled()
        caller = Caller(frozenset({pantry}), "person", role="intake")
        for item, answers in zip(await inbox(world.network, caller), ANSWERS, strict=True):
            for button in answers:
                await _press(world, caller, item.referral, button)


async def _press(world: World, caller: Caller, key: UUID, button: str) -> None:
    version = (await story(world.network, caller, key)).version
    await respond(world.network, caller, key, button, outcome="Food for a week.", version=version)
    await world.settled()


if __name__ == "__main__":
    main()
