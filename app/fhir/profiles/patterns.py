"""fixed[x], pattern[x], and how a message speaks of them. *Source*: R4 elementdefinition.html."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.fhir.json import dump

Test = Callable[[Any], bool]


def fits(value: Any, pattern: Any) -> bool:
    """Whether a value holds all that the pattern holds; of a list, each item by some item of the value's."""
    return fitting(pattern)(value)


def fitting(pattern: Any) -> Test:
    """The same for many values: the pattern is taken apart once."""
    if type(pattern) is dict:
        if _is_one_code(pattern):
            return _coded(**pattern["coding"][0])
        parts = [(name, fitting(part)) for name, part in pattern.items()]
        return lambda value: type(value) is dict and all(name in value and test(value[name]) for name, test in parts)
    if type(pattern) is list:
        tests = [fitting(part) for part in pattern]
        return lambda value: type(value) is list and all(any(map(test, value)) for test in tests)
    kind = type(pattern)
    return lambda value: type(value) is kind and bool(value == pattern)


def _is_one_code(pattern: dict[str, Any]) -> bool:
    """A concept of one coding by system and code, as most patterns are."""
    codings = pattern.get("coding")
    return (
        pattern.keys() == {"coding"}
        and type(codings) is list
        and len(codings) == 1
        and (type(codings[0]) is dict and codings[0].keys() == {"system", "code"})
    )


def _coded(system: str, code: str) -> Test:
    def test(value: Any) -> bool:
        codings = value.get("coding") if type(value) is dict else None
        for each in codings if type(codings) is list else ():
            if type(each) is dict and each.get("code") == code and each.get("system") == system:
                return True
        return False

    return test


def described(pattern: Any) -> str:
    """What a person would call it: a code as system|code, anything else as it is."""
    if type(pattern) is dict:
        codings = pattern.get("coding") or ([pattern] if "code" in pattern else [])
        if codings and all(type(each) is dict and "code" in each for each in codings):
            return " and ".join("|".join(filter(None, (each.get("system"), each["code"]))) for each in codings)
    return dump(pattern).decode()
