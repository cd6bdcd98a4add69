"""An operator's terminal: commands typed one after another on one DATA_DIR."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.stories.commands import Ended, baton, baton_by_itself
from tests.stories.server import plain_environment


@dataclass(slots=True)
class Terminal:
    """`known` are the commands that have succeeded here in an interpreter of their own."""

    data_dir: Path
    settings: dict[str, str] = field(default_factory=dict)
    known: set[tuple[str, ...]] = field(default_factory=set)

    def baton(self, *words: str, typed: str = "", by_itself: bool = False, **settings: str) -> Ended:
        """How the command ended; `by_itself` in an interpreter that has just been started."""
        environment = plain_environment() | {"DATA_DIR": str(self.data_dir), "BATON_ENV": "development"}
        run = baton_by_itself if by_itself else baton
        return run(words, environment | self.settings | settings, typed)

    def done(self, *words: str, typed: str = "", **settings: str) -> str:
        """What a command prints that must succeed; the first of its kind does so by itself."""
        kind = words[:2]
        ended = self.baton(*words, typed=typed, by_itself=kind not in self.known, **settings)
        assert ended.code == 0, f"baton {' '.join(kind)} ended with {ended.code}: {ended.err}"
        self.known.add(kind)
        return ended.out
