"""`baton ...` as an operator types it: each command is a process of its own, which need not import everything anew.

What a command imports takes longer than what it does. So it is forked from a process that has imported that and has done
nothing else. That each starts by itself, too, is told by `tests/cli`: there the first of its kind does.
"""

import atexit
import gc
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.parts import ROOT

BATON = (sys.executable, "-m", "app.cli.main")
WITHIN_S = 90.0
# the first command waits for the imports
IMPORTED = (
    "app.cli.main",
    "app.demo.world",
    "app.services.directory.admit",
    "app.services.directory.register_ehr",
    "app.services.identity.grant_token",
    "app.services.identity.register_client",
    "app.services.identity.staff",
    "app.services.rebuild_index",
    "app.store.migrate",
    "app.wiring",
)
STREAMS = ("in", "out", "err")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: exit code, what it printed, what it complained of."""

    code: int
    out: str
    err: str

    def refused(self, code: int) -> str:
        """Its one line of complaint; fails when it ended otherwise, said more, or printed a result."""
        assert (self.code, self.out) == (code, ""), (self.code, self.out, self.err)
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("baton: ")
        return lines[0]


def baton(words: tuple[str, ...], environment: Mapping[str, str], typed: str = "") -> Ended:
    """Runs one command to its end."""
    with tempfile.TemporaryDirectory(prefix="baton-command-") as folder:
        files = {name: Path(folder, name) for name in STREAMS}
        files["in"].write_text(typed)
        asked = {"words": words, "environment": dict(environment), "files": [str(files[name]) for name in STREAMS]}
        code = _forge().run(asked)
        return Ended(code, files["out"].read_text().strip(), files["err"].read_text().strip())


def baton_by_itself(
    words: tuple[str, ...], environment: Mapping[str, str], typed: str = "", program: Path = ROOT
) -> Ended:
    """The same in an interpreter that has just been started; `program` is the folder of another release."""
    command = (*BATON, *words)
    how: dict[str, Any] = {
        "cwd": program,
        "env": environment,
        "capture_output": True,
        "text": True,
        "timeout": WITHIN_S,
    }
    done = subprocess.run(command, input=typed, **how)
    return Ended(done.returncode, done.stdout.strip(), done.stderr.strip())


class Forge:
    """The process that commands are forked from; it ends with us."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        command = (sys.executable, "-m", __name__)
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, start_new_session=True)
        atexit.register(self._end)

    def run(self, asked: Mapping[str, Any]) -> int:
        """The exit code."""
        to, answers = self._process.stdin, self._process.stdout
        assert to is not None
        assert answers is not None
        to.write(json.dumps(asked).encode() + b"\n")
        to.flush()
        if not select.select([answers], [], [], WITHIN_S)[0]:
            self._end()
            raise AssertionError(f"baton {' '.join(asked['words'][:2])} did not end within {WITHIN_S:.0f} s")
        return int(answers.readline())

    def _end(self) -> None:
        """With whatever it has forked."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        _forge.cache_clear()


@cache
def _forge() -> Forge:
    return Forge()


def _fork_what_is_asked() -> None:
    """Reads a command from each line, and answers its exit code."""
    for name in IMPORTED:
        import_module(name)
    gc.freeze()  # else each fork would look through, and so copy, all that was imported
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(asked)
            _end_as(import_module("app.cli.main").main)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(asked: Mapping[str, Any]) -> None:
    """A process with these arguments, this environment and these files as its standard streams."""
    sys.argv[1:] = asked["words"]
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, file in enumerate(asked["files"]):
        os.dup2(os.open(file, os.O_RDWR | os.O_CREAT), number)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, "w" if number else "r") for number in range(3))


def _end_as(main: Callable[[], None]) -> None:
    """Runs it and ends with its code, without taking all that was imported apart piece by piece."""
    try:
        main()
    except SystemExit as ended:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(ended.code or 0))


if __name__ == "__main__":
    _fork_what_is_asked()
