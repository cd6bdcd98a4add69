"""Makes the dump of this release: a network whose referrals came by every door, in several states, and that has since
installed a profile which they do not fit.

`python -m tests.upgrades.make three-doors` writes `tests/upgrades/three-doors.sql.gz`; do it at the end of a release
and never change the file again.
"""

import asyncio
import gzip
import subprocess
import sys
import tempfile
from pathlib import Path
from uuid import UUID

from app.domain.referral.needs import need_of
from app.domain.referral.person import Helper, Said
from app.services.directory.register_ehr import Ehr, register_ehr
from app.services.profiles.install import install
from app.services.profiles.packages import opened
from app.services.referrals.phone import Call, take
from app.services.referrals.respond import respond
from app.services.referrals.views import inbox, story
from app.store.embedded import EmbeddedPostgres
from app.wiring import bring_up_to_date
from tests.builders import referral
from tests.clinician.charts import condition
from tests.conftest import Database
from tests.launch.ehr import fake_ehr
from tests.loop.taking_ehr import DOCUMENT, Chart, TakingEhr
from tests.profiles.packing import SITE, code_system, packed, profile, value_set
from tests.town import Town, a_town, staff_of

HERE = Path(__file__).parent
TIED_TO_ONE_PSQL = (b"\\restrict", b"\\unrestrict", b"SET transaction_timeout")
# what is sealed in the dump was sealed with it
SECRET_KEY = b"of tests only: 7Qd9-x7Lm2_Zp8Rk4Vt6Wy1Bn5"
CALLER = "Zoë Nightingale"
STRICTER = "county-task"
NEXT = {"requested": "Accept", "accepted": "Start", "in-progress": "Complete"}


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
    database = Database("baton", *(postgres.dsn("baton", role) for role in ("baton_app", "baton_owner", "postgres")))
    async with a_town(database, folder, secret_key=SECRET_KEY) as town, fake_ehr(TakingEhr) as ehr:
        await _by_post(town)
        await _by_launch(Chart(town, ehr))
        await _by_phone(town)
        await _bring_a_package(town)


async def _by_post(town: Town) -> None:
    """One that waits, one that is worked on, one that was completed."""
    for target in (None, town.pantry, town.pantry):
        answer = await town.ehr.bundle("transaction", referral(town.platform, target))
        assert answer.status_code == 200, answer.text
        await town.world.settled()
    for item, until in zip(await inbox(town.world.network, staff_of(town.pantry)), ("in-progress", ""), strict=True):
        await _helps(town, item.referral, until)


async def _by_launch(chart: Chart) -> None:
    """One whose outcome is in the EHR's chart, one that is with the pantry, one whose outcome waits for a launch."""
    town, ehr = chart.town, chart.taking
    ehr.offers, ehr.chart["Condition/food"] = DOCUMENT, condition()
    await register_ehr(town.world.network, Ehr("Clinic EHR", ehr.base, town.clinic, ehr.client_id))
    try:
        for until, forgotten in (("", False), ("accepted", False), ("", True)):
            await chart.refers()
            if forgotten:
                await chart.forgets()
            await _helps(town, (await chart.referrals())[-1]["id"], until)
    finally:
        await chart.close()


async def _by_phone(town: Town) -> None:
    """One that waits with the operator, who took it from a neighbor."""
    given, family = CALLER.split()
    need = need_of("food-insecurity")
    assert need is not None
    person = Said(given, family, phone="555-0188", birth_date="1958-04")
    call = Call(town.world.network.ids.next(), Helper("Noor Haddad", "neighbor", ""), person, need, "Nothing to eat")
    assert await take(town.world.network, await town.olga(), call)
    await town.world.settled()


async def _bring_a_package(town: Town) -> None:
    """One that demands of every Task what none of the referrals has."""
    body = packed(
        profile("Task", {"path": "Task.groupIdentifier", "min": 1}, name=STRICTER),
        code_system("wards", "north", "south"),
        value_set("wards", "wards"),
    )
    await install(town.world.network, opened(body), [f"{SITE}StructureDefinition/{STRICTER}"])


async def _helps(town: Town, key: UUID, until: str) -> None:
    """The pantry presses one button after the other until the referral has this status; '': to its end."""
    network, staff = town.world.network, staff_of(town.pantry)
    while (told := await story(network, staff, key)).status != until and told.status in NEXT:
        await respond(network, staff, key, NEXT[told.status], outcome="Food for a week.", version=told.version)
        await town.world.settled()


if __name__ == "__main__":
    main()
