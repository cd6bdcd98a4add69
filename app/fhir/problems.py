"""How the checkers of `structure.py` and of profiles collect problems: a list that grows, bounded, with places put
together on the way up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.fhir.errors import Issue
from app.fhir.primitives import Flaw

MORE = "more-problems"
MAX_PROBLEMS = 100  # an answer must stay readable, and a hostile body must not fill the memory
MAX_FOUND = 10_000  # where each is looked at, to tell what may be passed over from what may not


class Problem:
    """A flaw and its place so far. `pointer` marks a `#id` that is a flaw only when nothing contained has that id."""

    __slots__ = ("at", "flaw", "pointer")

    def __init__(self, flaw: Flaw, at: str, pointer: Pointer | None = None) -> None:
        self.flaw = flaw
        self.at = at
        self.pointer = pointer


class Pointer:
    """`#id` as written, the types that the element allows (none: any), and the type of R4 that the reference names."""

    __slots__ = ("named", "targets", "text")

    def __init__(self, text: str, targets: frozenset[str], named: str = "") -> None:
        self.text = text
        self.targets = targets
        self.named = named


class Problems(list[Problem]):
    """At most so many errors, and as many of all else, so that advice crowds no error out. A pointer takes no room
    until it is known to be a flaw. `reported`: how many there were, those for which there was no room among them."""

    def __init__(self, most: int = MAX_PROBLEMS) -> None:
        super().__init__()
        self.reported = 0
        self.left_out: str = ""  # the worst severity of what had no room
        self._room = {True: most, False: most}

    def take(self, flaw: Flaw) -> bool:
        """Whether there is room for it."""
        self.reported += 1
        is_error = flaw.severity == "error"
        if not self._room[is_error]:
            self.left_out = "error" if is_error else self.left_out or "information"
            return False
        self._room[is_error] -= 1
        return True


Finder = Callable[[Any, Problems], None]
Member = Callable[[dict[str, Any], Any, Problems], None]


def report(found: Problems, flaw: Flaw, at: str = "", pointer: Pointer | None = None) -> None:
    """Adds a problem, unless there are enough."""
    if pointer is not None or found.take(flaw):
        found.append(Problem(flaw, at, pointer))


def below(found: Problems, start: int, name: str) -> None:
    """Puts `name` in front of the places of all problems from `start` on."""
    for problem in found[start:]:
        problem.at = f"{name}.{problem.at}" if problem.at else name


def issues_of(found: Problems, type_name: str) -> list[Issue]:
    """What was found in a resource, each thing once; and that there is more, where not all of it had room."""
    if not found:
        return []
    below(found, 0, type_name)
    issues = [Issue(each.flaw.code, each.flaw.rule, each.flaw.message, each.at, each.flaw.severity) for each in found]
    return [*dict.fromkeys(issues), *([more(type_name, found.left_out)] if found.left_out else [])]


def more(at: str, severity: str) -> Issue:
    """That not all is told. It is an error where errors are among what is left out."""
    return Issue("informational", MORE, "There is more than is told here; mend this first.", at, severity)
