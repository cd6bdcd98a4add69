"""The values that the search index keeps, one shape for each kind of parameter."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


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
    """A URI, compared to the letter."""

    param: str
    value: str


@dataclass(slots=True)
class IndexValues:
    """All values of one resource; a value that occurs twice is kept once."""

    tokens: list[TokenValue] = field(default_factory=list)
    references: list[ReferenceValue] = field(default_factory=list)
    dates: list[DateValue] = field(default_factory=list)
    strings: list[StringValue] = field(default_factory=list)
    uris: list[UriValue] = field(default_factory=list)
