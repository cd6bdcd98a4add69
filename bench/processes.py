"""Server processes and what they cost: started, awaited, ended; processor time and memory from the kernel."""

import os
import pickle
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from bench.serving import Plan

START_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Server:
    process: psutil.Popen
    port: int

    @property
    def cpu_s(self) -> float:
        """Processor seconds that the process has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    @property
    def memory_mb(self) -> tuple[float, float]:
        """The most that was ever resident, and what is unshared now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        most_kb = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        return int(most_kb) * 1024 / 1e6, self.process.memory_full_info().uss / 1e6


@contextmanager
def serving(plan: Plan) -> Iterator[Server]:
    """A server process of this plan on a free port; its log goes to a file beside the world's."""
    folder = plan.world_file.parent
    plan = replace(plan, port=_free_port())
    name = f"{plan.kind}-{plan.without or 'all'}-{plan.port}"
    file = folder / f"{name}.plan"
    file.write_bytes(pickle.dumps(plan))
    with (folder / f"{name}.log").open("wb") as log:
        process = psutil.Popen([sys.executable, "-m", "bench.serving", str(file)], stderr=log, stdout=log)
        try:
            _await_port(process, plan.port, folder / f"{name}.log")
            yield Server(process, plan.port)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except psutil.TimeoutExpired:
                process.kill()


def postgres_cpu_s(data_dir: Path) -> float:
    """Processor seconds of the cluster below `data_dir`, ended backends included."""
    pid = int(next(data_dir.rglob("postmaster.pid")).read_text().split()[0])
    postmaster = psutil.Process(pid)
    own = postmaster.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in postmaster.children():
        try:
            times = child.cpu_times()
            total += times.user + times.system
        except psutil.NoSuchProcess:
            pass
    return float(total)


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def _await_port(process: psutil.Popen, port: int, log: Path) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"a server of the benchmark did not start:\n{log.read_text()[-2000:]}")


def fsync_ms(folder: Path, times: int = 200) -> float:
    """How long the disk below `folder` takes to keep 8 kB: the median of `times`."""
    took = []
    file = folder / "fsync"
    with file.open("wb", buffering=0) as stream:
        for _ in range(times):
            stream.write(bytes(8192))
            begun = time.perf_counter()
            os.fdatasync(stream.fileno())
            took.append(time.perf_counter() - begun)
    file.unlink()
    return sorted(took)[times // 2] * 1000
