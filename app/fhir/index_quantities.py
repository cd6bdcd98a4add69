"""How quantities and numbers are read for the index: the bounds as written, and the range that they imply.

*Source*: R4 search.html#number, #quantity, datatypes.html#Quantity (comparator), #Range, #Money.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from app.fhir.index_numbers import ENDLESS, Written, written_in
from app.fhir.index_rows import IndexValues, QuantityValue

CURRENCIES = "urn:iso:std:iso:4217"
_DECIMALS = frozenset(("decimal",))

Read = Callable[[Any, IndexValues, str], None]
Bounds = tuple[Decimal, Decimal, Decimal, Decimal]


def number(param: str, leaf_kind: str) -> Read:
    """A whole number is itself; a decimal is as wide as it was written."""

    def read(value: Any, found: IndexValues, base: str) -> None:
        at = written_in(value)
        if at is not None:
            exactly = leaf_kind not in _DECIMALS
            bounds = (at.value,) * 4 if exactly else _around(at)
            found.quantities.append(QuantityValue(param, *bounds, "", "", ""))

    return read


def quantity(param: str, leaf_kind: str) -> Read:
    """Any of the quantity types, Money and Range."""
    bounds = _BOUNDS.get(leaf_kind, _quantity_bounds)

    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is dict:
            at = bounds(value)
            if at is not None:
                found.quantities.append(QuantityValue(param, *at, *_unit(value, leaf_kind)))

    return read


def _around(at: Written) -> Bounds:
    least, most = at.around()
    return least, at.value, at.value, most


def _quantity_bounds(value: Mapping[str, Any]) -> Bounds | None:
    """`<5` is everything up to 5; equal to a number it never is."""
    at = written_in(value.get("value"))
    if at is None:
        return None
    comparator = value.get("comparator")
    if comparator in ("<", "<="):
        return -ENDLESS, -ENDLESS, at.value, at.value
    if comparator in (">", ">="):
        return at.value, at.value, ENDLESS, ENDLESS
    return _around(at)


def _range_bounds(value: Mapping[str, Any]) -> Bounds | None:
    low, high = (written_in(end.get("value")) if type(end) is dict else None for end in _ends(value))
    if low is None and high is None:
        return None
    least = (low.around()[0], low.value) if low else (-ENDLESS, -ENDLESS)
    most = (high.value, high.around()[1]) if high else (ENDLESS, ENDLESS)
    return *least, *most


def _ends(value: Mapping[str, Any]) -> tuple[Any, Any]:
    return value.get("low"), value.get("high")


def _unit(value: Mapping[str, Any], leaf_kind: str) -> tuple[str, str, str]:
    """System, code and the unit in words."""
    if leaf_kind == "Money":
        return CURRENCIES, _text(value, "currency"), _text(value, "currency")
    if leaf_kind == "Range":
        value = next((end for end in _ends(value) if type(end) is dict), {})
    return _text(value, "system"), _text(value, "code"), _text(value, "unit")


def _text(node: Mapping[str, Any], name: str) -> str:
    value = node.get(name)
    return value if type(value) is str else ""


_BOUNDS: Mapping[str, Callable[[Mapping[str, Any]], Bounds | None]] = {"Range": _range_bounds}
