"""Is an error at the right place? *Source*: R4 operationoutcome.html#expression."""

from __future__ import annotations

import re

from tests.mutations.generate import Case

_INDEX = re.compile(r"\[\d+\]$")
# what the official validator adds: the type of a choice, and which resource a contained one is
_ADDED = re.compile(r"\.ofType\(\w+\)|/\*.*?\*/|\[x\]")
# below these a reference or a concept is told apart further than its own element
_PARTS = {
    "target": (".reference", ".type"),
    "target-unfit": (".reference", ".type"),
    "code": (".coding", ".coding[0]", ".coding[0].code", ".coding[0].system"),
    "pattern": (".coding", ".coding[0]", ".coding[0].code", ".coding[0].system"),
}


def is_right(place: str, case: Case) -> bool:
    """The element whose rule is broken, with its index or without; its parent, when it should be there and is not; the
    part of it that is wrong, of a reference or a concept. Of an invariant: the element that it belongs to, or what the
    rule speaks of below it."""
    at = case.at
    right = {at, _INDEX.sub("", at), *(f"{at}{part}" for part in _PARTS.get(case.kind, ()))}
    if case.missing:
        right.add(at.rpartition(".")[0])
    if place in right or _INDEX.sub("", place) == at:
        return True
    return bool(case.rule) and place.startswith((f"{at}.", f"{at}["))


def is_near(place: str, case: Case) -> bool:
    """The same of a place that the official validator tells: of what is too much, or unknown, it names the parent."""
    told = _ADDED.sub("", place)
    return is_right(told, case) or told == case.at.rpartition(".")[0]
