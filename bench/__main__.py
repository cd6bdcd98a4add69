"""`python -m bench` (make bench): measure the service beside its floor and write docs/benchmarks.md."""

import argparse
import asyncio
import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from app.log import configure
from app.store.embedded import EmbeddedPostgres
from app.wiring import bring_up_to_date
from bench import load, report
from bench.cases import CASES
from bench.copies import connected
from bench.growth import Grown
from bench.measuring import Measured, by_name, measure
from bench.processes import fsync_ms, serving
from bench.profiling import Profile, profile_of
from bench.recording import record
from bench.report import Machine
from bench.serving import Plan
from bench.validating import validating
from bench.variants import DUTIES
from bench.world import POOL_SIZE, SIDES, World, grow, make_world, network_on

MANY_TASKS = 1_000_000


def main() -> None:
    arguments = _arguments()
    configure("error")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    cases = by_name(arguments.case)
    with _folder() as folder, EmbeddedPostgres.start(folder) as postgres:
        print("making the network that is measured", flush=True)
        plan = asyncio.run(_prepare(postgres, folder))
        world, recorded = pickle.loads(plan.world_file.read_bytes())
        load_before, disk_ms = os.getloadavg()[0], fsync_ms(folder)
        pace = {"rounds": arguments.rounds, "seconds": arguments.seconds}
        with ExitStack() as stack:
            servers = {name: stack.enter_context(serving(each)) for name, each in _plans(plan, postgres).items()}
            measured = measure(servers, cases, world, folder, **pace)
            memory = servers["ours"].memory_mb
        slow = [case for case in cases if measured.ratio(case.name) < case.aim or arguments.profile]
        profiles = {case.name: _profile(plan, world, case.name, arguments.seconds) for case in slow}
        bare = _bare(plan, world, folder, **pace) if {"read", "post"} <= {case.name for case in cases} else None
        grown = _grown(plan, postgres, world, measured, arguments.tasks, **pace)
        machine = Machine(load_before, os.getloadavg()[0], disk_ms, memory, recorded["post"].index_rows)
        page = report.page(cases, measured, bare, grown, profiles, machine, validating(), **pace)
    arguments.page.write_text(page, encoding="utf-8")
    print(f"written: {arguments.page}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES], help="only these")
    parser.add_argument("--tasks", type=int, default=MANY_TASKS, help="to which the network grows; 0: it does not")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of one round of one case on one server")
    parser.add_argument("--profile", action="store_true", help="profiles also where the aim is met")
    parser.add_argument("--page", type=Path, default=Path("docs/benchmarks.md"), help="where the figures are written")
    return parser.parse_args()


@contextmanager
def _folder() -> Iterator[Path]:
    """On a disk, not in memory; PostgreSQL, which may be another user, passes through it."""
    folder = Path(tempfile.mkdtemp(prefix="baton-bench-", dir="/var/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _prepare(postgres: EmbeddedPostgres, folder: Path) -> Plan:
    await bring_up_to_date(postgres.owner_dsn, "baton_app")
    async with network_on(postgres.app_dsn, folder) as network:
        world = await make_world(network, postgres.dsn("baton", "postgres"))
        recorded = await record(network, postgres.dsn("baton", "postgres"), world)
    await _tidy(postgres.dsn("baton", "postgres"))
    file = folder / "world"
    file.write_bytes(pickle.dumps((world, recorded)))
    return Plan("ours", postgres.app_dsn, folder, 0, POOL_SIZE, file)


async def _tidy(superuser_dsn: str) -> None:
    """What autovacuum does within minutes: without it the first rounds would have plans for empty tables."""
    async with connected(superuser_dsn) as superuser:
        await superuser.execute("VACUUM ANALYZE")
        await superuser.execute("CHECKPOINT")


def _grown(
    plan: Plan, postgres: EmbeddedPostgres, world: World, small: Measured, tasks: int, *, rounds: int, seconds: float
) -> Grown | None:
    """The same requests after many others have come to the network; `small` is before."""
    cases = [case for case in CASES if not case.writes and (case.name, "ours") in small.rounds]
    if not tasks or not cases:
        return None
    started = time.monotonic()
    size = asyncio.run(_filled(postgres.dsn("baton", "postgres"), world, tasks))
    took_s = time.monotonic() - started
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(serving(replace(plan, kind=kind))) for kind in SIDES}
        large = measure(servers, cases, world, plan.data_dir, rounds=rounds, seconds=seconds)
        memory_mb, _ = servers["ours"].memory_mb
    return Grown(small, large, len(world.inbox), tasks, took_s, size / 1e9, memory_mb)


async def _filled(superuser_dsn: str, world: World, tasks: int) -> int:
    """Brings the network to so many Tasks; returns the database's size."""
    await grow(superuser_dsn, world, tasks)
    await _tidy(superuser_dsn)
    async with connected(superuser_dsn) as superuser:
        return int(await superuser.fetchval("SELECT pg_database_size('baton')"))


def _plans(plan: Plan, postgres: EmbeddedPostgres) -> dict[str, Plan]:
    """Ours, the floor, and ours without each duty. Who asks as superuser is past row-level security."""
    plans = {"ours": plan, "floor": replace(plan, kind="floor")}
    for duty in DUTIES:
        dsn = postgres.dsn("baton", "postgres") if duty == "participation" else plan.dsn
        plans[duty] = replace(plan, without=duty, dsn=dsn)
    return plans


def _bare(plan: Plan, world: World, folder: Path, rounds: int, seconds: float) -> Measured:
    """What the floor itself pays: a read by key alone, and reads and writes that do not wait for the disk."""
    kinds = ("floor", "unsynced", "plain")
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(serving(replace(plan, kind=kind))) for kind in kinds}
        measured = measure(servers, by_name(["read"]), world, folder, rounds=rounds, seconds=seconds)
        writes = measure(servers, by_name(["post"]), world, folder, rounds=rounds, seconds=seconds)
    return Measured(measured.rounds | writes.rounds)


def _profile(plan: Plan, world: World, name: str, seconds: float) -> Profile:
    file, requests = plan.data_dir / f"{name}.pstats", plan.data_dir / f"{name}-ours.requests"
    with serving(replace(plan, profile=file)) as server:
        load.run(server.port, requests, seconds)
    return profile_of(file)


if __name__ == "__main__":
    main()
