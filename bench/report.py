"""docs/benchmarks.md, as it is written after a run."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from bench.cases import Case
from bench.examples import SOURCES, TARGETS
from bench.growth import COUNTS, Grown, growth, table
from bench.load import CONNECTIONS, tool
from bench.measuring import Measured
from bench.profiling import Profile
from bench.validating import Validating
from bench.validating import section as validating_section
from bench.variants import DUTIES
from bench.world import INBOX, POOL_SIZE

# Published figures of peers on 2 shared cores, 16 connections, 10,000 Tasks, PostgreSQL; best of several rounds. Not
# measured here; neither authenticates finely nor audits.
PEERS = (
    ("HAPI FHIR 8.8.0", {"read": 2763, "search": 235, "put": 443, "post": 555, "transaction": 276}, "1.36 GB"),
    ("Medplum 4.5.2", {"read": 1505, "search": 487, "put": 255, "post": 153, "transaction": 53}, "0.7 GB"),
)
# of HAPI FHIR's, with authentication, participation and audit on
AIMS = {"read": 1.3, "search": 6, "put": 2.5, "post": 2, "transaction": 2.5}
# What raw asyncpg reached with this stack, per second: reads without transaction or audit, and one CTE write.
STACK_READ, STACK_WRITE = 4_500, 3_497

HEAD = """# Benchmarks

Written by `make bench`; how it measures stands in `bench/`. Figures depend on the machine, ratios much less.

* {date}, {processor}, {cores} cores shared with everything else on the machine:
  load average {load_before:.1f} before the run and {load_after:.1f} after it.
* Python {python}, uvicorn {uvicorn} with httptools and uvloop, one worker process, the delivery worker off;
  asyncpg {asyncpg}, {pool} connections; embedded PostgreSQL 18 with its ordinary settings, fsync on:
  the disk keeps 8 kB in {fsync:.2f} ms.
* Load by {tool} on {connections} connections, from the same cores. {rounds} rounds of {seconds:g} s, in which all
  servers take turns; medians. A ratio is the median of the rounds' own ratios.
* The floor is the same SQL by raw asyncpg behind bare Starlette routes: a read runs the same BEGIN with context, the
  same statement with its audit row, and COMMIT; a write stores the same rows with the same statements. It checks
  nothing: no token, no parsing, no look-ups.
* The client speaks for the network, which takes part in everything, and for a clinic. The network is copied from
  referrals that the product itself has made: {sources} clinics, {targets} organizations, all their rows but audit,
  events and deliveries. Its first {inbox:,} Tasks lie in the network's inbox, each with its own person and request."""

SHARES = """Microseconds of processor time a request, in the worker and in PostgreSQL; then the share of each
duty, found by switching it off. A share of a few per cent, either way, is noise. Participation is
the predicate of each statement and row-level security; the rows of participation themselves are
written either way."""

FLOOR = """Raw asyncpg was measured at {stack_read:,} reads and {stack_write:,} one-statement writes a second
for this stack, on a machine with nothing else to do. Half of that is {half_read:,} and
{half_write:,}; the floor here reaches {read:,.0f} reads ({read_share:.2f} of the figure) and
{write:,.0f} POSTs ({write_share:.2f}). The difference by its causes:"""

FLOOR_REST = """The rest is the neighbours (load average {load_before:.1f} to {load_after:.1f}; the load generator,
the worker and PostgreSQL alone want three cores, and there are {cores}) and the rows: a write here
stores its audit row, two participations, an event and a delivery as well."""

PEERS_TEXT = """Not measured here: published figures on 2 shared cores, 16 connections, 10,000 Tasks, PostgreSQL,
best of several rounds. Neither peer authenticates finely nor audits. Their memory: {memory}.

They are scaled to this machine as it was during this run: reads and searches by {read:.2f}, the bare read of
a body to the {stack_read:,} of the stack; writes by {write:.2f}, the bare statement to its {stack_write:,}, which is
somewhat low, as the statement there stored 12 index rows and the one here stores {index_rows}. In brackets: ours, one
worker under the load above, to theirs as scaled, and to theirs as published; the aim is on HAPI FHIR as scaled."""
MOST_MEMORY_MB = 150


@dataclass(frozen=True, slots=True)
class Machine:
    """Load averages of a minute, before and after; time to keep 8 kB; the worker's memory in MB: the most that was
    resident, its own at the end; how many index rows the POST of the benchmark stores."""

    load_before: float
    load_after: float
    fsync_ms: float
    memory_mb: tuple[float, float]
    index_rows: int


def page(
    cases: Sequence[Case],
    measured: Measured,
    bare: Measured | None,
    grown: Grown | None,
    profiles: Mapping[str, Profile],
    machine: Machine,
    judged: Validating,
    *,
    rounds: int,
    seconds: float,
) -> str:
    """The whole page."""
    sections = [
        _head(machine, rounds, seconds),
        "## Beside the floor",
        _ratios([case for case in cases if not case.counts], measured),
        *(_counts(cases, measured)),
        *(growth(cases, grown) if grown else ()),
        "## Where a request's processor time goes",
        SHARES,
        _shares([case for case in cases if case.peers], measured),
        "## Memory",
        _memory(machine, grown),
        *validating_section(judged),
        *(_floor(bare, machine) if bare else ()),
        *(_peers([case for case in cases if case.peers], measured, bare, machine.index_rows) if bare else ()),
        *(part for case in cases if case.name in profiles for part in _profile(case, measured, profiles[case.name])),
    ]
    return "\n\n".join(sections) + "\n"


def _head(machine: Machine, rounds: int, seconds: float) -> str:
    return HEAD.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        processor=_processor(),
        cores=psutil.cpu_count(),
        load_before=machine.load_before,
        load_after=machine.load_after,
        python=platform.python_version(),
        uvicorn=version("uvicorn"),
        asyncpg=version("asyncpg"),
        pool=POOL_SIZE,
        fsync=machine.fsync_ms,
        tool=tool(),
        connections=CONNECTIONS,
        rounds=rounds,
        seconds=seconds,
        sources=SOURCES,
        targets=TARGETS,
        inbox=INBOX,
    )


def _ratios(cases: Sequence[Case], measured: Measured) -> str:
    rows = []
    for case in cases:
        name, ratio = case.name, measured.ratio(case.name)
        ours, floor = measured.rate(name, "ours"), measured.rate(name, "floor")
        aim = f"{case.aim:.2f}, " + ("reached" if ratio >= case.aim else "missed: see its profile")
        latency = f"{measured.p50_ms(name):.1f} / {measured.p99_ms(name):.1f}"
        rows.append((case.title, f"{ours:,.0f}", f"{floor:,.0f}", f"{ratio:.2f}", aim, latency))
    return table(("per second", "ours", "floor", "of the floor", "aim", "ours: p50 / p99 ms"), rows)


def _shares(cases: Sequence[Case], measured: Measured) -> str:
    """Processor time is what the machine has too little of; who else is running changes it less than the rates."""
    rows = []
    for case in cases:
        times = [
            f"{measured.worker_us(case.name, server):,.0f} + {measured.postgres_us(case.name, server):,.0f}"
            for server in ("ours", "floor")
        ]
        rows.append((case.title, *times, *(f"{measured.share(case.name, duty):.0%}" for duty in DUTIES)))
    return table(("µs, worker + PostgreSQL", "ours", "floor", *DUTIES), rows)


def _floor(bare: Measured, machine: Machine) -> list[str]:
    read, write = bare.rate("read", "floor"), bare.rate("post", "floor")
    rows = [
        ("read: BEGIN with context, statement with audit row, COMMIT", read),
        ("the same, and a commit does not wait for the disk", bare.rate("read", "unsynced")),
        ("the body by its key: no transaction, no context, no audit row", bare.rate("read", "plain")),
        ("POST: BEGIN with context, one statement, COMMIT", write),
        ("the same, and a commit does not wait for the disk", bare.rate("post", "unsynced")),
        (
            "a row, a version, index rows and an event in one statement: no context, parts, audit",
            bare.rate("post", "plain"),
        ),
    ]
    text = FLOOR.format(
        stack_read=STACK_READ,
        stack_write=STACK_WRITE,
        half_read=STACK_READ // 2,
        half_write=STACK_WRITE // 2,
        read=read,
        write=write,
        read_share=read / STACK_READ,
        write_share=write / STACK_WRITE,
    )
    rest = FLOOR_REST.format(load_before=machine.load_before, load_after=machine.load_after, cores=psutil.cpu_count())
    floor = table(("the floor", "per second"), ((title, f"{rate:,.0f}") for title, rate in rows))
    return ["## What the floor itself pays", text, floor, rest]


def _peers(cases: Sequence[Case], measured: Measured, bare: Measured, index_rows: int) -> list[str]:
    """Theirs are of another machine of the same kind; what raw asyncpg reached there and reaches here tells the two
    apart."""
    read, write = bare.rate("read", "plain") / STACK_READ, bare.rate("post", "plain") / STACK_WRITE
    rows = []
    for case in cases:
        ours, scale = measured.rate(case.name, "ours"), write if case.writes else read
        theirs = [_theirs(ours, rates[case.name], scale) for _, rates, _ in PEERS]
        times = ours / (PEERS[0][1][case.name] * scale)
        aim = f"{AIMS[case.name]:.1f}x, " + ("reached" if times >= AIMS[case.name] else "missed")
        rows.append((case.title, f"{ours:,.0f}", *theirs, aim))
    text = PEERS_TEXT.format(
        memory=", ".join(f"{name} {memory}" for name, _, memory in PEERS),
        read=read,
        write=write,
        stack_read=STACK_READ,
        stack_write=STACK_WRITE,
        index_rows=index_rows,
    )
    peers = table(("per second", "ours", *(f"{name}, scaled" for name, _, _ in PEERS), "aim"), rows)
    return ["## Peers, as published", text, peers]


def _theirs(ours: float, published: int, scale: float) -> str:
    scaled = published * scale
    return f"{scaled:,.0f} ({ours / scaled:.1f}x; of {published:,}: {ours / published:.1f}x)"


def _counts(cases: Sequence[Case], measured: Measured) -> list[str]:
    counts = [case for case in cases if case.counts]
    return [COUNTS, _ratios(counts, measured)] if counts else []


def _memory(machine: Machine, grown: Grown | None) -> str:
    most, own = machine.memory_mb
    parts = [f"One worker under all rounds of load: at most {most:.0f} MB resident, {own:.0f} MB its own at the end."]
    if grown:
        parts.append(f"With {grown.many:,} Tasks: at most {grown.memory_mb:.0f} MB.")
    verdict = "reached" if max(most, grown.memory_mb if grown else 0) <= MOST_MEMORY_MB else "missed"
    return "\n".join((*parts, f"The aim is {MOST_MEMORY_MB} MB: {verdict}."))


def _profile(case: Case, measured: Measured, profile: Profile) -> list[str]:
    parts = [(part, f"{share:.0%}") for part, share in profile.parts if share >= 0.01]
    functions = [(f"`{name}`", f"{share:.0%}") for name, share in profile.functions]
    return [
        f"## Profile: {case.title}",
        f"{measured.ratio(case.name):.2f} of the floor. cProfile of the worker under the same load, waiting left out.",
        table(("part", "own time"), parts),
        table(("function of ours", "with all below it"), functions),
    ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
