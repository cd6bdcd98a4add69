"""Numbers and quantities as R4's search compares them.

*Source*: R4 search.html#number, #quantity, #prefix.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from tests.oracle.extraction import Node

INFINITE = Decimal("Infinity")
MONEY = "urn:iso:std:iso:4217"


class Amount(NamedTuple):
    """From `low` to `high`, as written; from `least` to `most`, as far as the last digit written leaves it open; the
    unit's system and code, and its name."""

    least: Decimal
    low: Decimal
    high: Decimal
    most: Decimal
    system: str | None = None
    code: str | None = None
    unit: str | None = None


def amounts(node: Node) -> list[Amount]:
    """The one amount of a number, a Quantity, a Money or a Range; none when it says no number."""
    value = node.value
    if not isinstance(value, dict):
        return [_between(value, value, {})]
    if node.type == "Range":
        low, high = value.get("low", {}), value.get("high", {})
        return [_between(low.get("value"), high.get("value"), low or high)] if low or high else []
    if "value" not in value:
        return []
    comparator = value.get("comparator", "")
    low = None if "<" in comparator else value["value"]
    high = None if ">" in comparator else value["value"]
    return [_between(low, high, value)]


def _between(low: Any, high: Any, unit: dict[str, Any]) -> Amount:
    start = Decimal("-Infinity") if low is None else Decimal(str(low))
    end = INFINITE if high is None else Decimal(str(high))
    # `<5` is everything below: of its number only the comparator's side is open, and that to no digit
    open_ended = low is None or high is None
    bounds = (start, start, end, end) if open_ended else (start - half(start), start, end, end + half(end))
    if "currency" in unit:
        return Amount(*bounds, MONEY, unit["currency"], unit["currency"])
    return Amount(*bounds, unit.get("system"), unit.get("code"), unit.get("unit"))


def half(number: Decimal) -> Decimal:
    """Half of the last digit that is written: 0.05 of 5.4, 0.5 of 100, 50 of 1e2."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(5).scaleb(exponent - 1)


def compares(prefix: str, text: str, amount: Amount) -> bool:
    """Whether the amount answers a number with its prefix."""
    return COMPARISONS[prefix](Decimal(text), amount)


def _equal(number: Decimal, amount: Amount) -> bool:
    return number - half(number) <= amount.least and amount.most <= number + half(number)


def _about(number: Decimal, amount: Amount) -> bool:
    """Within a tenth of the number."""
    share = max(abs(number) / 10, half(number))
    return amount.least <= number + share and amount.most >= number - share


# For all but eq, ne and ap a number is exact, however it is written.
COMPARISONS: Mapping[str, Callable[[Decimal, Amount], bool]] = {
    "eq": _equal,
    "ne": lambda number, amount: not _equal(number, amount),
    "gt": lambda number, amount: amount.high > number,
    "lt": lambda number, amount: amount.low < number,
    "ge": lambda number, amount: amount.high >= number,
    "le": lambda number, amount: amount.low <= number,
    "sa": lambda number, amount: amount.low > number,
    "eb": lambda number, amount: amount.high < number,
    "ap": _about,
}
