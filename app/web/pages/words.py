"""Dates, telephone links and numbers as a reader wants them; pure functions that templates call as filters."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

MONTHS = ("January", "February", "March", "April", "May", "June",
          "July", "August", "September", "October", "November", "December")  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SHORT_NUMBER_LENGTH = 6
SAFE_PHONE = re.compile(r"\+?[0-9 ().\-/]{3,30}")
SAFE_EMAIL = re.compile(r"[A-Za-z0-9._+\-]{1,64}@[A-Za-z0-9.\-]{1,190}")


@dataclass(frozen=True, slots=True)
class Day:
    """One moment in the reader's zone: `near` is today, tomorrow, yesterday or empty; `iso` is for machines."""

    near: str
    written: str
    time: str
    iso: str


@dataclass(frozen=True, slots=True)
class ReaderClock:
    """The reader's now (UTC) and time zone, for one page."""

    now: datetime
    zone: ZoneInfo

    def day(self, at: datetime) -> Day:
        local = at.astimezone(self.zone)
        return self._day(local.date(), _time_of_day(local), local.isoformat(timespec="minutes"))

    def deadline(self, at: datetime) -> Day:
        """A due time. Midnight is the end of a day, and told as that day, without a time."""
        last = at.astimezone(self.zone) - timedelta(microseconds=1)
        ends_a_day = at.astimezone(self.zone).time() == time()
        return self._day(last.date(), "", last.date().isoformat()) if ends_a_day else self.day(at)

    def _day(self, day: date, time_of_day: str, iso: str) -> Day:
        near = {0: "today", 1: "tomorrow", -1: "yesterday"}.get((day - self.today).days, "")
        return Day(near, _written(day, self.today.year), time_of_day, iso)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def is_due_today(self, at: datetime) -> bool:
        return self.deadline(at).near == "today"


def _written(day: date, this_year: int) -> str:
    text = f"{DAYS[day.weekday()]}, {MONTHS[day.month - 1]} {day.day}"
    return text if day.year == this_year else f"{text}, {day.year}"


def _time_of_day(local: datetime) -> str:
    """ "noon", "5 pm", "4:30 pm": the way it is said at a desk."""
    if (local.hour, local.minute) == (12, 0):
        return "noon"
    hour, half = local.hour % 12 or 12, "am" if local.hour < 12 else "pm"
    return f"{hour}:{local.minute:02} {half}" if local.minute else f"{hour} {half}"


def birth_day(value: date | str) -> str:
    """A birth date, whole or in part ("1958", "1958-04", "1958-04-17"), written out."""
    parts = [int(part) for part in str(value).split("-") if part.isdigit()]
    if len(parts) == 3:
        return f"{MONTHS[parts[1] - 1]} {parts[2]}, {parts[0]}"
    return f"{MONTHS[parts[1] - 1]} {parts[0]}" if len(parts) == 2 else str(value)


def call_link(value: str, kind: str) -> str:
    """tel:, sms: or mailto: for a value that plainly is one; empty for anything else, which is then shown as text."""
    if kind in ("phone", "sms") and SAFE_PHONE.fullmatch(value):
        return f"{'tel' if kind == 'phone' else 'sms'}:{re.sub(r'[^0-9+]', '', value)}"
    return f"mailto:{value}" if kind == "email" and SAFE_EMAIL.fullmatch(value) else ""


def short_number(key: UUID) -> str:
    """Six letters and digits to say on the telephone; from the random end of the id, so it tells nothing."""
    return key.hex[-SHORT_NUMBER_LENGTH:].upper()


def sentence(text: str) -> str:
    """A message that begins in lower case, ready to stand alone."""
    return text[:1].upper() + text[1:]
