"""docs/benchmarks.md, as it is written after a run."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from bench.cases import Case
from bench.load import CONNECTIONS, tool
from bench.measuring import Measured
from bench.profiling import Profile
from bench.variants import DUTIES
from bench.world import POOL_SIZE

# Published figures of peers on 2 shared cores, 16 connections, 10,000 Tasks, PostgreSQL; best of several rounds. Not
# measured here; neither authenticates finely nor audits.
PEERS = (
    ("HAPI FHIR 8.8.0", {"read": 2763, "search": 235, "put": 443, "post": 555, "transaction": 276}, "1.36 GB"),
    ("Medplum 4.5.2", {"read": 1505, "search": 487, "put": 255, "post": 153, "transaction": 53}, "0.7 GB"),
)
# What raw asyncpg reached with the stack of this program: reads without transaction or audit, one CTE write, per second.
STACK_READ, STACK_WRITE = 4_500, 3_497


@dataclass(frozen=True, slots=True)
class Machine:
    """Load averages of a minute, before and after; time to keep 8 kB; length of the run; the worker's memory in MB."""

    load_before: float
    load_after: float
    fsync_ms: float
    seconds: float
    memory_mb: tuple[float, float]


def page(
    cases: Sequence[Case],
    measured: Measured,
    bare: Measured | None,
    profiles: Mapping[str, Profile],
    machine: Machine,
    *,
    rounds: int,
    seconds: float,
) -> str:
    """The whole page."""
    text = [
        *_head(machine, rounds, seconds),
        "", "## Beside the floor", "", *_ratios(cases, measured),
        "", "## Where a request's processor time goes", "", *_shares(cases, measured),
        "", "## Memory", "", f"One worker after its rounds: {machine.memory_mb[0]:.0f} MB resident, "
        f"{machine.memory_mb[1]:.0f} MB of them its own.",
        *(_floor(bare, machine) if bare else ()),
        "", "## Peers, as published", "", *_peers(cases, measured),
        *(line for case in cases if case.name in profiles for line in _profile(case, measured, profiles[case.name])),
    ]  # fmt: skip
    return "\n".join(text) + "\n"


def _head(machine: Machine, rounds: int, seconds: float) -> list[str]:
    return [
        "# Benchmarks",
        "",
        "Written by `make bench`; how it measures stands in `bench/`. Figures depend on the machine, ratios much less.",
        "",
        f"* {datetime.now(UTC):%Y-%m-%d}, {_processor()}, {psutil.cpu_count()} cores shared with everything else on the "
        f"machine: load average {machine.load_before:.1f} before the run and {machine.load_after:.1f} after it.",
        f"* Python {platform.python_version()}, uvicorn {version('uvicorn')} with httptools and uvloop, one worker process, "
        f"the delivery worker off; asyncpg {version('asyncpg')}, {POOL_SIZE} connections; embedded PostgreSQL 18 with its "
        f"ordinary settings, fsync on: the disk keeps 8 kB in {machine.fsync_ms:.2f} ms.",
        f"* Load by {tool()} on {CONNECTIONS} connections of the same machine. {rounds} rounds of {seconds:g} s; all servers "
        "take turns within a round; medians. Ratios are the median of the rounds' own ratios.",
        "* The floor is the same SQL by raw asyncpg behind bare Starlette routes: a read runs the same BEGIN, context, "
        "statement with audit row, and COMMIT; a write stores the same rows with the same statements. It checks nothing.",
    ]


def _ratios(cases: Sequence[Case], measured: Measured) -> list[str]:
    rows = []
    for case in cases:
        name, ratio = case.name, measured.ratio(case.name)
        verdict = "reached" if ratio >= case.aim else "below, see the profile"
        rows.append(
            (
                case.title, f"{measured.rate(name, 'ours'):,.0f}", f"{measured.rate(name, 'floor'):,.0f}", f"{ratio:.2f}",
                f"{case.aim:.2f} {verdict}", f"{measured.p50_ms(name):.1f} / {measured.p99_ms(name):.1f}",
            )
        )  # fmt: skip
    return _table(("", "per second", "floor", "of the floor", "aim", "p50 / p99 ms"), rows)


def _shares(cases: Sequence[Case], measured: Measured) -> list[str]:
    """Processor time is what the machine has too little of; it does not depend on who else is running."""
    rows = []
    for case in cases:
        times = [
            f"{measured.worker_us(case.name, server):,.0f} + {measured.postgres_us(case.name, server):,.0f}"
            for server in ("ours", "floor")
        ]
        rows.append((case.title, *times, *(f"{measured.share(case.name, duty):.0%}" for duty in DUTIES)))
    return [
        "Microseconds of processor time a request, in the worker and in PostgreSQL; then the share of each duty, found by",
        "switching it off. A share of a few per cent, either way, is noise.",
        "",
        *_table(("", "ours: worker + PostgreSQL", "floor: worker + PostgreSQL", *DUTIES), rows),
    ]


def _floor(bare: Measured, machine: Machine) -> list[str]:
    read, write = bare.rate("read", "floor"), bare.rate("post", "floor")
    plain = bare.rate("read", "plain")
    rows = [
        ("read: BEGIN, context, statement with audit row, COMMIT", read),
        ("the same, a commit does not wait for the disk", bare.rate("read", "unsynced")),
        ("the body by its key alone, no transaction, context, policy check by members or audit", plain),
        ("POST: BEGIN, context, one statement, COMMIT", write),
        ("the same, a commit does not wait for the disk", bare.rate("post", "unsynced")),
    ]
    return [
        "", "## What the floor itself pays", "",
        f"Raw asyncpg was measured at {STACK_READ:,} reads and {STACK_WRITE:,} one-statement writes a second for this stack.",
        f"Half of that is {STACK_READ // 2:,} and {STACK_WRITE // 2:,}; the floor here reaches "
        f"{read / STACK_READ:.2f} and {write / STACK_WRITE:.2f} of it. The difference by its causes:",
        "",
        *_table(("", "per second"), ((title, f"{rate:,.0f}") for title, rate in rows)),
        "",
        f"The rest is the neighbours (load {machine.load_before:.1f} to {machine.load_after:.1f} on {psutil.cpu_count()} cores,",
        "of which load generator, worker and PostgreSQL need one each) and the rows: a write here stores its audit row,",
        "participations, event and delivery as well.",
    ]  # fmt: skip


def _peers(cases: Sequence[Case], measured: Measured) -> list[str]:
    rows = []
    for case in cases:
        ours = measured.rate(case.name, "ours")
        theirs = [f"{rates[case.name]:,} ({ours / rates[case.name]:.1f}x)" for _, rates, _ in PEERS]
        rows.append((case.title, f"{ours:,.0f}", *theirs))
    return [
        "Not measured here: published figures on 2 shared cores, 16 connections, 10,000 Tasks, PostgreSQL, best of several",
        "rounds. Neither peer authenticates finely nor audits. In brackets: ours, one worker, to theirs.",
        "Their memory: " + ", ".join(f"{name} {memory}" for name, _, memory in PEERS) + ".",
        "",
        *_table(("per second", "ours", *(name for name, _, _ in PEERS)), rows),
    ]


def _profile(case: Case, measured: Measured, profile: Profile) -> list[str]:
    return [
        "", f"## Profile: {case.title}", "",
        f"{measured.ratio(case.name):.2f} of the floor. cProfile of the worker under the same load, waiting left out.", "",
        *_table(("part", "own time"), ((part, f"{share:.0%}") for part, share in profile.parts if share >= 0.01)), "",
        *_table(("function of ours", "with all below it"), ((f"`{name}`", f"{share:.0%}") for name, share in profile.functions)),
    ]  # fmt: skip


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]
