"""Who works when: agents by team and language, and their hours."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.errors import PipelineError
from pipeline.rules.conditions import reads
from pipeline.rules.languages import LanguageRules, check_tag
from pipeline.rules.tables import check_known

_DAY_MINUTES: Final = 24 * 60
_CLOCK: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?-(\d{1,2})(?::(\d{2}))?")
_NUMBER: Final = re.compile(r"-?[0-9]+")
_DIGITS: Final = 20
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: The team of all agents where they are too few for teams.
EVERYBODY: Final = "everybody"

#: Nobody has more in one team, and the replay's time grows with them.
MOST_AGENTS: Final = 10_000

Periods = tuple[tuple[int, int], ...]


class Group(NamedTuple):
    """Agents who do the same: their team, the languages they read (None: all), how many."""

    team: str
    languages: frozenset[str] | None
    agents: int

    def reads(self, language: str) -> bool:
        """Whether they can answer in `language` (``zh`` takes zh-Hans and zh-Hant)."""
        return self.languages is None or reads(self.languages, language)


class Hours:
    """When a team works: opening periods in UTC seconds, made day by day as they are needed."""

    def __init__(self, periods: Periods, days: Iterable[int], zone: ZoneInfo, since: float) -> None:
        self._periods, self._days, self._zone = periods, frozenset(days), zone
        self._next = datetime.fromtimestamp(since, zone).date() - timedelta(days=1)
        self._starts: list[float] = []
        self._ends: list[float] = []

    def opening(self, moment: float) -> float:
        """`moment` itself while the team works, else when it opens next."""
        while not self._ends or self._ends[-1] <= moment:
            self._add_day()
        index = bisect_right(self._ends, moment)
        return max(moment, self._starts[index])

    @property
    def per_week(self) -> float:
        """Hours a week."""
        return len(self._days) * sum(end - start for start, end in self._periods) / 60

    def _add_day(self) -> None:
        day, self._next = self._next, self._next + timedelta(days=1)
        if day.weekday() in self._days:
            for start, end in self._periods:
                self._starts.append(_moment(day, start, self._zone))
                self._ends.append(_moment(day, end, self._zone))


def parse_agents(
    given: Sequence[str], teams: Iterable[str], table: LanguageRules | None = None
) -> int | list[Group]:
    """What ``--agents`` says: how many in all, or groups such as ``returns_centre:zh+ja=2``.

    :param table: The languages that tickets may have; None: any.
    :raises PipelineError: A number is missing, not from 1 to `MOST_AGENTS`, or given for all and
        for teams; or a team or language is not known.

    >>> parse_agents(["12"], ["desk"])
    12
    >>> parse_agents(["desk=3", "desk:ja=1"], ["desk"]) # doctest: +NORMALIZE_WHITESPACE
    [Group(team='desk', languages=None, agents=3),
     Group(team='desk', languages=frozenset({'ja'}), agents=1)]
    """
    parts = [part.strip() for text in given for part in text.split(",") if part.strip()]
    totals = [part for part in parts if _NUMBER.fullmatch(part)]
    if totals and len(parts) > 1:
        raise PipelineError(
            f"--agents {' '.join(parts)}: {totals[0]} is a number for all teams and cannot stand "
            "beside others. Give one number for all, or TEAM=NUMBER for each team."
        )
    if totals:
        return _count(totals[0], "--agents")
    known = list(teams)
    return [_group(part, known, table) for part in parts] or _wrong_agents("")


def parse_hours(given: Sequence[str], teams: Iterable[str]) -> dict[str, Periods]:
    """What ``--hours`` says: periods by team; those for everybody else are at "".

    :raises PipelineError: A period is no period, or a team is not known.

    >>> parse_hours(["9-18", "night_desk=22-6"], ["night_desk"])
    {'': ((540, 1080),), 'night_desk': ((0, 360), (1320, 1440))}
    """
    found = {}
    known = list(teams)
    for text in given:
        team, equals, periods = text.rpartition("=")
        if equals:
            check_known(team.strip(), known, where=f"--hours {text}", kind="team")
        found[team.strip()] = _periods(periods, f"--hours {text}")
    return found


def parse_days(given: str) -> list[int]:
    """Weekdays of ``mon-fri`` or ``mon,wed,sat``, Monday is 0.

    >>> parse_days("mon-fri"), parse_days("sat,sun")
    ([0, 1, 2, 3, 4], [5, 6])
    """
    found: set[int] = set()
    for part in given.lower().split(","):
        ends = [name.strip()[:3] for name in part.split("-")]
        for name in ends:
            check_known(name, DAYS, where=f"--days {given}", kind="day")
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        found.update(day % 7 for day in range(first, last + 1 + (7 if last < first else 0)))
    return sorted(found)


def share_out(agents: int, work: Mapping[str, float]) -> list[Group]:
    """So many `agents` to the teams by their work, one each at least.

    Fewer agents than teams with work are one team, `EVERYBODY`.

    >>> [(g.team, g.agents) for g in share_out(6, {"a": 10.0, "b": 80.0, "c": 0.0, "d": 5.0})]
    [('a', 1), ('b', 4), ('d', 1)]
    """
    teams = [team for team in sorted(work) if work[team] > 0]
    if agents < len(teams):
        return [Group(EVERYBODY, None, agents)]
    counts = dict.fromkeys(teams, 1)
    for _ in range(agents - len(teams)):
        # The next agent goes where most work is left for each of those who are there.
        busiest = max(teams, key=lambda team: (work[team] / counts[team], team))
        counts[busiest] += 1
    return [Group(team, None, counts[team]) for team in teams]


def _group(text: str, teams: Sequence[str], table: LanguageRules | None) -> Group:
    who, equals, number = text.partition("=")
    where = f"--agents {text}"
    if not equals or not _NUMBER.fullmatch(number.strip()):
        _wrong_agents(text)
    team, _, languages = who.partition(":")
    check_known(team.strip(), teams, where=where, kind="team")
    tags = [tag.strip() for tag in languages.split("+") if tag.strip()]
    if table is not None:
        tags = [check_tag(tag, table, where=where) for tag in tags]
    read = frozenset(tag.lower() for tag in tags)
    return Group(team.strip(), read or None, _count(number.strip(), where))


def _count(number: str, where: str) -> int:
    # Thousands of digits are no number for Python.
    count = int(number[:_DIGITS])
    if not 1 <= count <= MOST_AGENTS:
        raise PipelineError(
            f"{where} must be at least 1 and at most {MOST_AGENTS:,}. Got {number[:_DIGITS]}."
        )
    return count


def _wrong_agents(text: str) -> list[Group]:
    raise PipelineError(
        "--agents must be a number, or TEAM=NUMBER, or TEAM:LANGUAGE+LANGUAGE=NUMBER. "
        f"Got {text!r} instead."
    )


def _periods(text: str, where: str) -> Periods:
    found: list[tuple[int, int]] = []
    for part in text.split(","):
        match = _CLOCK.fullmatch(part.strip())
        start, end = _minutes(match) if match else (-1, -1)
        if not 0 <= start < _DAY_MINUTES or not 0 < end <= _DAY_MINUTES or start == end:
            raise PipelineError(
                f"{where}: {part.strip()!r} is no period. Write 9-18, 9:30-12,13-18 or 22-6."
            )
        # A night shift is two periods of a day.
        found += [(start, end)] if start < end else [(start, _DAY_MINUTES), (0, end)]
    found.sort()
    if any(end > start for (_, end), (start, _) in pairwise(found)):
        raise PipelineError(f"{where}: periods overlap. Write them one after the other.")
    return tuple(found)


def _minutes(match: re.Match[str]) -> tuple[int, int]:
    first, first_minute, last, last_minute = (int(part or 0) for part in match.groups())
    if max(first_minute, last_minute) >= 60:
        return -1, -1
    return first * 60 + first_minute, last * 60 + last_minute


def _moment(day: date, minute: int, where: ZoneInfo) -> float:
    extra, rest = divmod(minute, _DAY_MINUTES)
    local = datetime.combine(day, time(rest // 60, rest % 60), where) + timedelta(days=extra)
    return local.astimezone(UTC).timestamp()


def openings(hours: Hours, moments: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[float]:
    """`Hours.opening` of each moment."""
    return [hours.opening(moment) for moment in moments.tolist()]
