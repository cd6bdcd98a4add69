"""An operator's terminal: commands typed one after another on one DATA_DIR."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.parts import ROOT
from tests.stories.server import BATON, plain_environment

COMMAND_WITHIN_S = 90.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: exit code, what it printed, what it complained of."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.out.splitlines()[-1] if self.out else ""

    def refused(self, code: int) -> str:
        """Its one line of complaint; fails when it ended otherwise, said more, or printed a result."""
        assert (self.code, self.out) == (code, ""), (self.code, self.out, self.err)
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("baton: ")
        return lines[0]


@dataclass(slots=True)
class Terminal:
    data_dir: Path
    settings: dict[str, str] = field(default_factory=dict)

    def baton(self, *words: str, typed: str = "", **settings: str) -> Ended:
        environment = plain_environment() | {"DATA_DIR": str(self.data_dir), "BATON_ENV": "development"}
        done = subprocess.run(
            (*BATON, *words),
            cwd=ROOT,
            env=environment | self.settings | settings,
            input=typed,
            capture_output=True,
            text=True,
            timeout=COMMAND_WITHIN_S,
        )
        return Ended(done.returncode, done.stdout.strip(), done.stderr.strip())

    def done(self, *words: str, typed: str = "", **settings: str) -> str:
        """What a command prints that must succeed."""
        ended = self.baton(*words, typed=typed, **settings)
        assert ended.code == 0, f"baton {' '.join(words[:2])} ended with {ended.code}: {ended.err}"
        return ended.out
