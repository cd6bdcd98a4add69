"""How many there are, counted so far and no further; where it stops there, the answer says so. *Source*: ADR 0018."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from app.fhir.errors import Issue
from app.fhir.search_results import COUNTED_TO

Count = Callable[[int], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Total:
    """How many match; `more` when the counting stopped there."""

    count: int
    more: bool


async def total_of(kind: str, count: Count) -> Total:
    """`kind` is `estimate` or `accurate`; `count` counts to so many and, when there are more, to one more."""
    most = COUNTED_TO[kind]
    counted = await count(most)
    return Total(min(counted, most), counted > most)


def told(total: Total | None) -> Iterator[Issue]:
    """What has to be said about a total."""
    if total is not None and total.more:
        so_far = f"there are more than {total.count} matches; a total is counted so far and no further"
        yield Issue("incomplete", "search-total-cap", so_far, severity="warning")
