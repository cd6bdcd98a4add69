"""How the checkers of `structure.py` collect problems: a list that grows, bounded, with places put together on the
way up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.fhir.primitives import Flaw

MAX_PROBLEMS = 100  # an answer must stay readable, and a hostile body must not fill the memory


class Problem:
    """A flaw and its place so far. `pointer` marks a `#id` that is a flaw only when nothing contained has that id."""

    __slots__ = ("at", "flaw", "pointer")

    def __init__(self, flaw: Flaw, at: str, pointer: Pointer | None = None) -> None:
        self.flaw = flaw
        self.at = at
        self.pointer = pointer


class Pointer:
    """`#id` as written, and the types that the element allows (none: any)."""

    __slots__ = ("targets", "text")

    def __init__(self, text: str, targets: frozenset[str]) -> None:
        self.text = text
        self.targets = targets


Problems = list[Problem]
Finder = Callable[[Any, Problems], None]
Member = Callable[[dict[str, Any], Any, Problems], None]


def report(found: Problems, flaw: Flaw, at: str = "", pointer: Pointer | None = None) -> None:
    """Adds a problem, unless there are enough."""
    if len(found) < MAX_PROBLEMS:
        found.append(Problem(flaw, at, pointer))


def below(found: Problems, start: int, name: str) -> None:
    """Puts `name` in front of the places of all problems from `start` on."""
    for problem in found[start:]:
        problem.at = f"{name}.{problem.at}" if problem.at else name
