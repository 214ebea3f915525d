"""Business hours of a market: the [calendar.*] tables of sla.toml."""

import re
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from pipeline.errors import RulesError
from pipeline.rules.fields import check_keys, get, need, texts
from pipeline.rules.tables import check_known

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_PERIOD: Final = re.compile(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)")
_DAY: Final = 86_400
#: A country is known for all years or for none.
_ANY_YEAR: Final = 2026

#: Open periods of one day: (start, end) in seconds of local time since midnight, end exclusive.
Periods = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The business hours of a market; hashable, so that what is computed from it is kept.

    `week` has the periods of Monday to Sunday; `make_up_hours` those of a working day that
    falls on a weekend or holiday. `holidays` is a country or country-region, or empty.
    """

    id: str
    timezone: str
    week: tuple[Periods, ...]
    make_up_hours: Periods
    holidays: str = ""
    closed: frozenset[date] = frozenset()
    make_up: frozenset[date] = frozenset()


def parse(name: str, content: dict[str, Any], path: str) -> Calendar:
    """Read one [calendar.NAME] table.

    :raises RulesError: Anything in it is unknown, of the wrong kind or missing.
    """
    where = f"{path} calendar {name!r}"
    allowed = ("timezone", "hours", "holidays", "closed", "make_up", "make_up_hours", "note")
    check_keys(content, allowed, where=where)
    hours = need(content, "hours", dict, where=where)
    check_keys(hours, WEEKDAYS, where=f"{where} hours")
    week = tuple(
        periods(hours[day], where=f"{where} hours {day!r}") if hours.get(day) else ()
        for day in WEEKDAYS
    )
    if not any(week):
        raise RulesError(f"{where} is never open, so no deadline would ever come. Add hours.")
    make_up_hours = content.get("make_up_hours")
    return Calendar(
        name,
        zone(need(content, "timezone", str, where=where), where=where).key,
        week,
        periods(make_up_hours, where=f"{where}: 'make_up_hours'")
        if make_up_hours
        else next(day for day in week if day),
        get(content, "holidays", "", where=where),
        _dates(content, "closed", where),
        _dates(content, "make_up", where),
    )


def zone(name: str, *, where: str) -> ZoneInfo:
    """The time zone called `name`.

    :raises RulesError: There is no such zone; names the nearest three.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(check_known(name, available_timezones(), where=where, kind="timezone"))


def _dates(content: dict[str, Any], key: str, where: str) -> frozenset[date]:
    days = get(content, key, [], where=where)
    try:
        return frozenset(d if type(d) is date else date.fromisoformat(d) for d in days)
    except (TypeError, ValueError) as error:
        raise RulesError(
            f"{where}: {key!r} must list dates such as 2026-10-01. Got {days!r} instead."
        ) from error


def problems(calendar: Calendar, path: object) -> list[str]:
    """What is valid but surely not meant: a lost minute, a country without holidays."""
    found = []
    where = f"{path} calendar {calendar.id!r}"
    ends = {end for day in calendar.week for _, end in day}
    if _DAY - 60 in ends:
        found.append(f"{where}: a day ends at 23:59 and loses a minute. Write 24:00.")
    try:
        if calendar.holidays:
            public_holidays(calendar, _ANY_YEAR)
    except RulesError as error:
        found.append(str(error))
    return found


def public_holidays(calendar: Calendar, year: int) -> Any:
    """The `holidays` object of the calendar's country (and region) for a year.

    :raises RulesError: The package does not know the country or region.
    """
    import holidays  # 30 ms, and only calendars with a country need it

    country, _, region = calendar.holidays.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=region or None, years=year)
    except NotImplementedError:
        known = holidays.list_supported_countries()
        where = f"sla.toml calendar {calendar.id!r}"
        check_known(country, known, where=where, kind="holiday country")
        check_known(region, known[country], where=where, kind=f"region of {country}")
        raise


def periods(value: Any, *, where: str) -> Periods:
    """Read the open periods of a day, in order and without overlap.

    >>> periods(["09:00-12:00", "13:30-18:00"], where="")
    ((32400, 43200), (48600, 64800))
    """
    found = tuple(_period(one, where) for one in texts(value, where=where))
    for (_, end), (start, _) in pairwise(found):
        if start < end:
            raise RulesError(f"{where}: periods must be in order and apart. Got {value!r}.")
    return found


def _period(text: str, where: str) -> tuple[int, int]:
    match = _PERIOD.fullmatch(text.strip())
    numbers = [int(part) for part in match.groups()] if match else [0, 0, 0, 0]
    start, end = (60 * (60 * numbers[i] + numbers[i + 1]) for i in (0, 2))
    if not match or max(numbers[1], numbers[3]) > 59 or not 0 <= start < end <= _DAY:
        raise RulesError(
            f"{where} must be hours such as '09:00-17:30', the end after the start and 24:00 at "
            f"most (a night shift is two periods). Got {text!r} instead."
        )
    return start, end
