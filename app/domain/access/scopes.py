"""SMART scopes, versions 1 and 2: what a client registered for, asked for and was granted.

Registration reads strictly (`Scopes.parse`), a token request leniently (`Scopes.understood`): what is not understood
is left out, never widened. Granular scopes (`?category=...`) are refused until searches can hold them.

*Source*: SMART App Launch 2.2, Scopes and Launch Context; security sheet AS-08, SCO-01, SCO-02, SCO-07.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from app.fhir.errors import Invalid, NotSupported

LETTERS = "cruds"
MAX_SCOPES = 200

# Version 1 words and the letters that they mean.
V1_WORDS = {"read": "rs", "write": "cud", "*": "cruds"}

# The letter that a scope must hold for an interaction. Write does not imply read.
LETTER_OF_INTERACTION = {
    "create": "c",
    "read": "r",
    "vread": "r",
    "history-instance": "r",
    "update": "u",
    "patch": "u",
    "delete": "d",
    "search-type": "s",
    "history-type": "s",
    "history-system": "s",
}

_SCOPE = re.compile(r"(patient|user|system)/(\*|[A-Z][A-Za-z]{1,63})\.(read|write|\*|c?r?u?d?s?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scope:
    """One resource scope: `type` is a FHIR type or `*`, `letters` a part of "cruds" in that order; `v1` as asked."""

    context: str
    type: str
    letters: str
    v1: bool = False

    def __str__(self) -> str:
        word = next((word for word, letters in V1_WORDS.items() if letters == self.letters), None) if self.v1 else None
        return f"{self.context}/{self.type}.{word or self.letters}"

    def covers(self, context: str, type_name: str) -> bool:
        return self.context == context and self.type in ("*", type_name)


@dataclass(frozen=True, slots=True)
class Scopes:
    """A set of scopes in the order written, each once."""

    items: tuple[Scope, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Scopes":
        """Scopes of a registration. Raises Invalid or NotSupported for the first word that is not understood."""
        words = text.split()
        if not words:
            raise Invalid("scope-empty", "Name at least one scope, for example system/Task.cruds.")
        if len(words) > MAX_SCOPES:
            raise Invalid("scope-count", f"At most {MAX_SCOPES} scopes can be registered.")
        return cls(_unique(_parse_strictly(word, number) for number, word in enumerate(words, 1)))

    @classmethod
    def understood(cls, text: str) -> "Scopes":
        """Scopes of a token request: words that are not understood are left out."""
        return cls(_unique(scope for word in text.split()[:MAX_SCOPES] if (scope := _read(word)) is not None))

    def allows(self, context: str, type_name: str, letter: str) -> bool:
        """True when some scope holds this letter ("c", "r", "u", "d" or "s") for this type in this context."""
        return any(letter in scope.letters and scope.covers(context, type_name) for scope in self.items)

    def granted(self, requested: "Scopes", types: Collection[str]) -> "Scopes":
        """What of `requested` these registered scopes allow, for types that are served; empty when nothing is left."""
        return Scopes(_unique(part for scope in requested.items for part in self._grant(scope, types)))

    def within(self, contexts: Collection[str], types: Collection[str]) -> bool:
        """True when every scope is of one of these contexts and of a served type (or `*`)."""
        return all(scope.context in contexts and (scope.type == "*" or scope.type in types) for scope in self.items)

    def __str__(self) -> str:
        return " ".join(str(scope) for scope in self.items)

    def __bool__(self) -> bool:
        return bool(self.items)

    def _grant(self, asked: Scope, types: Collection[str]) -> Iterator[Scope]:
        """The asked scope cut to what is registered; an asked `*` falls apart into the types registered one by one."""
        if asked.type != "*" and asked.type not in types:
            return
        everywhere = _common(asked.letters, self._letters(asked.context, asked.type))
        if everywhere:
            yield Scope(asked.context, asked.type, everywhere, asked.v1)
        if asked.type == "*":
            for name in dict.fromkeys(scope.type for scope in self.items if scope.context == asked.context):
                letters = _common(asked.letters, self._letters(asked.context, name))
                if name != "*" and name in types and letters != everywhere:
                    yield Scope(asked.context, name, letters, asked.v1)

    def _letters(self, context: str, type_name: str) -> str:
        return "".join(letter for letter in LETTERS if self.allows(context, type_name, letter))


def scopes_offered(interactions: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The scopes that can be granted, for discovery: `system/*.…`, then one per served type with the letters it offers.

    `interactions` maps a type to its interaction codes ("read", "search-type", ...).
    """
    letters = {name: _letters_of(codes) for name, codes in interactions.items()}
    everything = "".join(letter for letter in LETTERS if any(letter in some for some in letters.values()))
    wildcards = tuple(dict.fromkeys(part for part in (_common("rs", everything), everything) if part))
    return tuple(f"system/*.{part}" for part in wildcards) + tuple(
        f"system/{name}.{some}" for name, some in sorted(letters.items()) if some
    )


def _letters_of(codes: Collection[str]) -> str:
    held = {LETTER_OF_INTERACTION.get(code) for code in codes}
    return "".join(letter for letter in LETTERS if letter in held)


def _common(letters: str, others: str) -> str:
    return "".join(letter for letter in LETTERS if letter in letters and letter in others)


def _read(word: str) -> Scope | None:
    found = _SCOPE.fullmatch(word)
    if found is None or not found[3]:
        return None
    return Scope(found[1], found[2], V1_WORDS.get(found[3], found[3]), found[3] in V1_WORDS)


def _parse_strictly(word: str, number: int) -> Scope:
    scope = _read(word)
    if scope is not None:
        return scope
    if _read(word.partition("?")[0]) is not None:
        raise NotSupported(
            "scope-granular",
            f"Scope {number} has a condition, which is not offered yet; name the whole type.",
        )
    raise Invalid(
        "scope-syntax",
        f"Scope {number} is not understood; write it as system/Task.cruds, letters in this order.",
    )


def _unique(scopes: Iterator[Scope]) -> tuple[Scope, ...]:
    return tuple(dict.fromkeys(scopes))
