"""Regular expressions of others: which of them end in good time on which text.

Python's engine tries one way after the other, so that `(a+)+$` takes 2^n steps. What it may cost is told by its parts:
each choice doubles the ways, each loop (and where it may begin) multiplies them by the length of the text. A loop over
what has choices or loops itself is not taken at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from re import _constants as words  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MAX_PATTERN = 1_000
MAX_STEPS = 5_000_000
# a loop that ends after so many rounds is as many choices
FEW = 8
_LOOPS = (words.MAX_REPEAT, words.MIN_REPEAT, words.POSSESSIVE_REPEAT)
_PLAIN = (words.LITERAL, words.NOT_LITERAL, words.IN, words.ANY, words.AT, words.CATEGORY)


class TooCostly(ValueError):
    """It may take too long, or cannot be read."""


def search(pattern: str, text: str) -> re.Match[str] | None:
    """Raises TooCostly."""
    return _ready(pattern, len(text)).search(text)


def full_match(pattern: str, text: str) -> re.Match[str] | None:
    """Raises TooCostly."""
    return _ready(pattern, len(text)).fullmatch(text)


def replaced(pattern: str, by: str, text: str) -> str:
    """With $1 for its first group. Raises TooCostly."""
    return _ready(pattern, len(text)).sub(re.sub(r"\$(\d+)", r"\\\1", by), text)


def judge(pattern: str) -> None:
    """Raises TooCostly for what is too much for any text."""
    _ready(pattern, 1)


def _ready(pattern: str, length: int) -> re.Pattern[str]:
    compiled, choices, loops = _read(pattern)
    if 2**choices * (length + 1) ** (loops + 1) > MAX_STEPS:
        raise TooCostly
    return compiled


@lru_cache(maxsize=256)
def _read(pattern: str) -> tuple[re.Pattern[str], int, int]:
    """(compiled, choices, loops)"""
    if len(pattern) > MAX_PATTERN:
        raise TooCostly
    try:
        choices, loops = _cost(parser.parse(pattern, re.DOTALL))
        return re.compile(pattern, re.DOTALL), choices, loops
    except (re.error, OverflowError, RecursionError) as problem:
        raise TooCostly from problem


def _cost(parts: Iterable[tuple[Any, Any]]) -> tuple[int, int]:
    costs = [_part(word, given) for word, given in parts]
    return sum(choices for choices, _ in costs), sum(loops for _, loops in costs)


def _part(word: Any, given: Any) -> tuple[int, int]:
    if word in _PLAIN:
        return 0, 0
    if word in _LOOPS:
        return _loop(*given)
    if word is words.BRANCH:
        costs = [_cost(each) for each in given[1]]
        return sum(choices for choices, _ in costs) + len(costs).bit_length(), sum(loops for _, loops in costs)
    if word in (words.SUBPATTERN, words.ATOMIC_GROUP):
        return _cost(given[-1] if word is words.SUBPATTERN else given)
    if word in (words.ASSERT, words.ASSERT_NOT):
        return _cost(given[1])
    raise TooCostly  # references back to a group, and what is not known here


def _loop(least: int, most: int, body: Any) -> tuple[int, int]:
    choices, loops = _cost(body)
    if most <= FEW:
        return choices * most + most - least, loops * most
    if choices or loops:
        raise TooCostly
    return (0, 0) if most == least else (0, 1)
