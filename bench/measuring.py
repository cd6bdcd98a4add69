"""Rounds: each case on ours, on the floor and without each duty in turn, so that a neighbour's load hits them all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import load
from bench.cases import CASES, Case
from bench.load import Figures
from bench.processes import Server, postgres_cpu_s
from bench.variants import DUTIES
from bench.world import World


@dataclass(frozen=True, slots=True)
class Run:
    """One server under one case for one round; processor time in microseconds a request."""

    figures: Figures
    worker_us: float
    postgres_us: float


@dataclass(slots=True)
class Measured:
    """(case, server) -> its rounds. A server that was not asked has none."""

    rounds: dict[tuple[str, str], list[Run]] = field(default_factory=dict)

    def rate(self, case: str, server: str) -> float:
        """Median requests per second."""
        return median(run.figures.rate for run in self.rounds[case, server])

    def ratio(self, case: str, server: str = "ours", floor: str = "floor") -> float:
        """Median over the rounds of one server's rate to the other's of the same round."""
        pairs = zip(self.rounds[case, server], self.rounds[case, floor], strict=True)
        return median(one.figures.rate / other.figures.rate for one, other in pairs)

    def p50_ms(self, case: str, server: str = "ours") -> float:
        return median(run.figures.p50_ms for run in self.rounds[case, server])

    def p99_ms(self, case: str, server: str = "ours") -> float:
        return median(run.figures.p99_ms for run in self.rounds[case, server])

    def worker_us(self, case: str, server: str) -> float:
        return median(run.worker_us for run in self.rounds[case, server])

    def postgres_us(self, case: str, server: str) -> float:
        return median(run.postgres_us for run in self.rounds[case, server])

    def cost_us(self, case: str, server: str) -> float:
        """Processor time of a request, in worker and PostgreSQL."""
        return self.worker_us(case, server) + self.postgres_us(case, server)

    def share(self, case: str, without: str) -> float:
        """The part of a request's processor time (worker and PostgreSQL) that one duty takes."""
        return 1 - self.cost_us(case, without) / self.cost_us(case, "ours")


def measure(
    servers: Mapping[str, Server],
    cases: Sequence[Case],
    world: World,
    folder: Path,
    *,
    rounds: int,
    seconds: float,
) -> Measured:
    """Every case on every server, `rounds` times; a first short run of each warms plans and caches, uncounted."""
    measured = Measured()
    for case in cases:
        files = {side: folder / f"{case.name}-{side}.requests" for side in ("ours", "floor")}
        for side, file in files.items():
            load.write_requests(file, case.requests(world, side))
        for number in range(rounds + 1):
            for name, server in servers.items():
                if name in DUTIES and not case.peers:
                    continue
                file = files["floor" if name in ("floor", "unsynced", "plain") else "ours"]
                run = _run(server, file, folder, seconds if number else min(seconds, 2))
                if number:
                    measured.rounds.setdefault((case.name, name), []).append(run)
        asked = [name for name in servers if (case.name, name) in measured.rounds]
        rates = ", ".join(f"{name} {measured.rate(case.name, name):,.0f}" for name in asked)
        print(f"{case.title}, per second: {rates}", flush=True)
    return measured


def _run(server: Server, file: Path, folder: Path, seconds: float) -> Run:
    worker, postgres = server.cpu_s, postgres_cpu_s(folder)
    figures = load.run(server.port, file, seconds)
    spent_worker, spent_postgres = server.cpu_s - worker, postgres_cpu_s(folder) - postgres
    return Run(figures, spent_worker / figures.requests * 1e6, spent_postgres / figures.requests * 1e6)


def by_name(names: Sequence[str] | None) -> list[Case]:
    return [case for case in CASES if not names or case.name in names]
