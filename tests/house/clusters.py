"""Helpers for the tests of the embedded database: holders (other processes), who runs, statements."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Holder:
    """Another process that uses the cluster; `leave` ends it as a user would, `kill` as a crash would."""

    process: subprocess.Popen[str]
    dsn: str = ""

    def ready(self) -> "Holder":
        assert self.process.stdout is not None
        self.dsn = self.process.stdout.readline().strip()
        assert self.dsn, f"the holder did not start: {self.process.communicate()[1]}"
        return self

    def leave(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(30)

    def signal(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)


def hold(data_dir: Path) -> Holder:
    """Starts a holder; call `.ready()` to wait for its cluster."""
    command = [sys.executable, str(ROOT / "tests" / "house" / "holder.py"), str(data_dir)]
    pipe = subprocess.PIPE
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return Holder(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment))


def processes(data_dir: Path) -> list[int]:
    """The process ids of everything that PostgreSQL runs for this folder: the postmaster and its children."""
    folder = str((data_dir / "postgres").resolve() / "data")
    found = [each.info for each in psutil.process_iter(["pid", "ppid", "cmdline"]) if each.info["cmdline"]]
    masters = [each["pid"] for each in found if folder in each["cmdline"]]
    return masters + [each["pid"] for each in found if each["ppid"] in masters and "postgres" in each["cmdline"][0]]


def postmaster(data_dir: Path) -> int | None:
    file = data_dir / "postgres" / "data" / "postmaster.pid"
    return int(file.read_text().splitlines()[0]) if file.exists() else None


def query(dsn: str, *statements: str) -> Any:
    """Runs the statements; the first value of the last."""

    async def run() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())


def until(true: Callable[[], bool], timeout_s: float = 15) -> None:
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)
