"""Time on a shared machine: wall time less the time in which other programs held the processor."""

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import asyncpg


class Stopwatch:
    """`ms` of the block for client and server together.

    Waiting for disk or locks counts, waiting for a processor that another program holds does not.
    """

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._client = Path("/proc/thread-self/schedstat")
        self._server = Path(f"/proc/{connection.get_server_pid()}/schedstat")
        self.ms = 0.0

    def __enter__(self) -> "Stopwatch":
        self._before = self._now()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wall, busy, queued = (after - before for after, before in zip(self._now(), self._before, strict=True))
        # The client also queues while the server works on its own processor, so `wall - queued` may be too little,
        # but never less than what both have computed.
        self.ms = max(busy, wall - queued) / 1e6

    def _now(self) -> tuple[int, int, int]:
        """Nanoseconds: wall, computing, queued for a processor; only wall where the server is on another machine."""
        if not self._server.exists():
            return time.perf_counter_ns(), 0, 0
        server_busy, server_queued, _ = self._server.read_text(encoding="ascii").split()
        client_queued = self._client.read_text(encoding="ascii").split()[1]
        return time.perf_counter_ns(), time.thread_time_ns() + int(server_busy), int(server_queued) + int(client_queued)


def summary(times_ms: Sequence[float]) -> dict[str, float]:
    """p50 and p99 in ms, and how many executions they come from."""
    ordered = sorted(times_ms)
    p99 = ordered[max(0, -(-len(ordered) * 99 // 100) - 1)]
    return {"p50": round(ordered[len(ordered) // 2], 3), "p99": round(p99, 3), "n": len(ordered)}
