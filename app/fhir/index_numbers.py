"""Numbers as searches compare them: what is written, and the range that its written precision implies.

`2.0` is all from 1.95 to 2.05; `100` has three significant digits, `1e2` has one.

*Source*: R4 search.html#prefix, #number, #quantity.
"""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation, Overflow
from typing import NamedTuple

from app.fhir.json import Number

# beyond these a number is as good as endless, or as nothing: an index entry has to end
MAX_DIGITS = 60
_CONTEXT = Context(prec=MAX_DIGITS, traps=[])
_EXACTLY = Context(prec=4 * MAX_DIGITS, traps=[])
ENDLESS = Decimal("Infinity")


class Written(NamedTuple):
    """A number and half of the last digit that was written."""

    value: Decimal
    half: Decimal

    def around(self, by: Decimal | None = None) -> tuple[Decimal, Decimal]:
        """From so much below to so much above; without `by`, what the written precision implies."""
        if self.value.is_infinite():
            return self.value, self.value
        by = self.half if by is None else by
        return _EXACTLY.subtract(self.value, by), _EXACTLY.add(self.value, by)

    def share(self, of: int) -> Decimal:
        """One of so many equal parts of the number, or half of its last digit when that is more."""
        return max(self.half, _EXACTLY.divide(abs(self.value), Decimal(of)))


def written(text: str) -> Written | None:
    """The number of a JSON text; None when it is none."""
    try:
        value = Decimal(text)
    except (InvalidOperation, Overflow):
        return None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        return None
    return Written(_kept(value), _kept(Decimal((0, (5,), exponent - 1))))


def written_in(value: object) -> Written | None:
    """The number that a resource holds; None for what is none."""
    if type(value) is Number:
        return written(value.text)
    return written(str(value)) if type(value) is int else None


def _kept(value: Decimal) -> Decimal:
    if value.is_zero() or value.adjusted() < -MAX_DIGITS:
        return Decimal(0)
    return _CONTEXT.plus(value) if value.adjusted() <= MAX_DIGITS else ENDLESS.copy_sign(value)
