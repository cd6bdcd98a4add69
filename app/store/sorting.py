"""The order of a search's results, and where a page goes on: by values and key, so that what others write meanwhile
moves nothing that stays as it is.

A resource with several values is sorted by the one that comes first in that order, one without any comes last;
resources with equal values stand newest first. *Source*: R4 search.html#sort; ADR 0018.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from app.fhir.index_numbers import MAX_DIGITS
from app.fhir.search import Sort
from app.store.arguments import Arguments
from app.store.conditions import TABLES
from app.store.index_text import MAX_BYTES

# what a kind is sorted by, and its type; the C collation is that of the letters' numbers, the same on every machine
COLUMNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "date": ("i.starts", "timestamptz"),
        "string": ('i.folded COLLATE "C"', "text"),
        "token": ("nullif(i.value, '') COLLATE \"C\"", "text"),
        "uri": ('i.value COLLATE "C"', "text"),
        "number": ("i.low", "numeric"),
        "quantity": ("i.low", "numeric"),
        "_lastUpdated": ("", "timestamptz"),
        "_id": ("", "text"),
    }
)
# how long its text can be, in bytes: a moment, an id, a number of as many digits as are kept, what index rows hold
LONGEST: Mapping[str, int] = MappingProxyType(
    {
        "date": 35,
        "_lastUpdated": 35,
        "_id": 64,
        "number": 2 * MAX_DIGITS + 10,
        "quantity": 2 * MAX_DIGITS + 10,
        "string": MAX_BYTES,
        "token": MAX_BYTES,
        "uri": MAX_BYTES,
    }
)
# every resource has these: an index in this order serves, which one that puts the empty ones last does not
ALWAYS_THERE = frozenset(("_lastUpdated", "_id"))
Numbers = Mapping[str, Mapping[str, int]]
Values = Sequence[str | None]


def expressions(keys: Sequence[Sort], key: str, stamp: str, numbers: Numbers, args: Arguments) -> list[str]:
    """What a resource is sorted by, one expression for each key."""
    return [_expression(sort, key, stamp, numbers, args) for sort in keys]


def _expression(sort: Sort, key: str, stamp: str, numbers: Numbers, args: Arguments) -> str:
    if isinstance(sort.by, str):
        return stamp if sort.by == "_lastUpdated" else 'r.fhir_id COLLATE "C"'
    number = args.add(numbers[sort.by.type][sort.by.code], "smallint")
    column, table = COLUMNS[sort.by.kind][0], TABLES[sort.by.kind]
    first = "max(" if sort.descending else "min("
    found = ("(SELECT ", first, column, ") FROM ", table, " i WHERE i.resource = ", key, " AND i.param = ", number, ")")
    return "".join(found)


def order(keys: Sequence[Sort], alias: str, key: str) -> str:
    """ORDER BY of the columns `k1`, `k2` ... of `alias`, then of the resource's key."""
    named = [
        "".join((alias, ".k", str(number), " DESC" if sort.descending else " ASC", _empty_ones(sort)))
        for number, sort in enumerate(keys, 1)
    ]
    return ", ".join((*named, key + " DESC"))


def _empty_ones(sort: Sort) -> str:
    return "" if sort.by in ALWAYS_THERE else " NULLS LAST"


def columns(keys: Sequence[Sort], alias: str) -> str:
    """The values by which a row was sorted, as texts: what a page's link carries."""
    return "".join("".join((", ", alias, ".k", str(number), "::text")) for number in range(1, len(keys) + 1))


def longest(key: Sort) -> int:
    """The most bytes that a value has by which a row was sorted."""
    return LONGEST[key.by if isinstance(key.by, str) else key.by.kind]


def beyond(keys: Sequence[Sort], values: Values, alias: str, after_key: str, args: Arguments) -> str:
    """What comes after a row with these values."""
    condition = after_key
    for number, (sort, value) in reversed(list(enumerate(zip(keys, values, strict=True), 1))):
        column = "".join((alias, ".k", str(number)))
        kind = sort.by if isinstance(sort.by, str) else sort.by.kind
        if value is None:  # only others without a value can follow
            condition = "".join(("(", column, " IS NULL AND ", condition, ")"))
            continue
        placed = "".join((args.add(value, "text"), "::", COLUMNS[kind][1]))
        after = "".join((column, " < " if sort.descending else " > ", placed))
        equal = "".join(("(", column, " = ", placed, " AND ", condition, ")"))
        if sort.by in ALWAYS_THERE:  # the first half says nothing new, but an index understands it
            not_before = "".join((column, " <= " if sort.descending else " >= ", placed))
            condition = "".join(("(", not_before, " AND (", after, " OR ", equal, "))"))
        else:
            condition = "".join(("(", after, " OR ", column, " IS NULL OR ", equal, ")"))
    return condition
