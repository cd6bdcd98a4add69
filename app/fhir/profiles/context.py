"""What the checks of a profile know beside the value that they look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from app.fhir.fhirpath import Work
from app.fhir.json import JsonObject
from app.fhir.problems import Problems
from app.fhir.profiles.mandatory import contained
from app.fhir.profiles.values import Item

MAX_DEPTH = 6  # of profiles whose references lead to resources with profiles


# (profile, value, depth) -> the value, which must not be forgotten while its id is used, and whether it fits
Memo = dict[tuple[str, int, int], tuple[Any, bool | None]]


class Knowledge(Protocol):
    """What cannot be told from the resource and the tables. None: not known. `judged`: what was found out already with
    this knowledge; resources that refer to each other are judged once each. `work`: how much rules may take that were
    installed, `work_shipped`: those that are shipped."""

    @property
    def judged(self) -> Memo: ...

    @property
    def work(self) -> Work: ...

    @property
    def work_shipped(self) -> Work: ...

    @property
    def unread(self) -> int:
        """How often something was asked for that is stored and was not read, since it would be too much."""
        ...

    def resolve(self, reference: str) -> JsonObject | None:
        """The resource behind a reference."""
        ...

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        """Whether a value set holds a code."""
        ...

    def described(self, value_set: str) -> str:
        """The codes of a value set in words, for a message."""
        ...


class Library(Protocol):
    """Other profiles, for what has to fit one of them."""

    def fits(self, profile: str, tree: Any, context: Context) -> bool | None:
        """Whether a resource fits a profile, or a value that of a data type; None: nobody can tell."""
        ...

    def types_of(self, profiles: Iterable[str]) -> set[str]:
        """The types of resources that they are about; of one that is not known, any: `Resource`."""
        ...

    def find(self, profile: str, tree: Any, found: Problems, context: Context) -> None:
        """Reports what is wrong with it by a profile; nothing when the profile is not known."""
        ...


class Inside:
    """What a resource contains. Looked through once, when first asked for: most resources never are."""

    __slots__ = ("_by_id", "_known", "root")

    def __init__(self, root: JsonObject) -> None:
        self.root = root
        self._by_id: dict[str, JsonObject] | None = None

    def named(self, fhir_id: str) -> JsonObject | None:
        """By its id; of two with one id, the first."""
        return self._found().get(fhir_id)

    def holds(self, tree: JsonObject) -> bool:
        """Whether it is this very object, not one that is equal to it."""
        self._found()
        return id(tree) in self._known

    def _found(self) -> dict[str, JsonObject]:
        if self._by_id is None:
            listed = contained(self.root)
            self._known = frozenset(map(id, listed))
            self._by_id = {each["id"]: each for each in reversed(listed) if type(each.get("id")) is str}
        return self._by_id


class Context(NamedTuple):
    """`resource`: the one that is looked at, `inside.root` the one that contains it. `follows`: what a reference leads
    to must fit what is demanded of it, too; else only its type counts."""

    inside: Inside
    resource: JsonObject
    knowledge: Knowledge
    library: Library
    follows: bool = False
    depth: int = 0


Finder = Callable[[Any, Problems, Context], None]
ItemCheck = Callable[[Item, Problems, Context], None]


def followed(reference: Any, context: Context) -> JsonObject | None:
    """The resource that a reference leads to: contained, in the same Bundle, stored; None when it cannot be had."""
    text = reference.get("reference") if type(reference) is dict else None
    if type(text) is not str:
        return None
    if not text.startswith("#"):
        return context.knowledge.resolve(text)
    return context.inside.named(text[1:]) if len(text) > 1 else context.inside.root
