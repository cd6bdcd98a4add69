"""An own PostgreSQL for a machine without `DATABASE_URL`: starts with its first user, stops with its last.

Called by the commands before the event loop runs, and by the tests. Every process that uses the cluster of a data
folder holds a shared lock on one file; the kernel drops it when the process ends, however it ends, so that no count
goes stale. Whoever leaves and then gets the lock alone was the last, and stops the cluster. Joining and leaving pass
one gate.
"""

import atexit
import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, Self
from urllib.parse import quote

from app.log import log
from app.settings import make_data_dir
from app.store import embedded_cluster as cluster
from app.store import embedded_home
from app.store.embedded_home import EmbeddedPostgresError, Home

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

GATE_TIMEOUT_S: Final = 120
WATCH_EVERY_S: Final = 1.0


class EmbeddedPostgres:
    """A running cluster that this process uses. `start` it, `stop` it (or `with` it); stopping twice is harmless."""

    def __init__(self, data_dir: Path, home: Home, lock: int) -> None:
        self._data_dir = data_dir
        self._home = home
        self._lock = lock
        self._left = threading.Event()
        self._watch = threading.Thread(target=self._restart_when_dead, name="embedded-postgres", daemon=True)

    @classmethod
    def start(cls, data_dir: Path) -> Self:
        """Joins the cluster of `data_dir`, which is made and started when need be.

        From here on SIGTERM and SIGHUP end this process by SystemExit (unless somebody handles them), and `stop` runs.
        Raises EmbeddedPostgresError with what to do.
        """
        data_dir = data_dir.absolute()
        make_data_dir(data_dir)
        with _gate(data_dir):
            home = embedded_home.find(data_dir)
            lock = _open_lock(data_dir, "postgres.users")
            fcntl.flock(lock, fcntl.LOCK_SH)
            try:
                cluster.ensure_running(home)
            except BaseException:
                os.close(lock)
                raise
        postgres = cls(data_dir, home, lock)
        atexit.register(postgres.stop)
        _end_by_exit_on_signals()
        postgres._watch.start()
        return postgres

    @property
    def app_dsn(self) -> str:
        """For run time: a role that owns nothing and is held by row-level security."""
        return self.dsn("baton", "baton_app")

    @property
    def owner_dsn(self) -> str:
        """For migrations."""
        return self.dsn("baton", "baton_owner")

    def dsn(self, database: str, role: str) -> str:
        """An address that asyncpg, SQLAlchemy and libpq understand. The port is the socket's name only."""
        folder = quote(str(embedded_home.socket_folder(self._home)), safe="")
        return f"postgresql://{quote(role)}@/{quote(database)}?host={folder}&port=5432"

    @property
    def programs(self) -> Path:
        """The folder of psql, pg_dump and pg_restore of the same version."""
        return self._home.programs

    def stop(self) -> None:
        """Leaves; the last to leave stops the cluster and returns when no process of it is left."""
        if self._left.is_set():
            return
        self._left.set()
        atexit.unregister(self.stop)
        try:
            with _gate(self._data_dir):
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                cluster.stop(self._home)
        except BlockingIOError:
            pass  # somebody else still uses it
        except FileNotFoundError:
            log.warning("embedded_postgres_folder_gone")
        finally:
            os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.stop()

    def _restart_when_dead(self) -> None:
        """The postmaster may be killed (out of memory, an operator's slip): the next one recovers from its log."""
        while not self._left.wait(WATCH_EVERY_S):
            if cluster.is_running(self._home):
                continue
            try:
                with _gate(self._data_dir):
                    if not self._left.is_set() and not cluster.is_running(self._home):
                        log.error("embedded_postgres_died")
                        cluster.ensure_running(self._home)
                        log.info("embedded_postgres_restarted")
            except (EmbeddedPostgresError, OSError):
                log.exception("embedded_postgres_restart_failed")


@contextmanager
def _gate(data_dir: Path) -> Iterator[None]:
    """One at a time joins or leaves."""
    gate = _open_lock(data_dir, "postgres.gate")
    end = time.monotonic() + GATE_TIMEOUT_S
    try:
        while True:
            try:
                fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise EmbeddedPostgresError(
                        f"another process has been starting or stopping {data_dir} too long"
                    ) from None
                time.sleep(cluster.POLL_S)
        yield
    finally:
        os.close(gate)


def _open_lock(data_dir: Path, name: str) -> int:
    """A lock file of the data folder, owned like the folder: root may come first and its owner later."""
    lock = os.open(data_dir / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        status = data_dir.stat()
        os.fchown(lock, status.st_uid, status.st_gid)
    return lock


def _end_by_exit_on_signals() -> None:
    """The default action of these signals ends a process at once: neither `finally` nor atexit would run."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _exit)


def _exit(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
