"""Business hours as plain arithmetic: a line of open periods in seconds since 1970.

Local opening hours become periods of UTC seconds once for each calendar and year; from then on
a deadline is a look-up in two sorted arrays, for all tickets at once:

    elapsed(moment)   open seconds before a moment      (a moment in the night: those until closing)
    moment(elapsed)   the moment by which that many have passed

so ``due = moment(elapsed(created) + allowed)``, and the working time between two moments, which
pauses need, is ``elapsed(b) - elapsed(a)``. Nothing is ever counted minute by minute, and no
local time is ever added to: a day of 23 or 25 hours is as long as it is.
"""

import hashlib
import warnings
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from pipeline.errors import RulesError
from pipeline.rules.calendars import Calendar, Periods, public_holidays

Seconds = npt.NDArray[np.int64]

#: A calendar that does not gather the time of one deadline in so many years is never open.
_YEARS_AT_MOST = 20
_DAY = 86_400


class OpenHours(NamedTuple):
    """Open periods in order and apart: `start` and `end` in UTC seconds since 1970.

    `before` has the open seconds before each start, and one more entry: all of them.
    """

    start: Seconds
    end: Seconds
    before: Seconds

    def elapsed(self, moments: Seconds) -> Seconds:
        """Open seconds before each of `moments`."""
        if not len(self.start):
            return np.zeros_like(moments)
        index = np.searchsorted(self.start, moments, side="right") - 1
        inside = np.minimum(moments, self.end[index]) - self.start[index]
        return np.where(index < 0, 0, self.before[index] + inside)

    def moment(self, elapsed: Seconds) -> Seconds:
        """The first moment by which `elapsed` (1 or more) open seconds have passed.

        Time that runs out exactly at closing is due at closing, not at the next opening.
        """
        index = np.searchsorted(self.before, elapsed, side="left") - 1
        return self.start[index] + elapsed - self.before[index]


def add(calendar: Calendar, moments: Seconds, seconds: Seconds) -> Seconds:
    """The moments by which `seconds` (1 or more) of open time have passed after `moments`.

    :raises RulesError: The calendar has too few open hours to ever get there.
    """
    if not len(moments):
        return moments
    first, last = _year(int(moments.min()) - _DAY), _year(int(moments.max()) + _DAY)
    for years in range(_YEARS_AT_MOST):
        hours = open_hours(calendar, first, last + years)
        target = hours.elapsed(moments) + seconds
        if target.max() <= hours.before[-1]:
            return hours.moment(target)
    raise RulesError(
        f"calendar {calendar.id!r} is hardly ever open: {int(seconds.max())} s did not pass in "
        f"{_YEARS_AT_MOST} years. Add hours in sla.toml."
    )


def after(calendar: Calendar | None, moment: int, seconds: int) -> int:
    """As `add`, for one moment; without a calendar every second counts.

    >>> after(None, 100, 50)
    150
    """
    if calendar is None:
        return moment + seconds
    return int(add(calendar, np.array([moment]), np.array([seconds]))[0])


def between(calendar: Calendar | None, start: int, end: int) -> int:
    """Seconds that count from `start` to `end`.

    >>> between(None, 100, 150)
    50
    """
    if calendar is None:
        return end - start
    hours = open_hours(calendar, _year(start - _DAY), _year(end + _DAY))
    before, passed = hours.elapsed(np.array([start, end])).tolist()
    return int(passed - before)


def open_hours(calendar: Calendar, first: int, last: int) -> OpenHours:
    """The open periods of the local years `first` to `last`."""
    years = [_open_year(calendar, year) for year in range(first, last + 1)]
    start, end = (np.concatenate([year[side] for year in years]) for side in (0, 1))
    return OpenHours(start, end, np.concatenate([[0], np.cumsum(end - start)]))


@lru_cache(maxsize=256)
def _open_year(calendar: Calendar, year: int) -> tuple[Seconds, Seconds]:
    zone = ZoneInfo(calendar.timezone)
    off, make_up = _special_days(calendar, year)
    starts, ends, latest = [], [], -(2**62)
    for number in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()):
        day = date.fromordinal(number)
        for opens, closes in _periods(calendar, day, off, make_up):
            # When the clocks jump, two local times can be the same moment: never count it twice.
            start = max(_utc(day, opens, zone), latest)
            latest = max(start, _utc(day, closes, zone))
            if start < latest:
                starts.append(start)
                ends.append(latest)
    return np.array(starts, np.int64), np.array(ends, np.int64)


def _periods(calendar: Calendar, day: date, off: set[date], make_up: set[date]) -> Periods:
    """What is open on a day. The calendar's own `closed` and `make_up` beat the holidays."""
    if day in calendar.closed:
        return ()
    if day in calendar.make_up:
        return calendar.make_up_hours
    if day in make_up:
        return calendar.week[day.weekday()] or calendar.make_up_hours
    return () if day in off else calendar.week[day.weekday()]


def _utc(day: date, second: int, zone: ZoneInfo) -> int:
    """UTC seconds of a local wall-clock time; 24:00 is the next day's 00:00."""
    extra, rest = divmod(second, _DAY)
    minutes, seconds = divmod(rest, 60)
    local = datetime(
        day.year, day.month, day.day, minutes // 60, minutes % 60, seconds, tzinfo=zone
    )
    return int((local + timedelta(days=extra)).timestamp())


@lru_cache(maxsize=256)
def _special_days(calendar: Calendar, year: int) -> tuple[set[date], set[date]]:
    """Public holidays and make-up working days of a year."""
    if not calendar.holidays:
        return set(), set()
    warning = unknown_days(calendar, year)
    if warning:
        warnings.warn(warning, stacklevel=2)
    days = public_holidays(calendar, year)
    return set(days), set(getattr(days, "weekend_workdays", ()))


def unknown_days(calendar: Calendar, year: int) -> str:
    """What is not known of a year: where the calendar ends. Empty when all is known."""
    if not calendar.holidays:
        return ""
    days = public_holidays(calendar, year)
    make_up = getattr(days, "weekend_workdays", ())
    if year > getattr(days, "end_year", year):
        return f"calendar {calendar.id!r}: public holidays of {year} are not known."
    if make_up and all(day.year != year for day in make_up):
        return (
            f"calendar {calendar.id!r}: make-up working days of {year} are not known yet, so "
            "deadlines in that year may be late. Add them as `make_up` in sla.toml."
        )
    return ""


def closed_day(calendar: Calendar, day: date) -> str:
    """Why nothing is open on `day`; empty when something is."""
    special = _special_days(calendar, day.year)
    if _periods(calendar, day, *special):
        return ""
    if day in calendar.closed:
        return "closed in sla.toml"
    if calendar.week[day.weekday()] and calendar.holidays:
        return str(public_holidays(calendar, day.year).get(day) or "holiday")
    return "no hours on this weekday"


def calendar_version(calendar: Calendar) -> str:
    """A short name of everything that the table says about the calendar.

    Two receipts with the same one (and the same packages) were counted on the same hours.
    """
    parts = (
        calendar.timezone,
        calendar.week,
        calendar.make_up_hours,
        calendar.holidays,
        sorted(calendar.closed),
        sorted(calendar.make_up),
    )
    return hashlib.blake2b(repr(parts).encode(), digest_size=4).hexdigest()


def _year(moment: int) -> int:
    return datetime.fromtimestamp(moment, UTC).year
