"""What R4 allows and no referral can mean: asked for tomorrow, less than nothing of something, measured in NaN.

An element that stands there already is left alone: somebody who answers need not mend what the sender wrote.
*Source*: security sheet B70, B74.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from app.fhir.dates import interval
from app.fhir.errors import Issue
from app.fhir.json import Number

Tree = dict[str, Any]

# Clocks of good systems differ by so much; a bare date may have begun in the easternmost time zone.
CLOCKS_DIFFER = timedelta(minutes=5)
EASTERNMOST = timedelta(hours=14)
MAX_INPUTS = 1_000

ASKED_AT: Mapping[str, str] = MappingProxyType({"Task": "authoredOn", "ServiceRequest": "authoredOn"})
# Where quantities stand, and whether they count something, so that there cannot be less than none of it. An
# Observation's may be negative: a temperature, a difference.
QUANTITIES: tuple[tuple[str, str, bool], ...] = (
    ("ServiceRequest", "quantityQuantity", True),
    ("ServiceRequest", "quantityRange.low", True),
    ("ServiceRequest", "quantityRange.high", True),
    ("ServiceRequest", "quantityRatio.numerator", True),
    ("ServiceRequest", "quantityRatio.denominator", True),
    ("Task", "input.valueQuantity", True),
    ("Task", "output.valueQuantity", False),
    ("Observation", "valueQuantity", False),
    ("Observation", "component.valueQuantity", False),
)
NO_UNITS = frozenset({"nan", "inf", "infinity", "-inf", "-infinity"})


def too_many(type_name: str, tree: Tree) -> str:
    """The element of a Task that holds more than a page can show; '' when none does."""
    names = ("input", "output") if type_name == "Task" else ()
    parts = {name: tree.get(name) for name in names}
    return next(
        (f"Task.{name}" for name, given in parts.items() if type(given) is list and len(given) > MAX_INPUTS), ""
    )


def problems(type_name: str, before: Tree, tree: Tree, now: datetime) -> list[Issue]:
    """Everything that cannot be meant; [] for what can."""
    new = {name: value for name, value in tree.items() if before.get(name) != value}
    return [*_asked_in_the_future(type_name, new, now), *_impossible_amounts(type_name, new)]


def _asked_in_the_future(type_name: str, new: Tree, now: datetime) -> Iterator[Issue]:
    name = ASKED_AT.get(type_name, "")
    text = new.get(name)
    if text is not None and interval(text)[0] > now + (CLOCKS_DIFFER if "T" in text else EASTERNMOST):
        yield _issue("asked-in-future", "this says when it was asked for, which has been", f"{type_name}.{name}")


def _impossible_amounts(type_name: str, new: Tree) -> Iterator[Issue]:
    for kind, path, counts in QUANTITIES:
        if kind == type_name and path.partition(".")[0] in new:
            for at, quantity in _at(new, path.split("."), type_name):
                if counts and _is_negative(quantity.get("value", 0)):
                    yield _issue("quantity-negative", "there cannot be less than none of this", f"{at}.value")
                if any(str(quantity.get(name, "")).lower() in NO_UNITS for name in ("unit", "code")):
                    yield _issue("quantity-unit", "this is not the name of a unit", f"{at}.unit")


def _at(node: Tree, names: list[str], at: str) -> Iterator[tuple[str, Tree]]:
    """(place, object) of everything that a path leads to."""
    name, *below = names
    found, place = node.get(name), f"{at}.{name}"
    listed = enumerate(found) if isinstance(found, list) else ()
    for each, there in [(found, place)] if isinstance(found, dict) else [(item, f"{place}[{i}]") for i, item in listed]:
        if below:
            yield from _at(each, below, there)
        else:
            yield there, each


def _is_negative(value: int | Number) -> bool:
    """-0 is none."""
    text = str(value) if isinstance(value, int) else value.text
    return text.startswith("-") and any(digit in text.lower().partition("e")[0] for digit in "123456789")


def _issue(rule: str, message: str, at: str) -> Issue:
    return Issue("business-rule", rule, message, at)
