"""The load: wrk where it is installed (apt-get install wrk), else a client of our own, which costs more."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

CONNECTIONS = 16
SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True)
class Figures:
    """One run's requests, its seconds, and latencies in ms."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def tool() -> str:
    return "wrk" if shutil.which("wrk") else "an asyncio client"


def write_requests(file: Path, requests: Sequence[bytes]) -> None:
    """The form that both load generators read: a line with the length, then the bytes."""
    file.write_bytes(b"".join(b"%d\n%b" % (len(request), request) for request in requests))


def run(port: int, file: Path, seconds: float) -> Figures:
    """Sends the file's requests in turn on 16 connections. Ends the benchmark when one is refused."""
    figures, refused = (_wrk if shutil.which("wrk") else _asyncio)(port, file, seconds)
    if refused or not figures.requests:
        raise SystemExit(f"{refused} of {figures.requests} requests were refused; the figures would mean nothing")
    return figures


def _wrk(port: int, file: Path, seconds: float) -> tuple[Figures, int]:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--timeout", "10s", "-s", str(SCRIPT)]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}", "--", str(file)], capture_output=True, text=True, check=True
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("FIGURES"))
    requests, spent_us, refused, p50_us, p99_us = map(int, line.split()[1:])
    return Figures(requests, spent_us / 1e6, p50_us / 1000, p99_us / 1000), refused


def _asyncio(port: int, file: Path, seconds: float) -> tuple[Figures, int]:
    return asyncio.run(_clients(port, _requests(file.read_bytes()), seconds))


def _requests(text: bytes) -> list[bytes]:
    found = []
    while text:
        size, _, rest = text.partition(b"\n")
        found.append(rest[: int(size)])
        text = rest[int(size) :]
    return found


async def _clients(port: int, requests: list[bytes], seconds: float) -> tuple[Figures, int]:
    took: list[float] = []
    refused = 0
    turn = cycle(requests)
    started = time.perf_counter()

    async def client(turn: Iterator[bytes]) -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (begun := time.perf_counter()) - started < seconds:
            writer.write(next(turn))
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            refused += head.split(b" ", 2)[1] not in (b"200", b"201")
            took.append(time.perf_counter() - begun)
        writer.close()

    await asyncio.gather(*(client(turn) for _ in range(CONNECTIONS)))
    ordered = sorted(took)
    middle, last = (ordered[int((len(ordered) - 1) * share)] * 1000 for share in (0.5, 0.99))
    return Figures(len(took), time.perf_counter() - started, middle, last), refused
