"""Rising issues: a reason at a product, seller, warehouse, carrier or country, or a phrase.

For each issue every window of `WINDOWS` days that ends in the days looked at is compared with
the weeks before it (`pipeline.insights.odds` says how). An issue's evidence is its best window,
corrected for the number of windows; over all issues the false-discovery rate is held at
`LEVEL`. What is found explains its tickets: a product's rise lifts its carrier and its
reason too, so the tickets of the strongest issue are weighed down to what was expected and all
is tested again, until nothing stands out. So one cause is reported once, by its best name.

Phrases come last, in what no rising reason explains: something new that has no name yet.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.insights import odds
from pipeline.insights.history import is_complaint
from pipeline.insights.odds import Numbers
from pipeline.insights.phrases import phrases
from pipeline.insights.series import Family, crossed, daily, days_of

#: Where a cause may sit, tried beside the reason.
KINDS: Final = ("sku", "seller_id", "warehouse", "carrier", "country", "reason")
#: Where a cause may show in several reasons at once.
WHOLE: Final = ("sku", "seller_id", "warehouse", "carrier")
#: What is read of a run; phrases, which read the texts too, are left to `insights`.
NEEDED: Final = ("ticket_id", "created_at", "customer_id", "category", *KINDS)
#: Days of a window, and days from one to the next: any two days, and the last weeks.
WINDOWS: Final = {2: 1, 7: 7}
#: Days before a window that it is compared with: eight weeks hold each weekday eight times.
BASELINE: Final = 56
#: Fewer days before it say too little about what is usual.
LEAST_BASELINE: Final = 7
#: An issue needs this many tickets in its window; fewer are handled one by one as quickly.
FEW: Final = 5
#: Counts below this times the expected one are no news, however significant (large exports).
LIFT: Final = 1.5
#: At most one reported issue in twenty is to be false. Benjamini-Hochberg holds that among the
#: issues of a kind; each kind gets an equal part of the level, or ten kinds without anything new
#: would make ten times as many false ones. benchmarks/spikes.py measures what comes of it.
LEVEL: Final = 0.05
_PARTS: Final = len(KINDS) + len(WHOLE) + 1  # and phrases
#: Share of an issue's days that may be spikes.
_SPIKES: Final = 0.05
#: More than this many are no list that anybody reads.
MOST: Final = 50

COLUMNS: Final = (
    "kind",
    "value",
    "reason",
    "language",
    "first_day",
    "last_day",
    "tickets",
    "expected",
    "times",
    "customers",
    "p_adjusted",
    "still_rising",
    "example",
)


class _Best(NamedTuple):
    """The best window of each issue of a family, and how unlikely it is."""

    p: Numbers
    adjusted: Numbers
    window: NDArray[np.int64]
    tickets: Numbers
    expected: Numbers


class _Window(NamedTuple):
    """Days by position: from `start` up to, not including, `end`; baseline from `before`."""

    before: int
    start: int
    end: int


def rising(
    tickets: pd.DataFrame,
    *,
    last: pd.Timestamp | None = None,
    days: int = 28,
    most: int = MOST,
) -> pd.DataFrame:
    """The issues that rose in the last `days` days, the strongest evidence first.

    :param tickets: ``created_at``, ``category``, ``reason``, ``customer_id``, ``ticket_id``, the
        columns of `KINDS` and, for phrases, ``language`` and ``text``. What is no complaint
        (category ``other``) counts for phrases only.
    :param most: Stop after so many issues of combinations, and of phrases; each takes one more
        look at everything.
    :param last: The last day looked at (UTC); default: the newest ticket's.
    :return: Columns `COLUMNS`: ``kind`` (sku, carrier ..., reason, phrase) and ``value`` name
        the issue, with the commonest ``reason`` for a phrase or when several reasons rise
        together; ``tickets`` came from ``first_day`` to ``last_day`` (UTC) where ``expected``
        were, ``times`` as many; ``still_rising`` says that the window reaches the last two
        days; ``p_adjusted`` is the
        share of false ones to expect if all issues up to this one are believed. Empty when
        fewer than `LEAST_BASELINE` days of history are there.
    """
    created = tickets["created_at"]
    last = created.max() if last is None else last
    if pd.isna(last):
        return _frame([])
    day = days_of(created, last)
    span = days + max(WINDOWS) - 1 + BASELINE
    kept = (day <= 0) & (day > -span)
    tickets, day = tickets[kept].reset_index(drop=True), day[kept]
    first = day.min(initial=0)
    day, n_days = day - first, int(1 - first)
    windows = list(_windows(n_days, days))
    if not windows:
        return _frame([])
    return _Search(tickets, day, n_days, windows, last.normalize()).run(most)


def _windows(n_days: int, days: int) -> Iterator[_Window]:
    """The windows that end in the last `days` days and have enough days before them."""
    for length, step in WINDOWS.items():
        for end in range(n_days, max(n_days - days, 0), -step):
            start = end - length
            if start >= LEAST_BASELINE:
                yield _Window(max(0, start - BASELINE), start, end)


class _Search:
    """Finds the strongest issue, weighs its tickets down to what was expected, looks again."""

    def __init__(
        self,
        tickets: pd.DataFrame,
        day: NDArray[np.int64],
        n_days: int,
        windows: Sequence[_Window],
        last: pd.Timestamp,
    ) -> None:
        self._tickets, self._day, self._n_days = tickets, day, n_days
        self._windows, self._last = windows, last
        self._weight = np.ones(len(tickets))

    def run(self, most: int) -> pd.DataFrame:
        complaint = is_complaint(self._tickets).to_numpy(bool)
        tickets, rows = self._tickets[complaint], np.flatnonzero(complaint)
        kinds = [(kind, False) for kind in KINDS] + [(kind, True) for kind in WHOLE]
        families = [
            _moved(crossed(tickets, kind, FEW, any_reason=whole), rows)
            for kind, whole in kinds
            if kind in tickets.columns
        ]
        found = self._strongest_first(families, complaint, most)
        if "text" in self._tickets.columns:
            wordy = (self._tickets["reason"] != "praise").to_numpy(bool)
            found += self._strongest_first([phrases(self._tickets, wordy, FEW)], wordy, most)
        return _frame(found)

    def _strongest_first(
        self, families: Sequence[Family], compared: NDArray[np.bool_], most: int
    ) -> list[dict[str, object]]:
        """Report issues of `families` one by one, each explaining its tickets."""
        found: list[dict[str, object]] = []
        while len(found) < most:
            best = [self._best(family, compared) for family in families]
            # Equal evidence (all complaints of a SKU have one reason): the first, narrowest kind.
            tops = [
                (one.p[at], -one.tickets[at] / one.expected[at], number, at)
                for number, one in enumerate(best)
                for at in np.flatnonzero(one.adjusted <= LEVEL)
            ]
            if not tops:
                break
            _, _, number, at = min(tops)
            found.append(self._report(families[number], best[number], int(at)))
        return found

    def _best(self, family: Family, compared: NDArray[np.bool_]) -> _Best:
        """The adjusted p-value of each issue's best window, among tickets not yet explained."""
        count = self._counts(family)
        strata = self._totals(family, compared)
        total = strata[family.stratum]
        n = len(family.names)
        result = _Best(np.ones(n), np.ones(n), np.zeros(n, np.int64), np.zeros(n), np.ones(n))
        alpha = {length: _alpha(count, total, length) for length in WINDOWS}
        for number, window in enumerate(self._windows):
            own, base = _within(count, window)
            all_own, all_base = _within(total, window)
            expected = odds.expect(
                base, all_base - base, all_own - own, alpha[window.end - window.start]
            )
            look = np.flatnonzero(
                (own >= FEW) & (own >= LIFT * expected.mean) & (all_base > base) & (all_own > own)
            )
            p = odds.tail(own[look], odds.Expectation(*(part[look] for part in expected)))
            better = look[p < result.p[look]]
            result.p[better] = p[p < result.p[look]]
            result.window[better] = number
            result.tickets[better] = own[better]
            result.expected[better] = expected.mean[better]
        corrected = np.minimum(1.0, result.p * len(self._windows))
        adjusted = np.minimum(1.0, odds.false_discovery(corrected) * _PARTS)
        return result._replace(adjusted=adjusted)

    def _counts(self, family: Family) -> Numbers:
        """Running sums of each issue's tickets, shape (n_issues, n_days + 1)."""
        rows = family.ticket
        n = len(family.names)
        return _running(daily(family.issue, self._day[rows], n, self._n_days, self._weight[rows]))

    def _totals(self, family: Family, compared: NDArray[np.bool_]) -> Numbers:
        """The same for all `compared` tickets of each stratum."""
        rows = np.flatnonzero(compared)
        stratum = np.zeros(len(self._tickets), np.int64)
        if family.kind == "phrase":
            stratum = pd.factorize(self._tickets["language"], sort=True)[0]
        n = int(stratum.max(initial=0)) + 1
        return _running(daily(stratum[rows], self._day[rows], n, self._n_days, self._weight[rows]))

    def _report(self, family: Family, best: _Best, at: int) -> dict[str, object]:
        """Describe an issue, and from now on count its tickets for what was expected."""
        window = self._windows[best.window[at]]
        rows = family.ticket[family.issue == at]
        day = self._day[rows]
        rows = rows[(day >= window.start) & (day < window.end)]
        self._weight[rows] *= best.expected[at] / best.tickets[at]
        inside = self._tickets.iloc[rows]
        name = family.names.iloc[at]
        return {
            "kind": family.kind,
            "value": name["value"],
            "reason": name["reason"] or inside["reason"].mode().iloc[0],
            "language": name["language"],
            "first_day": self._date(window.start),
            "last_day": self._date(window.end - 1),
            "tickets": len(rows),
            "expected": float(best.expected[at]),
            "times": float(best.tickets[at] / best.expected[at]),
            "customers": int(inside["customer_id"].replace("", pd.NA).nunique()),
            "p_adjusted": float(best.adjusted[at]),
            "still_rising": window.end > self._n_days - min(WINDOWS),
            "example": inside["ticket_id"].iloc[-1],
        }

    def _date(self, position: int) -> pd.Timestamp:
        return self._last - pd.Timedelta(days=self._n_days - 1 - position)


def _moved(family: Family, rows: NDArray[np.int64]) -> Family:
    return family._replace(ticket=rows[family.ticket])


def _running(counts: Numbers) -> Numbers:
    """Sums up to each day, with a leading 0, so that any window is a difference."""
    return np.pad(np.cumsum(counts, axis=1), ((0, 0), (1, 0)))


def _within(sums: Numbers, window: _Window) -> tuple[Numbers, Numbers]:
    """Tickets in the window, and in the days it is compared with."""
    return (
        sums[:, window.end] - sums[:, window.start],
        sums[:, window.start] - sums[:, window.before],
    )


def _alpha(sums: Numbers, totals: Numbers, length: int) -> float:
    """How much more than chance the issues vary between spans of `length` days.

    The highest spans of each issue are left out: a spike must not hide itself.
    """
    ends = np.arange(sums.shape[1] - 1, -1, -length)[::-1]
    block, total = np.diff(sums[:, ends], axis=1), np.diff(totals[:, ends], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.nan_to_num(block.sum(axis=1) / total.sum(axis=1))[:, None] * total
    kept = block.shape[1] - math.ceil(_SPIKES * block.shape[1])
    usual = np.argsort(block - expected, axis=1)[:, :kept]
    return odds.overdispersion(
        np.take_along_axis(block, usual, axis=1), np.take_along_axis(expected, usual, axis=1)
    )


def _frame(found: Sequence[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(found, columns=list(COLUMNS))
