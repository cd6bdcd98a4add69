"""Dates are half-open intervals; what is not in the calendar is refused; nothing overflows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.fhir.dates import EARLIEST, LATEST, interval, is_date, is_date_time, is_instant, is_time, searched
from app.fhir.errors import Value


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024", utc(2024, 1, 1), utc(2025, 1, 1)),
        ("2024-02", utc(2024, 2, 1), utc(2024, 3, 1)),
        ("2024-12", utc(2024, 12, 1), utc(2025, 1, 1)),
        ("2024-02-29", utc(2024, 2, 29), utc(2024, 3, 1)),
        ("2024-12-31", utc(2024, 12, 31), utc(2025, 1, 1)),
        ("2024-06-01T10:00:00Z", utc(2024, 6, 1, 10), utc(2024, 6, 1, 10, 0, 1)),
        ("2024-06-01T10:00:00.5Z", utc(2024, 6, 1, 10, 0, 0, 500000), utc(2024, 6, 1, 10, 0, 0, 600000)),
        ("2024-06-01T10:00:00+05:45", utc(2024, 6, 1, 4, 15), utc(2024, 6, 1, 4, 15, 1)),
        ("2024-06-01T10:00:00.123456789Z", utc(2024, 6, 1, 10, 0, 0, 123456), utc(2024, 6, 1, 10, 0, 0, 123457)),
        ("2016-12-31T23:59:60Z", utc(2017, 1, 1), utc(2017, 1, 1, 0, 0, 1)),
    ],
)
def test_a_date_is_the_time_that_it_covers(text: str, start: datetime, end: datetime) -> None:
    assert interval(text) == (start, end)


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29",
        "2024-02-30",
        "2024-13",
        "2024-00",
        "0000",
        "10000",
        "24",
        "2024-1-1",
        "2024-01-01T10:00:00",
        "2024-01-01T24:00:00Z",
        "2024-01-01T10:00Z",
        "2024-01-01T10:60:00Z",
        "2024-01-01T10:00:61Z",
        "2024-01-01T10:00:00+15:00",
        "2024-01-01T10:00:00-12:30",
        "2024-01-01T10:00:00+14:01",
        "2024-01-01T10:00:00z",
        "2024-01-01t10:00:00Z",
        "２０２４",
        "2024\n",
        "20240101",
        "2024-W01-1",
    ],
)
def test_what_is_not_in_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(Value) as refusal:
        interval(text)
    assert text not in refusal.value.issues[0].message
    assert not is_date_time(text)


@pytest.mark.parametrize(
    "offset", [*(f"{sign}{hour:02}:00" for sign in "+-" for hour in range(13)), "+13:00", "+14:00"]
)
@pytest.mark.parametrize("day", ["9999-12-31T23:59:59", "0001-01-01T00:00:00", "9999-12-31T23:59:60.999999"])
def test_the_ends_of_time_are_clamped(day: str, offset: str) -> None:
    start, end = interval(day + offset)
    assert EARLIEST <= start < end <= LATEST


@pytest.mark.parametrize("text", ["9999", "9999-12", "9999-12-31", "0001", "0001-01-01"])
def test_first_and_last_days_are_covered(text: str) -> None:
    start, end = interval(text)
    assert start < end


@given(st.datetimes(timezones=st.integers(-12 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))))
def test_every_moment_lies_in_its_own_interval(moment: datetime) -> None:
    start, end = interval(moment.isoformat(timespec="seconds"))
    assert start < end
    if 2 < moment.year < 9998:
        assert start <= moment < end


@given(st.text(max_size=30))
def test_any_text_is_an_interval_or_refused(text: str) -> None:
    try:
        start, end = interval(text)
    except Value:
        return
    assert start < end


def test_local_times_around_a_change_of_clocks_sort_right() -> None:
    before, after = "2024-11-03T01:30:00-04:00", "2024-11-03T01:15:00-05:00"
    assert interval(before)[0] < interval(after)[0]


def test_a_search_may_leave_out_seconds_and_offset_and_forget_to_escape_the_plus() -> None:
    assert searched("2024-06-01T10:00") == (utc(2024, 6, 1, 10), utc(2024, 6, 1, 10, 1))
    assert searched("2024-06-01T10:00:00 02:00")[0] == utc(2024, 6, 1, 8)


def test_each_type_of_date_takes_its_own_forms() -> None:
    forms = ["2024", "2024-06-01", "2024-06-01T10:00:00Z", "10:00:00"]
    assert [is_date(form) for form in forms] == [True, True, False, False]
    assert [is_date_time(form) for form in forms] == [True, True, True, False]
    assert [is_instant(form) for form in forms] == [False, False, True, False]
    assert [is_time(form) for form in forms] == [False, False, False, True]
    assert not is_time("24:00:00")
