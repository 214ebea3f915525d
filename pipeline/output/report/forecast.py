"""Who will be late: open tickets without a first answer, against the pace of each team.

The late tickets of a team `t` hours from now are those whose deadline has passed by then, less
those that it can have answered by then:

    late(t) = known(t) + coming(t) - pace * t, and never less than 0

`known` counts deadlines of tickets that wait now. `coming` counts those of tickets still to come:
at the rate of the last seven days, with the time that was allowed then. `pace` is the first answers
in an hour over the last seven days. The team is taken to answer in the order of the deadlines, day
and night alike, so the figure is a trend and no appointment.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from pipeline.output.report.figures import HORIZON, OLDEST

#: Days over which rates are taken.
WINDOW: Final = 7
#: Hours in one bar of the chart.
STEP: Final = 4


class Outlook(NamedTuple):
    """One team: tickets waiting for a first answer, and how many are late when.

    `due` has the deadlines in each of the next steps of `STEP` hours. `pace` and `incoming` are
    tickets in a day; `pace` is None when the export does not say when anybody answered.
    `late_24` and `late_48` are then None, too.
    """

    team: str
    waiting: int
    late_now: int
    due: tuple[int, ...]
    later: int
    pace: float | None
    incoming: float
    late_24: int | None
    late_48: int | None


def outlooks(crosses: dict[str, Counter[tuple[Any, Any]]], *, youngest: int) -> list[Outlook]:
    """The outlook of each team that has open tickets, the one with most late tickets first.

    :param youngest: Age in days of the newest ticket; the seven days of the rates end there, so
        that an old export still has a pace.
    """
    answered = _recent(crosses["team_answered"], youngest)
    known_pace = bool(crosses["team_answered"])
    due: dict[str, list[int]] = {}
    for (team, hour), count in crosses["team_due"].items():
        due.setdefault(team, [0] * (HORIZON + 2))[hour + 1] += count
    teams = sorted({team for team, _ in crosses["team_open"]})
    found = [
        _outlook(
            team,
            due.get(team, [0] * (HORIZON + 2)),
            answered[team] / WINDOW if known_pace else None,
            _coming(crosses["team_new"], team, youngest),
        )
        for team in teams
    ]
    return sorted(found, key=lambda one: (-(one.late_24 or 0), -one.late_now, one.team))


def late(hours: int, due: Sequence[int], coming: dict[int, float], pace_per_hour: float) -> float:
    """Tickets past their deadline `hours` from now (see the formula at the top).

    :param due: Deadlines that have passed, then those of each hour to come.
    :param coming: Tickets that come in an hour, by the hours allowed for the first answer.

    5 are late and 10 fall due in the first two hours; 1 in an hour comes with an hour allowed
    (so it falls due within the two hours only if it comes in the first); 3 are answered in an hour:

    >>> late(2, [5, 4, 6, 20], {1: 1.0}, 3.0)
    10.0
    """
    known = sum(due[: hours + 1])
    new = sum(rate * max(0, hours - allowed) for allowed, rate in coming.items())
    return max(0.0, known + new - pace_per_hour * hours)


def _outlook(team: str, due: list[int], pace: float | None, coming: dict[int, float]) -> Outlook:
    late_24, late_48 = (
        None if pace is None else round(late(hours, due, coming, pace / 24)) for hours in (24, 48)
    )
    hours = due[1 : HORIZON + 1]
    return Outlook(
        team=team,
        waiting=sum(due),
        late_now=due[0],
        due=tuple(sum(hours[at : at + STEP]) for at in range(0, HORIZON, STEP)),
        later=due[-1],
        pace=pace,
        incoming=24 * sum(coming.values()),
        late_24=late_24,
        late_48=late_48,
    )


def _recent(answered: Counter[tuple[Any, Any]], youngest: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for (team, age), count in answered.items():
        if youngest <= age < youngest + WINDOW:
            found[team] += count
    return found


def _coming(new: Counter[tuple[Any, Any]], team: str, youngest: int) -> dict[int, float]:
    """Tickets in an hour by the hours allowed, over the seven days that end with the newest."""
    found: dict[int, float] = {}
    for (name, code), count in sorted(new.items()):
        allowed, age = divmod(code, OLDEST + 1)
        if name == team and youngest <= age < youngest + WINDOW:
            found[allowed] = found.get(allowed, 0.0) + count / (24 * WINDOW)
    return found
