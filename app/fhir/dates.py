"""FHIR's dates as half-open intervals of instants: `2024-06` is the whole of June.

A date without an offset is read as UTC. Results are clamped to what the store can hold (years 1 to 9999).

*Source*: R4 datatypes.html#dateTime, search.html#date; security sheet INP-13, INP-15, B56 to B58.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from app.fhir.errors import Value

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
_TICK = timedelta(microseconds=1)

_DATE = r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
_TIME = r"T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,20}))?(Z|[+-][0-9]{2}:[0-9]{2})"
DATE = re.compile(_DATE + ")?)?", re.ASCII)
DATE_TIME = re.compile(_DATE + "(?:" + _TIME + ")?)?)?", re.ASCII)
INSTANT = re.compile(r"([0-9]{4})(-)([0-9]{2})(-)([0-9]{2})" + _TIME, re.ASCII)
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,20})?", re.ASCII)
# In a search the seconds and the offset may be left out; a "+" arrives as a space when the client did not escape it.
_SEARCHED = re.compile(
    _DATE + r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,20}))?)?(Z|[+ -][0-9]{2}:[0-9]{2})?)?)?)?", re.ASCII
)

Interval = tuple[datetime, datetime]


def interval(text: str) -> Interval:
    """[start, end) in UTC of a date, dateTime or instant as a resource holds it. Raises Value when it is none."""
    return _interval(DATE_TIME.fullmatch(text))


def searched(text: str) -> Interval:
    """[start, end) in UTC of a date in a search, where minutes are enough. Raises Value when it is none."""
    return _interval(_SEARCHED.fullmatch(text))


def widened(between: Interval, by: timedelta) -> Interval:
    """The interval with so much more at both ends, as far as the store can hold it."""
    start, end = between
    return (start - by if start - EARLIEST > by else EARLIEST), (end + by if LATEST - end > by else LATEST)


def is_date(text: str) -> bool:
    """True for YYYY, YYYY-MM or YYYY-MM-DD of the calendar."""
    return DATE.fullmatch(text) is not None and _is_real(text)


def is_date_time(text: str) -> bool:
    """True for a date, or a date with time, seconds and offset."""
    return DATE_TIME.fullmatch(text) is not None and _is_real(text)


def is_instant(text: str) -> bool:
    """True for a date with time, seconds and offset."""
    return INSTANT.fullmatch(text) is not None and _is_real(text)


def is_time(text: str) -> bool:
    """True for hh:mm:ss, with a fraction or without."""
    return TIME.fullmatch(text) is not None


def _is_real(text: str) -> bool:
    """Whether a text of the right form is in the calendar and on the clock."""
    try:
        if text[-1] == "Z" or len(text) == 10:  # most are told by Python alone; it knows no leap second
            datetime.fromisoformat(text)
            return True
    except ValueError:
        pass
    try:
        interval(text)
    except Value:
        return False
    return True


def _interval(found: re.Match[str] | None) -> Interval:
    if found is None:
        raise _bad()
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    try:
        if hour is None:
            return _days(int(year), month, day)
        return _moment(date(int(year), int(month), int(day)), int(hour), int(minute), second, fraction, offset)
    except ValueError:
        raise _bad() from None


def _days(year: int, month: str | None, day: str | None) -> Interval:
    first = date(year, int(month or 1), int(day or 1))
    if day is not None:
        after = _next_day(first)
    elif month is not None:
        after = date(year + first.month // 12, first.month % 12 + 1, 1) if (year, first.month) != (9999, 12) else None
    else:
        after = date(year + 1, 1, 1) if year < 9999 else None
    return _utc(first), LATEST if after is None else _utc(after)


def _next_day(day: date) -> date | None:
    return None if day == date.max else day + timedelta(days=1)


def _utc(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _moment(
    day: date, hour: int, minute: int, second: str | None, fraction: str | None, offset: str | None
) -> Interval:
    """A leap second counts as the second after :59, so that it sorts between its neighbours' ends."""
    whole = int(second or 0)
    if hour > 23 or minute > 59 or whole > 60:
        raise ValueError
    digits = (fraction or "")[:6]
    microseconds = int(digits.ljust(6, "0")) if digits else 0
    width = timedelta(minutes=1) if second is None else timedelta(microseconds=10 ** (6 - len(digits)))
    leap = whole == 60
    naive = datetime(day.year, day.month, day.day, hour, minute, 59 if leap else whole, microseconds, _zone(offset))
    start = min(_clamp(naive, timedelta(seconds=leap)), LATEST - _TICK)
    return start, max(_clamp(naive, timedelta(seconds=leap) + width), start + _TICK)


def _zone(offset: str | None) -> timezone:
    if offset is None or offset == "Z":
        return UTC
    hours, minutes = int(offset[1:3]), int(offset[4:6])
    total = hours * 60 + minutes
    sign = -1 if offset[0] == "-" else 1
    if minutes > 59 or total > (14 * 60 if sign > 0 else 12 * 60):
        raise ValueError
    return timezone(timedelta(minutes=sign * total))


def _clamp(moment: datetime, more: timedelta) -> datetime:
    try:
        return moment.astimezone(UTC) + more
    except OverflowError:
        return EARLIEST if moment.year < 5000 else LATEST


def _bad() -> Value:
    return Value(
        "date-form",
        "A date is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with Z or an offset from -12:00 to +14:00,"
        " and must be in the calendar.",
    )
