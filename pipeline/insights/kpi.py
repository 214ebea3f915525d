"""How well complaints are handled: times, shares, satisfaction, each with n and an interval.

All numbers are about complaints (category ``other`` is praise, questions and spam), counted by
when they came in (UTC), and know nothing of working hours: a night is as long as a day.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.insights.history import is_complaint
from pipeline.insights.survival import (
    Estimate,
    done_within,
    kaplan_meier,
    proportion,
    quantile,
)
from pipeline.ticket import CLOSED_STATES, OPEN_STATES

#: What the numbers are split by. ``month`` and ``quarter`` are those of created_at.
GROUPINGS: Final = ("all", "month", "quarter", "team", "agent", "category", "language")

#: A satisfaction of at least this much of the way from worst to best counts as satisfied: 4 of
#: 1..5, as is usual.
_SATISFIED: Final = 0.75
#: Worst and best of the usual scales; the first that holds all values of the export is meant.
_SCALES: Final = ((0, 1), (1, 5), (0, 10), (0, 100))

COLUMNS: Final = ("by", "group", "kpi", "n", "value", "low", "high", "unit", "target", "met")


class Kpi(NamedTuple):
    """One number: its unit, what the documents want, what it means, how it is computed."""

    unit: str
    target: float | None
    meaning: str
    compute: Callable[["_Measures", NDArray[np.int64]], tuple[int, Estimate]]


class _Measures(NamedTuple):
    """What the numbers are made of, one value for each complaint; hours and truth values."""

    response: NDArray[np.float64]
    responded: NDArray[np.bool_]
    resolution: NDArray[np.float64]
    resolved: NDArray[np.bool_]
    in_time: NDArray[np.bool_]
    judged: NDArray[np.bool_]
    closed: NDArray[np.bool_]
    stated: NDArray[np.bool_]
    once_resolved: NDArray[np.bool_]
    came_back: NDArray[np.bool_]
    rated: NDArray[np.bool_]
    satisfied: NDArray[np.bool_]


def kpis(tickets: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """Every KPI, for every group of `GROUPINGS`; columns `COLUMNS`.

    ``n`` is how many tickets the number rests on, ``value`` the number, ``low`` and ``high`` its
    95 % interval (hours, or shares in 0..1). A median or p90 is infinite when too many tickets are
    still open to know it. What the export says nothing about (no column of satisfaction, say)
    is left out. ``met`` compares with ``target``, where the documents set one.

    :param now: Open tickets have waited until then (UTC).
    """
    tickets = tickets[is_complaint(tickets)].reset_index(drop=True)
    measures = _measures(tickets, now)
    rows = [
        (by, group, name, n, *estimate, kpi.unit, kpi.target, _met(kpi, estimate))
        for by, group, chosen in groups(tickets)
        for name, kpi in KPIS.items()
        for n, estimate in [kpi.compute(measures, chosen)]
        if n
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def groups(tickets: pd.DataFrame) -> Iterator[tuple[str, str, NDArray[np.int64]]]:
    """Each grouping, each value that occurs, in order, and the rows that have it."""
    naive = tickets["created_at"].dt.tz_localize(None)
    keys = {
        "all": pd.Series("", index=tickets.index),
        "month": naive.dt.strftime("%Y-%m"),
        "quarter": naive.dt.to_period("Q").astype(str).where(naive.notna()),
    }
    for by in GROUPINGS:
        key = keys[by] if by in keys else tickets[by].replace("", np.nan)
        for value, rows in sorted(tickets.groupby(key).indices.items()):
            yield by, str(value), np.asarray(rows)


def is_satisfied(csat: pd.Series) -> pd.Series:
    """True where a customer was satisfied; the scale is found from the values.

    Scales are 0..1, 1..5, 0..10 and 0..100; from three quarters of the way up it is satisfied.

    >>> is_satisfied(pd.Series([5, 4, 3, None])).tolist()
    [True, True, False, False]
    >>> is_satisfied(pd.Series([100, 70])).tolist()
    [True, False]
    """
    top = csat.max()
    scale = next((scale for scale in _SCALES if not top > scale[1]), _SCALES[-1])
    worst, best = scale
    return csat >= worst + _SATISFIED * (best - worst)


def _measures(tickets: pd.DataFrame, now: pd.Timestamp) -> _Measures:
    created, status = tickets["created_at"], tickets["status"]
    first, solved = tickets["first_response_at"], tickets["resolved_at"]
    is_open = status.isin(OPEN_STATES).to_numpy()
    closed = status.isin(CLOSED_STATES).to_numpy()
    # A ticket that is open although it was resolved before was opened again.
    responded, resolved = first.notna().to_numpy(), solved.notna().to_numpy() & ~is_open
    response = _hours(created, first.where(first.notna(), now))
    resolution = _hours(created, solved.where(resolved, now))
    # What is closed without saying when cannot be timed, and no answer at all in a whole export
    # means that the export does not name answers.
    response[~responded & (closed | ~responded.any())] = np.nan
    resolution[~resolved & (closed | ~resolved.any())] = np.nan
    once = solved.notna().to_numpy() | closed
    state = tickets["sla_state"]
    return _Measures(
        response=response,
        responded=responded,
        resolution=resolution,
        resolved=resolved,
        in_time=(state == "met").to_numpy(bool),
        judged=state.isin(("met", "missed", "breached")).to_numpy(),
        closed=closed,
        stated=np.full(len(tickets), bool(closed.any())),
        once_resolved=once,
        came_back=once & (is_open | _order_came_back(tickets)),
        rated=tickets["csat"].notna().to_numpy(),
        satisfied=is_satisfied(tickets["csat"]).to_numpy(bool),
    )


def _hours(start: pd.Series, end: pd.Series) -> NDArray[np.float64]:
    """Hours from start to end; NaN when the end is before the start, or one is missing."""
    hours = (end - start).dt.total_seconds().to_numpy(np.float64, copy=True) / 3600
    hours[hours < 0] = np.nan
    return hours


def _order_came_back(tickets: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether the same order has a complaint that came in after this one was resolved."""
    order = tickets["order_id"].replace("", np.nan)
    latest = tickets["created_at"].groupby(order).transform("max")
    return (latest > tickets["resolved_at"]).to_numpy(bool, na_value=False)


def _time(durations: str, done: str, share: float) -> Callable[..., tuple[int, Estimate]]:
    def compute(measures: _Measures, rows: NDArray[np.int64]) -> tuple[int, Estimate]:
        hours, ended = getattr(measures, durations)[rows], getattr(measures, done)[rows]
        known = ~np.isnan(hours)
        return int(known.sum()), quantile(kaplan_meier(hours[known], ended[known]), share)

    return compute


def _within(hours_allowed: float) -> Callable[..., tuple[int, Estimate]]:
    def compute(measures: _Measures, rows: NDArray[np.int64]) -> tuple[int, Estimate]:
        hours, ended = measures.response[rows], measures.responded[rows]
        known = ~np.isnan(hours)
        curve = kaplan_meier(hours[known], ended[known])
        return int(known.sum()), done_within(curve, hours_allowed)

    return compute


def _share(part: str, whole: str) -> Callable[..., tuple[int, Estimate]]:
    def compute(measures: _Measures, rows: NDArray[np.int64]) -> tuple[int, Estimate]:
        of, hit = getattr(measures, whole)[rows], getattr(measures, part)[rows]
        n = int(of.sum())
        return n, proportion(int((hit & of).sum()), n)

    return compute


def _met(kpi: Kpi, estimate: Estimate) -> bool | None:
    return None if kpi.target is None else estimate.value >= kpi.target


#: The documents: an answer to every complaint within 24 hours, 85 % satisfied, 80 % of those asked
#: answer the question.
KPIS: Final[dict[str, Kpi]] = {
    "first_response_median": Kpi(
        "hours",
        None,
        "half of the complaints had a first answer by then, open ones counted",
        _time("response", "responded", 0.5),
    ),
    "first_response_p90": Kpi(
        "hours",
        None,
        "nine in ten had a first answer by then, open ones counted",
        _time("response", "responded", 0.9),
    ),
    "answered_within_24h": Kpi(
        "share", 1.0, "had a first answer within 24 hours, open ones counted", _within(24)
    ),
    "deadline_met": Kpi(
        "share",
        None,
        "of those answered or overdue: answered by their deadline",
        _share("in_time", "judged"),
    ),
    "resolution_median": Kpi(
        "hours",
        None,
        "half were resolved by then, open ones counted",
        _time("resolution", "resolved", 0.5),
    ),
    "resolution_p90": Kpi(
        "hours",
        None,
        "nine in ten were resolved by then, open ones counted",
        _time("resolution", "resolved", 0.9),
    ),
    "resolution_rate": Kpi("share", None, "are solved or closed now", _share("closed", "stated")),
    "reopen_rate": Kpi(
        "share",
        None,
        "of those once resolved: open again, or followed by a complaint about the same order",
        _share("came_back", "once_resolved"),
    ),
    "satisfaction": Kpi(
        "share",
        0.85,
        "of the customers who answered the question: satisfied",
        _share("satisfied", "rated"),
    ),
    "satisfaction_answered": Kpi(
        "share",
        0.8,
        "of the customers whose complaint was resolved: answered the satisfaction question",
        _share("rated", "once_resolved"),
    ),
}
