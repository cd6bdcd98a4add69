"""Waiting for something that happens by itself soon: never a blind sleep, always with the reason at the end."""

import time
from collections.abc import Callable
from typing import TypeVar

LONG_ENOUGH_S = 30.0
LOOK_EVERY_S = 0.05

Seen = TypeVar("Seen")


def eventually(look: Callable[[], Seen | None], what: str, within_s: float = LONG_ENOUGH_S) -> Seen:
    """The first true answer of `look`. AssertionError with `what`, and the last answer, when none comes in time."""
    end = time.monotonic() + within_s
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < end, f"after {within_s:.0f} s still not so: {what} (last seen: {seen!r})"
        time.sleep(LOOK_EVERY_S)
