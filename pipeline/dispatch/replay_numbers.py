"""What a replay shows: numbers of each order, and how many agents a team would need."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipeline.dispatch.disciplines import Standing
from pipeline.dispatch.priority import Points
from pipeline.dispatch.replaying import Arrivals, replay
from pipeline.dispatch.staffing import Group, Hours, openings
from pipeline.ticket import LEVELS

#: The share of tickets answered in time that staffing aims at.
TARGET: Final = 0.95
#: A ticket starves when one of a low or normal level that came so much later goes before it. Our
#: order promises that none does, unless it is answered within its time (`dispatch.priority`).
STARVING_DAYS: Final = 14
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_URGENT: Final = LEVELS.index("high")


def numbers(arrivals: Arrivals, answered: Points) -> dict[str, Any]:
    """The numbers of one order; hours are rounded to hundredths, shares to ten-thousandths."""
    standing = arrivals.standing
    late = is_late(standing, answered)
    level = standing.level
    return {
        "late_critical_high": int(late[level >= _URGENT].sum()),
        **_waits(standing, answered),
        "longest_wait_h": _hours(np.nanmax(answered - standing.created, initial=0.0)),
        "starving": int(starving(arrivals, answered).sum()),
        "late_by_level": {
            name: {"late": int(late[level == n].sum()), "of": int((level == n).sum())}
            for n, name in reversed(list(enumerate(LEVELS)))
        },
        "by_language": {
            str(language): {
                "tickets": int(here.sum()),
                "late": int(late[here].sum()),
                **_waits(standing, answered, here),
            }
            for language in np.unique(arrivals.language.astype(str))
            for here in [arrivals.language == language]
        },
        "nobody_reads": int(np.isnan(answered).sum()),
    }


def is_late(standing: Standing, answered: Points) -> npt.NDArray[np.bool_]:
    """Answered after its deadline, or never."""
    return ~(answered <= standing.due)


def starving(arrivals: Arrivals, answered: Points) -> npt.NDArray[np.bool_]:
    """Which tickets starve: a later one of their team went before them (see `STARVING_DAYS`)."""
    found = np.zeros(len(answered), bool)
    for team in np.unique(arrivals.team.astype(str)):
        rows = np.flatnonzero(arrivals.team == team)
        found[rows] = _starving(arrivals.only(rows).standing, answered[rows])
    return found


def _starving(standing: Standing, answered: Points) -> npt.NDArray[np.bool_]:
    """Of one team: the first answer to those who came so much later is looked up for each."""
    calm = np.flatnonzero((standing.level < _URGENT) & ~np.isnan(answered))
    if not len(calm):
        return np.zeros(len(answered), bool)
    earliest = np.minimum.accumulate(answered[calm][::-1])[::-1]
    created = standing.created
    begins = np.searchsorted(created[calm], created + STARVING_DAYS * _DAY)
    return np.append(earliest, np.inf)[begins] < np.nan_to_num(answered, nan=np.inf)


def agents_needed(
    arrivals: Arrivals, groups: Sequence[Group], hours: Mapping[str, Hours]
) -> dict[str, dict[str, Any]]:
    """For each team: its tickets, its agents, how many it needs for `TARGET`, the best possible.

    `needs` is null where not even an agent for every ticket would reach it within these hours;
    `at_most` is the share that such a crowd would answer in time.
    """
    found = {}
    for team in sorted({group.team for group in groups}):
        rows = np.flatnonzero(arrivals.team == team)
        if not len(rows):
            continue
        own = arrivals.only(rows)
        best = _at_most(own, hours[team])
        found[team] = {
            "tickets": len(rows),
            "agents": sum(group.agents for group in groups if group.team == team),
            "needs": _needs(own, team, hours) if best >= TARGET else None,
            "at_most": round(best, 4),
        }
    return found


def _needs(arrivals: Arrivals, team: str, hours: Mapping[str, Hours]) -> int:
    """The smallest number of agents that keeps the target.

    Beginning with those who can do that much work at all, doubled, then halved in.
    """

    def enough(count: int) -> bool:
        answered = replay(arrivals, [Group(team, None, count)], hours, "ours")
        return float((~is_late(arrivals.standing, answered)).mean()) >= TARGET

    least = _least(arrivals, hours[team])
    low, high = least - 1, least
    while not enough(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _least(arrivals: Arrivals, hours: Hours) -> int:
    """Fewer agents cannot do `TARGET` of the work from the first arrival to the last deadline."""
    time = arrivals.standing.due.max() - arrivals.standing.created.min() + _DAY
    open_share = hours.per_week / (7 * 24)
    return max(1, int(TARGET * arrivals.service.sum() / (time * open_share)))


def _at_most(arrivals: Arrivals, hours: Hours) -> float:
    standing = arrivals.standing
    begins = np.array(openings(hours, arrivals.epoch + standing.created)) - arrivals.epoch
    return float((begins + arrivals.service <= standing.due).mean())


def _waits(
    standing: Standing, answered: Points, here: npt.NDArray[np.bool_] | slice = slice(None)
) -> dict[str, float | None]:
    """Of the first responses `here`: the share within 24 hours, half of them, nine in ten."""
    waits = (answered - standing.created)[here]
    waits = np.where(np.isnan(waits), np.inf, waits)
    middle, most = np.quantile(waits, [0.5, 0.9], method="higher") if len(waits) else (0.0, 0.0)
    return {
        "within_24h": round(float((waits <= _DAY).mean()), 4) if len(waits) else 0.0,
        "p50_first_response_h": _hours(middle),
        "p90_first_response_h": _hours(most),
    }


def _hours(seconds: float) -> float | None:
    return round(float(seconds) / _HOUR, 2) if np.isfinite(seconds) else None
