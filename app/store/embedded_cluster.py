"""One PostgreSQL cluster as a process: made, started, looked after, stopped. Callers hold its gate (embedded.py).

Nothing listens on TCP. Within its private socket folder every local connection is trusted: whoever can enter that
folder owns the files anyway.
"""

import os
import shlex
import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.store.embedded_home import MAJOR_VERSION, EmbeddedPostgresError, Home, socket_folder

TIMEOUT_S: Final = 60
POLL_S: Final = 0.01
MAX_LOG_BYTES: Final = 1_000_000
# Larger than any process id (kernel.pid_max is at most 4194304), so no process ever has it.
NO_PROCESS: Final = "999999999"

# For one machine; written once into postgresql.conf, where the operator may change them.
TUNING: Final = (
    "shared_buffers=256MB", "effective_cache_size=1GB", "work_mem=16MB", "maintenance_work_mem=128MB",
    "max_wal_size=2GB", "random_page_cost=1.1", "jit=off", "timezone=UTC", "log_timezone=UTC",
)  # fmt: skip

# Given at every start, so that nothing overrules them. The log tells of the server (LOG, FATAL, PANIC) and not of
# statements: an ERROR's text, its statement and its DETAIL line quote what people wrote.
ALWAYS: Final = (
    "listen_addresses=", "unix_socket_permissions=0700", "log_min_messages=log", "log_min_error_statement=panic",
    "log_error_verbosity=terse", "log_statement=none",
)  # fmt: skip

# Safe to repeat, so that a start that was killed half-way is made good by the next one.
ROLES_AND_DATABASE: Final = r"""
SELECT 'CREATE ROLE baton_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'baton_owner') \gexec
SELECT 'CREATE ROLE baton_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'baton_app') \gexec
SELECT 'CREATE DATABASE baton OWNER baton_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'baton') \gexec
SELECT 'REVOKE ALL ON DATABASE baton FROM PUBLIC'
  FROM pg_database WHERE datname = 'baton' AND datacl IS NULL \gexec
SELECT 'GRANT CONNECT ON DATABASE baton TO baton_app'
 WHERE NOT has_database_privilege('baton_app', 'baton', 'CONNECT') \gexec
"""


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What `postmaster.pid` says. `status` is "starting", "ready", "stopping" or "standby"."""

    pid: int
    status: str


def ensure_running(home: Home) -> None:
    """After this the cluster accepts connections and holds our roles and our database."""
    found = _settled(home)
    if found is None:
        _make_and_start(home)
    try:
        _make_roles_and_database(home)
    except EmbeddedPostgresError:
        # A postmaster that was killed a moment ago still looks alive, and then breaks off our session.
        if found is None or not _has_ended(home, found.pid):
            raise
        _make_and_start(home)
        _make_roles_and_database(home)


def is_running(home: Home) -> bool:
    return _running(home) is not None


def stop(home: Home) -> None:
    """Ends every session and writes everything to disk; returns when no process is left."""
    running = _running(home)
    if running is not None:
        arguments = ("stop", "-w", "-s", f"-t{TIMEOUT_S}", "-D", str(home.data))
        try:
            home.run("pg_ctl", *arguments, "-m", "fast")
        except EmbeddedPostgresError:  # the next start recovers from the write-ahead log
            home.run("pg_ctl", *arguments, "-m", "immediate")
        # pg_ctl waits for the removal of postmaster.pid, which comes shortly before the end of the process.
        while _is_postmaster_of(home, running.pid):
            time.sleep(POLL_S)
    run = home.folder / "run"
    if run.is_symlink():
        shutil.rmtree(run.readlink(), ignore_errors=True)
        run.unlink()


def _make_and_start(home: Home) -> None:
    if not home.data.exists():
        _make(home)
    _check_version(home)
    _start(home)


def _make_roles_and_database(home: Home) -> None:
    home.run(
        "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(socket_folder(home)), "-p", "5432",
        "-U", "postgres", "-d", "postgres", stdin=ROLES_AND_DATABASE,
    )  # fmt: skip


def _make(home: Home) -> None:
    """A new cluster, in place only when it is whole. The builtin locale sorts by code point, alike on every machine."""
    fresh = home.folder / "data.new"
    if fresh.exists():
        shutil.rmtree(fresh)
    tuning = [word for setting in TUNING for word in ("--set", setting)]
    home.run(
        "initdb", "-D", str(fresh), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions", *tuning,
    )  # fmt: skip
    fresh.rename(home.data)


def _check_version(home: Home) -> None:
    version = (home.data / "PG_VERSION").read_text().strip()
    if version != MAJOR_VERSION:
        raise EmbeddedPostgresError(
            f"{home.data} was made by PostgreSQL {version}, this is {MAJOR_VERSION}: see docs/operator.md, Upgrading"
        )


def _start(home: Home) -> None:
    if home.log.exists() and home.log.stat().st_size > MAX_LOG_BYTES:
        home.log.replace(home.log.with_name("log.1"))
    crashed = _forget_dead_process(home)
    settings = (*ALWAYS, f"unix_socket_directories={socket_folder(home)}")
    options = " ".join(f"-c {shlex.quote(setting)}" for setting in settings)  # pg_ctl hands them to a shell
    start = ("start", "-w", "-s", f"-t{TIMEOUT_S}", "-D", str(home.data), "-l", str(home.log), "-o", options)
    end = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return home.run("pg_ctl", *start)
        except EmbeddedPostgresError:
            # A session that outlived its killed postmaster still holds the shared memory until its statement ends.
            if not crashed or time.monotonic() > end:
                raise
            time.sleep(20 * POLL_S)


def _settled(home: Home) -> Postmaster | None:
    """The running postmaster, once it has finished starting; None when none runs, or once it has finished stopping."""
    end = time.monotonic() + TIMEOUT_S
    while (postmaster := _running(home)) is not None and postmaster.status in {"starting", "stopping"}:
        if time.monotonic() > end:
            raise EmbeddedPostgresError(f"PostgreSQL has been {postmaster.status} for {TIMEOUT_S} s; see {home.log}")
        time.sleep(POLL_S)
    return postmaster


def _running(home: Home) -> Postmaster | None:
    postmaster = _written(home)
    return postmaster if postmaster is not None and _is_postmaster_of(home, postmaster.pid) else None


def _written(home: Home) -> Postmaster | None:
    """*Source*: PostgreSQL, miscadmin.h, LOCK_FILE_LINE_*: line 1 is the process id, line 8 its status."""
    try:
        lines = (home.data / "postmaster.pid").read_text().splitlines()
        return Postmaster(int(lines[0]), lines[7].strip() if len(lines) > 7 else "starting")
    except (FileNotFoundError, ValueError, IndexError):
        return None


def _has_ended(home: Home, pid: int) -> bool:
    """Whether that postmaster is gone, now or within a second: a killed process is listed for a while."""
    end = time.monotonic() + 1
    while _is_postmaster_of(home, pid):
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True


def _is_postmaster_of(home: Home, pid: int) -> bool:
    """Whether that process is this cluster's postmaster: after a crash its number may belong to anybody."""
    if Path("/proc/self/cmdline").exists():
        command = ""
        with suppress(OSError):  # gone in between
            command = os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).replace("\0", " ")
    else:
        command = subprocess.run(["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True).stdout
    return "/postgres " in command and f"-D {home.data} " in command + " "


def _forget_dead_process(home: Home) -> bool:
    """Whether a dead postmaster left its file, in which its number is now nobody's.

    PostgreSQL would refuse to start when that number has gone to another process of the same user, as it does in a
    restarted container. The rest of the file stays: by it PostgreSQL finds sessions that outlived their postmaster.
    """
    if _written(home) is None:
        return False
    script = '{ echo "$1"; tail -n +2 "$0"; } > "$0.new" && mv "$0.new" "$0"'
    home.run("/bin/sh", "-c", script, str(home.data / "postmaster.pid"), NO_PROCESS)
    return True
