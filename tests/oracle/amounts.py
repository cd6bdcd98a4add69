"""Numbers and quantities as R4's search compares them.

*Source*: R4 search.html#number, #quantity, #prefix.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from tests.oracle.extraction import Node

INFINITE = Decimal("Infinity")


class Amount(NamedTuple):
    """What an element may mean, from `low` to `high` (both included); its unit's system and code, and its name."""

    low: Decimal
    high: Decimal
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
    ends = (-INFINITE if low is None else Decimal(str(low)), INFINITE if high is None else Decimal(str(high)))
    if "currency" in unit:
        return Amount(*ends, "urn:iso:std:iso:4217", unit["currency"], unit["currency"])
    return Amount(*ends, unit.get("system"), unit.get("code"), unit.get("unit"))


def compares(prefix: str, text: str, amount: Amount) -> bool:
    """Whether the amount answers a number with its prefix."""
    return COMPARISONS[prefix](text, amount)


def _equal(text: str, amount: Amount) -> bool:
    """A number is as precise as it is written: 100 is [99.5, 100.5), 1e2 is [95, 105)."""
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    half = Decimal(5).scaleb(exponent - 1)
    return number - half <= amount.low and amount.high < number + half


def _about(text: str, amount: Amount) -> bool:
    """Within a tenth of the number."""
    number = Decimal(text)
    tenth = abs(number) / 10
    return amount.low <= number + tenth and amount.high >= number - tenth


# For all but eq and ne a number is exact, however it is written.
COMPARISONS: Mapping[str, Callable[[str, Amount], bool]] = {
    "eq": _equal,
    "ne": lambda text, amount: not _equal(text, amount),
    "gt": lambda text, amount: amount.high > Decimal(text),
    "lt": lambda text, amount: amount.low < Decimal(text),
    "ge": lambda text, amount: amount.high >= Decimal(text),
    "le": lambda text, amount: amount.low <= Decimal(text),
    "sa": lambda text, amount: amount.low > Decimal(text),
    "eb": lambda text, amount: amount.high < Decimal(text),
    "ap": _about,
}
