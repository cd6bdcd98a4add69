"""The values that the search index keeps, one shape for each kind of parameter."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, TypeVar


class TokenValue(NamedTuple):
    """A code, identifier or boolean; `system` is None when there is none, not when it is unknown."""

    param: str
    system: str | None
    value: str


class ReferenceValue(NamedTuple):
    """A reference: `text` as written; `type` when known; `id` only of a resource of this server; the logical
    identifier when given."""

    param: str
    text: str
    type: str | None
    id: str | None
    identifier_system: str | None
    identifier_value: str | None


class DateValue(NamedTuple):
    """[start, end) in UTC; an open end of a Period is the store's first or last instant."""

    param: str
    start: datetime
    end: datetime


class StringValue(NamedTuple):
    """A text as it stands and as searches compare it."""

    param: str
    folded: str
    exact: str


class UriValue(NamedTuple):
    """A URI, compared to the letter; `version` is the one that a canonical was written with, where it is left out."""

    param: str
    value: str
    version: str = ""


class QuantityValue(NamedTuple):
    """A number or quantity: `low` and `high` as written (one number, mostly), `least` and `most` as their written
    precision implies; system, code and unit are '' where none was given."""

    param: str
    least: Decimal
    low: Decimal
    high: Decimal
    most: Decimal
    system: str
    code: str
    unit: str


class PairValue(NamedTuple):
    """Two tokens that stand together: the components of a composite, or an identifier's type and its value."""

    param: str
    first_system: str | None
    first: str
    second_system: str | None
    second: str


V = TypeVar("V", TokenValue, ReferenceValue, DateValue, StringValue, UriValue, QuantityValue, PairValue)


@dataclass(slots=True)
class IndexValues:
    """All values of one resource; a value that occurs twice is kept once. The texts of a token (`code:text`) are
    strings under the token's parameter."""

    tokens: list[TokenValue] = field(default_factory=list)
    references: list[ReferenceValue] = field(default_factory=list)
    dates: list[DateValue] = field(default_factory=list)
    strings: list[StringValue] = field(default_factory=list)
    uris: list[UriValue] = field(default_factory=list)
    quantities: list[QuantityValue] = field(default_factory=list)
    pairs: list[PairValue] = field(default_factory=list)

    def each_once(self, params: Collection[str] | None = None) -> IndexValues:
        """The same without repetitions, in the order of the resource; of `params` only, when they are given."""
        return IndexValues(
            _once(self.tokens, params),
            _once(self.references, params),
            _once(self.dates, params),
            _once(self.strings, params),
            _once(self.uris, params),
            _once(self.quantities, params),
            _once(self.pairs, params),
        )


def _once(values: list[V], params: Collection[str] | None) -> list[V]:
    if params is not None:
        values = [value for value in values if value.param in params]
    return list(dict.fromkeys(values)) if len(values) > 1 else values
