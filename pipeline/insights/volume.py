"""Days on which more complaints came in than the season explains.

`rising` compares issues with each other, so it does not see a day on which everything rises.
Here the count of each day is compared with a negative binomial regression on the weekday and a
steady growth, fitted to the eight weeks before (statsmodels), whole and by language, country,
channel and category.
"""

import warnings
from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from pipeline.dispatch.groups import Codes
from pipeline.insights import odds
from pipeline.insights.history import is_complaint
from pipeline.insights.odds import Numbers
from pipeline.insights.series import days_of

KINDS: Final = ("language", "country", "channel", "category")
#: The days that are judged, and those they are compared with.
JUDGED, BASELINE = 7, 56
#: Less than two weeks show no weekday pattern.
_LEAST_BASELINE: Final = 14
#: Fewer in the baseline cannot carry seven weekdays and a trend.
_LEAST_TICKETS: Final = 50
_LEVEL: Final = 0.02
_LIFT: Final = 1.5
COLUMNS: Final = ("kind", "value", "day", "tickets", "expected", "times", "p_adjusted")


def busy_days(tickets: pd.DataFrame, *, last: pd.Timestamp | None = None) -> pd.DataFrame:
    """The days of the last week with unusually many complaints, the most unusual first.

    :param tickets: ``created_at``, ``category`` and the columns of `KINDS` that are there.
    :return: Columns `COLUMNS`; ``kind`` is "all" for all complaints. Empty when there are fewer
        than 14 days of history.
    """
    last = tickets["created_at"].max() if last is None else last
    empty = pd.DataFrame([], columns=list(COLUMNS))
    if pd.isna(last):
        return empty
    day = days_of(tickets["created_at"], last)
    kept = (day <= 0) & (day > -JUDGED - BASELINE) & is_complaint(tickets).to_numpy(bool)
    tickets, day = tickets[kept], day[kept]
    n_days = 1 - int(day.min(initial=0))
    if n_days < JUDGED + _LEAST_BASELINE:
        return empty
    frames = [
        _judge(np.bincount(day[rows] + n_days - 1, minlength=n_days), last).assign(
            kind=kind, value=value
        )
        for kind, value, rows in _groups(tickets)
        if (day[rows] <= -JUDGED).sum() >= _LEAST_TICKETS
    ]
    if not frames:
        return empty
    found = pd.concat(frames, ignore_index=True)
    found["p_adjusted"] = odds.false_discovery(found["p"].to_numpy())
    high = (found["p_adjusted"] <= _LEVEL) & (found["times"] >= _LIFT)
    return found[high].sort_values("p", kind="stable", ignore_index=True)[list(COLUMNS)]


def _groups(tickets: pd.DataFrame) -> Iterator[tuple[str, str, Codes]]:
    yield "all", "", np.arange(len(tickets))
    for kind in KINDS:
        if kind in tickets:
            for value, rows in sorted(tickets.groupby(kind).indices.items()):
                if value:
                    yield kind, str(value), np.asarray(rows)


def _judge(counts: Codes, last: pd.Timestamp) -> pd.DataFrame:
    """How likely so many tickets are on each of the last `JUDGED` days."""
    dates = pd.date_range(end=last.normalize(), periods=len(counts))
    expected = _season(counts[:-JUDGED].astype(float), dates)
    judged = counts[-JUDGED:].astype(float)
    return pd.DataFrame(
        {
            "day": dates[-JUDGED:],
            "tickets": counts[-JUDGED:],
            "expected": expected.mean,
            "times": judged / expected.mean,
            "p": odds.tail(judged, expected),
        }
    )


def _season(base: Numbers, dates: pd.DatetimeIndex) -> odds.Expectation:
    """What weekday and growth in `base` lead one to expect on the days after it.

    Starts from a Poisson fit, whose residuals say how overdispersed the days are.
    """
    from statsmodels.genmod.families import NegativeBinomial, Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    weekday = np.eye(7)[dates.day_of_week]
    growth = (np.arange(len(dates)) - len(base)) / 7
    design = np.column_stack([weekday, growth])
    seen = weekday[: len(base)].T @ base > 0  # a weekday without a ticket has no finite mean
    columns = np.append(seen, True)
    known, ahead = design[: len(base), columns], design[len(base) :, columns]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # counts that fit a weekday exactly are no fault
        fit = GLM(base, known, family=Poisson()).fit()
        alpha = max(odds.overdispersion(base, fit.fittedvalues), 1e-6)
        fit = GLM(base, known, family=NegativeBinomial(alpha=alpha)).fit()
    spread = np.einsum("ij,jk,ik->i", ahead, fit.cov_params(), ahead)
    mean = np.exp(np.clip(ahead @ fit.params, -20, 20))
    return odds.Expectation(np.maximum(mean, 0.5), alpha + spread)
