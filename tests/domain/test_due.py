"""Two working days in the zone of whoever must act: over weekends, and over nights that are an hour long or short."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.referral.due import due

ZONES = ("America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "Asia/Kathmandu", "Pacific/Kiritimati", "UTC")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param("2026-03-02T10:00", "2026-03-04T10:00", id="Monday"),
        pytest.param("2026-03-05T10:00", "2026-03-09T10:00", id="Thursday, over a weekend and the spring change"),
        pytest.param("2026-03-06T10:00", "2026-03-10T10:00", id="Friday"),
        pytest.param("2026-03-07T10:00", "2026-03-11T00:00", id="Saturday counts from Monday morning"),
        pytest.param("2026-03-08T23:59", "2026-03-11T00:00", id="Sunday"),
        pytest.param("2026-10-30T10:00", "2026-11-03T10:00", id="over the autumn change"),
    ],
)
def test_a_reply_is_due_at_the_same_hour_two_working_days_later(now: str, expected: str) -> None:
    zone = ZoneInfo("America/New_York")
    found = due(datetime.fromisoformat(now).replace(tzinfo=zone).astimezone(UTC), zone.key)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=zone)
    assert found.tzinfo is UTC


@given(
    now=st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(ZONES),
    days=st.integers(1, 10),
)
def test_a_time_to_act_is_a_working_day_later_and_never_early(now: datetime, zone: str, days: int) -> None:
    found = due(now, zone, days)
    local, then = now.astimezone(ZoneInfo(zone)), found.astimezone(ZoneInfo(zone))
    assert then.weekday() < 5
    assert found > now
    between = [local.date() + timedelta(days=n + 1) for n in range((then.date() - local.date()).days)]
    working = [day for day in between if day.weekday() < 5]
    # from a weekend, Monday itself is not counted
    assert len(working) == days + (local.weekday() >= 5)


@given(
    now=st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)), zone=st.sampled_from(ZONES)
)
def test_who_is_asked_later_is_never_due_earlier(now: datetime, zone: str) -> None:
    assert due(now, zone) <= due(now + timedelta(hours=2), zone)
