"""A Baton of one story: `baton serve` as a process of its own on an empty DATA_DIR, and the commands beside it."""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import httpx

from app.settings import make_data_dir
from tests.parts import ROOT
from tests.stories.commands import BATON, baton, baton_by_itself
from tests.stories.draw import Draw

READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 40.0
LOG_LINES = 40


class Server:
    """`start`, `stop` (SIGTERM, exit 0) and `kill` (-9) the same installation as often as a story wants."""

    def __init__(self, data_dir: Path, port: int, **settings: str) -> None:
        self.data_dir = data_dir
        self.address = f"http://127.0.0.1:{port}"
        self.log = data_dir.parent / "server.log"
        self._environment = plain_environment() | {
            "DATA_DIR": str(data_dir),
            "PORT": str(port),
            "BATON_ENV": "development",
            # a simulated EHR changes its ways within a story
            "BATON_DISCOVERY_S": "0",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.killed = False
        # whose program it is; a story of two releases has another one
        self.program = ROOT

    @property
    def pid(self) -> int:
        """The process that `start` started."""
        assert self._process is not None
        return self._process.pid

    def start(self, *options: str) -> None:
        """Returns when /ready says yes."""
        with self.log.open("ab") as log:
            command = (*BATON, "serve", *options)
            self._process = subprocess.Popen(
                command, cwd=self.program, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.killed = False
        end = time.monotonic() + READY_WITHIN_S
        while not self._ready():
            ended = self._process.poll()
            assert ended is None, f"baton serve ended with {ended}:\n{self.told()}"
            assert time.monotonic() < end, f"not ready after {READY_WITHIN_S:.0f} s:\n{self.told()}"
            time.sleep(0.05)

    def stop(self) -> None:
        """A graceful stop; nothing to do where it does not run."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            code = self._process.wait(STOPPED_WITHIN_S)
            assert code == 0, f"a stop that was asked for ended with {code}:\n{self.told()}"
        self._process = None

    def kill(self) -> None:
        """The process is gone between two instructions; its database notices later."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None
        self.killed = True

    def command(self, *words: str, typed: str = "") -> str:
        """What `baton ...` prints; AssertionError with its own line when it fails."""
        if self.program == ROOT:
            done = baton(words, self._environment, typed)
        else:
            done = baton_by_itself(words, self._environment, typed, self.program)
        assert done.code == 0, f"baton {' '.join(words[:2])} ended with {done.code}: {done.err}"
        return done.out

    def letters(self) -> list[str]:
        """The e-mails that went out, oldest first."""
        return [file.read_text() for file in sorted((self.data_dir / "mail").glob("*.eml"))]

    def told(self) -> str:
        """The last lines that the server wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_LINES:])

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def installation(draw: Draw, *, migrated: bool = False, **settings: str) -> Iterator[Server]:
    """A server that has not been started yet, with an empty DATA_DIR that is removed at the end.

    `migrated`: its database is there, and nobody in it; a copy is quicker than making one.
    """
    folder = _new_folder()
    server = Server(folder / "data", draw.port(), **settings)
    if migrated:
        make_data_dir(server.data_dir)
        subprocess.run(("cp", "-a", _migrated_database(), server.data_dir / "postgres"), check=True)
    try:
        yield server
    finally:
        try:
            _end(server)
        finally:
            remove_folder(folder)


def _new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="baton-story-"))
    folder.chmod(0o711)  # PostgreSQL passes through it where we are root
    return folder


@cache
def _migrated_database() -> Path:
    """A database as the first `baton migrate` leaves it."""
    folder = _new_folder()
    atexit.register(remove_folder, folder)
    made = Server(folder / "data", 0)
    made.command("migrate")
    return made.data_dir / "postgres"


def _end(server: Server) -> None:
    """Stops what runs; a database that a killed server left behind stops with the command that used it last."""
    server.stop()
    if server.killed:
        server.command("migrate")


def remove_folder(folder: Path) -> None:
    postgres = folder / "data" / "postgres"
    if postgres.is_symlink():
        shutil.rmtree(postgres.resolve(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def plain_environment() -> dict[str, str]:
    """Ours without any setting of Baton's: a story begins where nothing is set.

    Modules are kept compiled, as on an operator's machine: without that a command takes twice its time.
    """
    ours = {"DATABASE_URL", "MIGRATION_DATABASE_URL", "DATABASE_DIRECT_URL", "DATA_DIR", "HOST", "PORT"}
    ours.add("PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("BATON_")}
