"""How requests get slower as the network grows: what was measured before and after, and the page's section on it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.cases import Case
from bench.measuring import Measured

GROWTH = """The same requests, with the same matches, before and after the network has grown from {few:,} Tasks to
{many:,} (made in {took:.0f} s; the database has {size:.1f} GB; secondary indexes were made anew after the
copying, everything vacuumed and analyzed). Growth is the time of a request, and its processor time in worker and
PostgreSQL, at {many:,} to that at {few:,}; the aim is at most {most}. The floor grows by what PostgreSQL itself needs
for more rows."""
COUNTS = """Counted apart: a count's cost is that of what is counted."""
MOST_GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class Grown:
    """The searches in the small network and in the large one; how long making it took; the worker's memory at its
    end."""

    small: Measured
    large: Measured
    few: int
    many: int
    took_s: float
    size_gb: float
    memory_mb: float


def growth(cases: Sequence[Case], grown: Grown) -> list[str]:
    """The section of the page."""
    text = GROWTH.format(few=grown.few, many=grown.many, took=grown.took_s, size=grown.size_gb, most=MOST_GROWTH)
    searches = [case for case in cases if not case.writes]
    parts = [f"## Growth to {grown.many:,} Tasks", text, _grown([case for case in searches if not case.counts], grown)]
    counts = [case for case in searches if case.counts]
    return [*parts, COUNTS, _grown(counts, grown)] if counts else parts


def _grown(cases: Sequence[Case], grown: Grown) -> str:
    """Time of a request is the inverse of the rate: all connections are always busy."""
    rows = []
    for case in cases:
        name = case.name
        times = [grown.small.rate(name, side) / grown.large.rate(name, side) for side in ("ours", "floor")]
        costs = grown.large.cost_us(name, "ours") / grown.small.cost_us(name, "ours")
        rates = [f"{each.rate(name, 'ours'):,.0f}" for each in (grown.small, grown.large)]
        latency = f"{grown.large.p50_ms(name):.1f} / {grown.large.p99_ms(name):.1f}"
        verdict = "" if case.counts else (", reached" if times[0] <= MOST_GROWTH else ", missed")
        of_floor = f"{grown.large.ratio(name):.2f}"
        grew = (f"{times[0]:.2f}{verdict}", f"{costs:.2f}", f"{times[1]:.2f}")
        rows.append((case.title, *rates, *grew, of_floor, latency))
    titles = ("growth: time", "processor", "the floor's time", "of the floor", "p50 / p99 ms")
    return table(("per second", f"{grown.few:,}", f"{grown.many:,}", *titles), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
