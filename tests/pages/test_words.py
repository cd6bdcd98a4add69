"""Dates written out in the reader's zone, links that can be dialled, numbers that can be said."""

from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.web.pages.words import ReaderClock, birth_day, call_link, short_number

CLOCK = ReaderClock(datetime(2026, 11, 23, 3, 30, tzinfo=UTC), ZoneInfo("America/New_York"))  # still the 22nd there


@pytest.mark.parametrize(
    ("at", "near", "written", "time"),
    [
        (datetime(2026, 11, 22, 17, 0, tzinfo=UTC), "today", "Sunday, November 22", "noon"),
        (datetime(2026, 11, 23, 5, 0, tzinfo=UTC), "tomorrow", "Monday, November 23", "12 am"),
        (datetime(2026, 11, 22, 4, 59, tzinfo=UTC), "yesterday", "Saturday, November 21", "11:59 pm"),
        (datetime(2027, 3, 14, 7, 30, tzinfo=UTC), "", "Sunday, March 14, 2027", "3:30 am"),
    ],
)
def test_a_moment_is_told_in_the_readers_zone(at: datetime, near: str, written: str, time: str) -> None:
    day = CLOCK.day(at)
    assert (day.near, day.written, day.time) == (near, written, time)


def test_a_due_time_at_midnight_is_told_as_the_day_that_it_ends() -> None:
    midnight = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    day = CLOCK.deadline(midnight)
    assert (day.near, day.written, day.time) == ("tomorrow", "Monday, November 23", "")
    assert CLOCK.deadline(datetime(2026, 11, 23, 22, 0, tzinfo=UTC)).time == "5 pm"
    assert CLOCK.is_due_today(datetime(2026, 11, 23, 5, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("value", "written"),
    [("1958", "1958"), ("1958-04", "April 1958"), ("1958-04-07", "April 7, 1958"), (date(1958, 4, 7), "April 7, 1958")],
)
def test_a_birth_date_is_written_out_as_far_as_it_is_known(value: date | str, written: str) -> None:
    assert birth_day(value) == written


@pytest.mark.parametrize(
    ("value", "kind", "link"),
    [
        ("+1 (555) 010-4477", "phone", "tel:+15550104477"),
        ("555.010.4477", "sms", "sms:5550104477"),
        ("ana@foodbank.example", "email", "mailto:ana@foodbank.example"),
        ("javascript:alert(1)", "phone", ""),
        ("a@b.example?bcc=x@evil.example", "email", ""),
        ("javascript:alert(1)", "url", ""),
        ("call my sister", "phone", ""),
    ],
)
def test_only_what_plainly_is_a_number_or_an_address_becomes_a_link(value: str, kind: str, link: str) -> None:
    assert call_link(value, kind) == link


def test_the_short_number_comes_from_the_random_end_of_the_id() -> None:
    assert short_number(UUID("01990000-0000-7000-8000-0000002f3a9c")) == "2F3A9C"
