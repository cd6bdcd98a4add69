"""Times as R4's search reads them: a half-open interval of instants, exact to the fraction that is written.

*Source*: R4 search.html#date ("the implicit range of a date"), datatypes.html#dateTime.
"""

import calendar
import re
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import NamedTuple

_FORM = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)
_YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)
# In seconds since the beginning of year 1, as all instants here: what is open reaches to the ends of the calendar.
OPEN_START, OPEN_END = Fraction(0), Fraction(3_652_059 * 86_400 * 1_000_000 - 1, 1_000_000)


class Interval(NamedTuple):
    """[start, end)."""

    start: Fraction
    end: Fraction


def interval(text: str) -> Interval:
    """What a date or moment covers, of a resource or a search; without an offset it is UTC's."""
    found = _FORM.fullmatch(text.replace(" ", "+"))
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    if hour is None:
        return _days(int(year), month, day)
    start = _seconds(datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=_zone(offset)))
    if second is None:
        return Interval(start, start + 60)
    # a leap second is the one after :59
    start += int(second) + (Fraction(int(fraction), 10 ** len(fraction)) if fraction else 0)
    return Interval(start, start + Fraction(1, 10 ** len(fraction or "")))


def _days(year: int, month: str | None, day: str | None) -> Interval:
    first = datetime(year, int(month or 1), int(day or 1), tzinfo=UTC)
    if day is not None:
        length = 1
    elif month is not None:
        length = calendar.monthrange(year, int(month))[1]
    else:
        length = 366 if calendar.isleap(year) else 365
    return Interval(_seconds(first), min(_seconds(first) + length * 86_400, OPEN_END))


def _zone(offset: str | None) -> timezone:
    if offset in (None, "Z"):
        return UTC
    sign = -1 if offset.startswith("-") else 1
    return timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6])))


def _seconds(moment: datetime) -> Fraction:
    gone = moment - _YEAR_1
    return Fraction(gone.days * 86_400 + gone.seconds) + Fraction(gone.microseconds, 1_000_000)


def outer_limits(found: list[Interval]) -> Interval | None:
    """From the first beginning to the last end."""
    if not found:
        return None
    return Interval(min(each.start for each in found), max(each.end for each in found))


def about(wanted: Interval) -> Interval:
    """What `ap` asks for: a tenth of the time between now and then around it."""
    now = _seconds(datetime.now(UTC))
    gap = max(wanted.start - now, now - wanted.end, Fraction(0)) / 10
    return Interval(wanted.start - gap, wanted.end + gap)


# The prefixes: does the value's interval `v` answer the search's `s`? "The range above" begins where `s` ends.
COMPARISONS = {
    "eq": lambda s, v: s.start <= v.start and v.end <= s.end,
    "ne": lambda s, v: not (s.start <= v.start and v.end <= s.end),
    "gt": lambda s, v: v.end > s.end,
    "lt": lambda s, v: v.start < s.start,
    "ge": lambda s, v: v.end > s.end or (s.start <= v.start and v.end <= s.end),
    "le": lambda s, v: v.start < s.start or (s.start <= v.start and v.end <= s.end),
    "sa": lambda s, v: v.start >= s.end,
    "eb": lambda s, v: v.end <= s.start,
    "ap": lambda s, v: v.start < about(s).end and v.end > about(s).start,
}
