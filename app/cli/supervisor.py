"""Several processes doing the same: started, replaced when one dies, and ended together.

uvicorn's own supervisor kills a process that does not answer within seconds: on a busy machine also one that is still
starting, and then its replacement; and it hears no stop while it waits. Here a process is replaced when it has ended.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from typing import Protocol

from app.log import log

LOOKED_FOR_EVERY_S = 0.2
# who dies at once, again and again, costs one start a second and no more
PAUSE_S = 1.0
STOPS = (signal.SIGTERM, signal.SIGINT)


class Work(Protocol):
    """What each process does until SIGTERM; it sets the event when it has begun. Must survive pickling."""

    def __call__(self, begun: Event) -> None: ...


def supervise(work: Work, count: int, on_begun: Callable[[], None], ends_within_s: float) -> bool:
    """Returns when SIGTERM or SIGINT has ended all of them; `on_begun` is called when the first has begun. False when
    one ended before any had begun."""
    begun = get_context("spawn").Event()
    with _stop_told() as stop, _children(work, begun, count, ends_within_s) as children:
        told = False
        while not stop.is_set():
            wait([child.sentinel for child in children], LOOKED_FOR_EVERY_S)
            if begun.is_set() and not told:
                on_begun()
                told = True
            for place in (place for place, child in enumerate(children) if not child.is_alive()):
                if not begun.is_set():
                    return stop.is_set()
                log.warning("process_ended", code=children[place].exitcode)
                if not stop.wait(PAUSE_S):
                    children[place] = _started(work, begun)
    return True


@contextmanager
def _stop_told() -> Iterator[threading.Event]:
    """Set by a signal that asks for a stop; afterwards the signals do what they did before."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in STOPS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _children(work: Work, begun: Event, count: int, ends_within_s: float) -> Iterator[list[SpawnProcess]]:
    """They end with the block: by SIGTERM, and who does not heed it in time by SIGKILL."""
    children = [_started(work, begun) for _ in range(count)]
    try:
        yield children
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.join(ends_within_s)
            if child.exitcode is None:
                child.kill()
                child.join()


def _started(work: Work, begun: Event) -> SpawnProcess:
    """A terminal's Ctrl-C reaches every process; one that is still importing would answer it with a trace."""
    child = get_context("spawn").Process(target=work, args=(begun,))
    heeded = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child.start()
    finally:
        signal.signal(signal.SIGINT, heeded)
    return child
