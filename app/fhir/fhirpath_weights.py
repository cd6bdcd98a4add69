"""What functions of FHIRPath take that their number does not tell: text and collections that grow, and loops in C.

A function that is not here takes no more than the calls that it makes. Weights are calls: 20 letters that are made are
one (or places of a collection), so that all rules of a write make 10 MB of text at most, and 500 that are read.
Who calls it: `fhirpath.py`, before the function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any

MADE, READ, MOVED = 20, 500, 50
# where an evaluation has its work: among its variables, by a name that no expression can write
WORK = object()
Function = Callable[..., Any]
# the engine's: name or sign -> what it does, and more
Registry = dict[str, Any]


def made(letters: int) -> int:
    """For so many letters that are put together."""
    return letters // MADE


def read(letters: int) -> int:
    """For so many letters that are gone through."""
    return letters // READ


def data(each: Any) -> Any:
    """The value of a node."""
    return getattr(each, "data", each)


def _letters(given: Any) -> int:
    """Of a text, or of all texts of a collection."""
    listed = given if type(given) is list else [given]
    return sum(len(found) for each in listed if isinstance(found := data(each), str))


def _number(given: Any) -> int:
    return len(given) if type(given) is list else 1


def _text(given: Any) -> str:
    found = data(given[0]) if type(given) is list and given else given
    return found if isinstance(found, str) else ""


def _together(*given: Any) -> int:
    return made(sum(map(_letters, given)))


def _copied(given: Any, *_: Any) -> int:
    return made(_letters(given))


def _searched(given: Any, *_: Any) -> int:
    return read(_letters(given))


def _cut(given: Any, start: Any, length: Any = None) -> int:
    rest = max(_letters(given) - start, 0) if type(start) is int else 0
    return made(min(rest, length) if type(length) is int else rest)


def _replaced(given: Any, what: Any, by: Any) -> int:
    text, by = _text(given), _text(by)
    times = text.count(what) if isinstance(what, str) else 0
    return read(len(text)) + made(len(text) + times * len(by))


def _joined(given: Any, between: Any = "") -> int:
    return made(_letters(given) + _number(given) * len(_text(between)))


def _parted(given: Any, between: Any) -> int:
    text = _text(given)
    return made(len(text)) + (text.count(between) if isinstance(between, str) and between else 0)


def _each_letter(given: Any) -> int:
    return _letters(given)


def _multiplied(one: Any, other: Any) -> int:
    """Whole numbers have as many digits as they need."""
    words = [each.bit_length() // 64 if type(each) is int else 0 for each in (one, other)]
    return words[0] * words[1]


def _moved(*given: Any) -> int:
    return sum(map(_number, given)) // MOVED


def _told_apart(*given: Any) -> int:
    """Each is written out to be compared."""
    return _moved(*given) + made(sum(map(_letters, given)))


def _added(one: Any, other: Any) -> int:
    return (_number(one) + _number(other)) // MADE


def _compared(one: Any, other: Any) -> int:
    """Each of the one with each of the other."""
    return _number(one) * _number(other) // MOVED


# name or sign -> what it weighs, by what it is given
WEIGHTS: Mapping[str, Callable[..., int]] = MappingProxyType(
    {
        **dict.fromkeys(("&", "+"), _together),
        **dict.fromkeys(("upper", "lower", "trim", "toString", "encode", "decode"), _copied),
        **dict.fromkeys(("indexOf", "contains", "startsWith", "endsWith"), _searched),
        **dict.fromkeys(("tail", "skip", "take", "sum", "min", "max"), _moved),
        **dict.fromkeys(("allTrue", "anyTrue", "allFalse", "anyFalse"), _moved),
        **dict.fromkeys(("exclude", "intersect", "subsetOf", "supersetOf"), _compared),
        **dict.fromkeys(("|", "union", "distinct", "isDistinct", "~", "!~"), _told_apart),
        **dict.fromkeys(("containsOp", "inOp"), _moved),
        "combine": _added,
        "substring": _cut,
        "replace": _replaced,
        "join": _joined,
        "split": _parted,
        "toChars": _each_letter,
        "*": _multiplied,
    }
)


def weigh(functions: Registry) -> None:
    """From now on these functions, in this process, spend what they weigh wherever an evaluation has its work."""
    for name, weight in WEIGHTS.items():
        functions[name]["fn"] = _weighed(functions[name]["fn"], weight)
    functions["repeat"]["fn"] = _weighed_repeat(functions["repeat"]["fn"])


def _weighed(call: Function, weight: Callable[..., int]) -> Function:
    if hasattr(call, "__wrapped__"):
        return call

    @wraps(call)
    def weighed(ctx: Any, *given: Any) -> Any:
        work = ctx["vars"].get(WORK)
        if work is not None:
            work.spend(weight(*given))
        return call(ctx, *given)

    return weighed


def _weighed_repeat(call: Function) -> Function:
    """It copies all that it has found for each that it finds."""
    if hasattr(call, "__wrapped__"):
        return call

    @wraps(call)
    def weighed(ctx: Any, given: Any, expression: Callable[[Any], Any]) -> Any:
        work, there = ctx["vars"].get(WORK), 0

        def counted(item: Any) -> Any:
            nonlocal there
            found = expression(item)
            there += len(found)
            if work is not None:
                work.spend(there // MOVED)
            return found

        return call(ctx, given, counted)

    return weighed
