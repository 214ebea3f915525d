"""Business hours: hand-counted cases, and a second way to count that must agree."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dispatch import clock
from pipeline.errors import RulesError
from pipeline.rules.calendars import Calendar, periods
from tests.dispatch.helpers import SHIPPED, cases

# The examples reach into years whose make-up days are not known yet.
pytestmark = pytest.mark.filterwarnings("ignore:calendar .* make-up")

NINE_TO_FIVE = periods("09:00-17:00", where="")
ALL_DAY = periods("00:00-24:00", where="")
NIGHT = periods(["00:00-06:00", "22:00-24:00"], where="")
MORNING = periods("09:00-12:00", where="")

CALENDARS = {
    **SHIPPED.sla.calendars,
    "always": Calendar("always", "Europe/Berlin", (ALL_DAY,) * 7, ALL_DAY),
    "night": Calendar("night", "Europe/Berlin", (NIGHT,) * 7, NIGHT),
    "own_days": Calendar(
        "own_days",
        "UTC",
        (periods("09:00-11:00", where=""),) * 5 + ((), ()),
        MORNING,
        closed=frozenset({date(2026, 11, 11)}),
        make_up=frozenset({date(2026, 11, 7)}),
    ),
}


def add(calendar, start, seconds):
    moments = np.array([int(start.timestamp())])
    return int(clock.add(calendar, moments, np.array([seconds]))[0])


@pytest.mark.parametrize(("given_", "expected"), cases("deadline_business_hours"))
def test_a_deadline_in_business_hours(given_, expected):
    name, start, seconds = given_
    due = add(CALENDARS[name], datetime.fromisoformat(start), seconds)
    assert datetime.fromtimestamp(due, UTC) == datetime.fromisoformat(expected)


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC))
ALLOWED = st.integers(1, 20 * 86_400)
ANY_CALENDAR = st.sampled_from(sorted(CALENDARS))


@given(ANY_CALENDAR, MOMENTS, ALLOWED, ALLOWED)
def test_adding_twice_is_adding_once(name, start, first, second):
    calendar = CALENDARS[name]
    between = datetime.fromtimestamp(add(calendar, start, first), UTC)
    assert add(calendar, between, second) == add(calendar, start, first + second)


@given(ANY_CALENDAR, MOMENTS, st.integers(0, 10**7), ALLOWED)
def test_who_comes_later_is_not_due_earlier(name, start, later, allowed):
    calendar = CALENDARS[name]
    after = start + timedelta(seconds=later)
    assert add(calendar, start, allowed) <= add(calendar, after, allowed)


@given(ANY_CALENDAR, MOMENTS, ALLOWED)
def test_the_open_time_until_the_deadline_is_the_time_allowed(name, start, allowed):
    calendar = CALENDARS[name]
    moments = np.array([int(start.timestamp())])
    due = clock.add(calendar, moments, np.array([allowed]))
    hours = clock.open_hours(calendar, start.year - 1, start.year + 1)
    assert (hours.elapsed(due) - hours.elapsed(moments)).tolist() == [allowed]


@settings(max_examples=settings().max_examples // 10)  # each walks through thousands of minutes
@given(ANY_CALENDAR, MOMENTS, st.integers(1, 600))
def test_counting_minute_by_minute_gives_the_same(name, start, minutes):
    """The slow and obvious way: walk through the minutes, count those whose local time is open.

    (On the day when 02:00 comes twice, both count, as in `clock`.)
    """
    calendar, zone = CALENDARS[name], ZoneInfo(CALENDARS[name].timezone)
    special: dict[int, tuple] = {}
    moment = start.replace(second=0, microsecond=0)
    left = minutes
    while left:
        local = moment.astimezone(zone)
        day, second = local.date(), local.hour * 3600 + local.minute * 60
        days = special.setdefault(day.year, clock._special_days(calendar, day.year))
        left -= any(a <= second < b for a, b in clock._periods(calendar, day, *days))
        moment += timedelta(minutes=1)
    begin = start.replace(second=0, microsecond=0)
    assert add(calendar, begin, 60 * minutes) == int(moment.timestamp())


def test_many_tickets_at_once_and_one_by_one_agree():
    calendar = CALENDARS["china"]
    start = int(datetime(2026, 9, 20, tzinfo=UTC).timestamp())
    moments = start + np.arange(0, 30 * 86_400, 7_777)
    allowed = np.full(len(moments), 14_400)
    together = clock.add(calendar, moments, allowed)
    single = [clock.add(calendar, moments[i : i + 1], allowed[:1])[0] for i in range(len(moments))]
    assert together.tolist() == single


def test_a_calendar_that_ends_warns():
    """`holidays` knows China's make-up days for some years only."""
    calendar = CALENDARS["china"]
    with pytest.warns(UserWarning, match="make-up working days of 2099 are not known"):
        clock._special_days(calendar, 2099)


def test_a_calendar_that_is_hardly_ever_open_is_an_error():
    closed = frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(366 * 30))
    calendar = Calendar("never", "UTC", (NINE_TO_FIVE,) * 7, NINE_TO_FIVE, closed=closed)
    with pytest.raises(RulesError, match="'never' is hardly ever open"):
        add(calendar, datetime(2026, 6, 1, tzinfo=UTC), 60)
