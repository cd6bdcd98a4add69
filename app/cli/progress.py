"""A progress bar for what takes longer than two seconds, where a person looks on."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

APPEARS_AFTER_S = 2.0


class Bar:
    """`advance` it; it appears once the work has lasted `APPEARS_AFTER_S`, and only on a terminal."""

    def __init__(self, what: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task: TaskID = self._progress.add_task(what, total=None)
        self._appears_at = time.monotonic() + APPEARS_AFTER_S
        self._is_shown = False

    def advance(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)
        if sys.stderr.isatty() and time.monotonic() >= self._appears_at:
            self._progress.start()
            self._is_shown = True

    def close(self) -> None:
        """What was never shown leaves no empty line in a log either."""
        if self._is_shown:
            self._progress.stop()


@contextmanager
def bar(what: str) -> Iterator[Bar]:
    shown = Bar(what)
    try:
        yield shown
    finally:
        shown.close()
