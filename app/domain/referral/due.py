"""By when somebody must act: working days in the zone of the member whose turn it is, Monday to Friday.

*Source*: product sheet, clocks: a reply within two business days.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

WORKING_DAYS_TO_ACT = 2
SATURDAY = 5


def due(now: datetime, time_zone: str, working_days: int = WORKING_DAYS_TO_ACT) -> datetime:
    """The UTC moment `working_days` after `now` at the same local time of day; a weekend counts from Monday 00:00."""
    local = now.astimezone(ZoneInfo(time_zone))
    if local.weekday() >= SATURDAY:
        local = _next_day(local).replace(hour=0, minute=0, second=0, microsecond=0)
    for _ in range(working_days):
        local = _next_day(local)
    return local.astimezone(UTC)


def _next_day(local: datetime) -> datetime:
    """The next working day; aware arithmetic inside one zone keeps the wall-clock time across a change of offset."""
    local += timedelta(days=1)
    while local.weekday() >= SATURDAY:
        local += timedelta(days=1)
    return local
