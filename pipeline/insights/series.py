"""Counting by day: which tickets belong to which issue, and how many came in on each day."""

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dispatch.groups import Codes, codes, pairs

DAY: Final = 86_400


class Family(NamedTuple):
    """Issues of one kind. A ticket belongs to one issue at most, or to several (phrases)."""

    kind: str
    """The column that is looked at beside the reason, or ``reason``, or ``phrase``."""
    names: pd.DataFrame
    """One row for each issue: ``reason``, ``value``, ``language``; "" where it does not apply."""
    ticket: Codes
    """Row of a ticket, for each membership."""
    issue: Codes
    """Row of `names`, for each membership."""
    stratum: Codes
    """For each issue, which tickets it is compared with: row of `totals` of `Days`."""


def days_of(created: pd.Series, last: pd.Timestamp) -> Codes:
    """Days since `last`'s day (UTC): 0 is that day, -1 the one before; missing times are 1.

    >>> times = pd.to_datetime(pd.Series(["2026-11-20T23:00Z", "2026-11-19T01:00Z", None]))
    >>> days_of(times, pd.Timestamp("2026-11-20T09:00Z")).tolist()
    [0, -1, 1]
    """
    seconds = created.astype("datetime64[s, UTC]").astype("int64").to_numpy()
    day = seconds // DAY - int(last.timestamp()) // DAY
    return np.where(created.isna(), 1, day).astype(np.int64)


def crossed(tickets: pd.DataFrame, kind: str, few: int, *, any_reason: bool = False) -> Family:
    """Issues that are a reason at one value of column `kind` (``reason``: a reason alone).

    Only those with at least `few` tickets; tickets without a value belong to none.

    :param any_reason: A value counts whatever the reason.
    """
    reason, reasons = _codes(tickets, None if any_reason else "reason")
    value, values = _codes(tickets, None if kind == "reason" else kind)
    cell = pairs(reason, value)
    rows = np.flatnonzero(cell >= 0)
    found, issue, size = np.unique(cell[rows], return_inverse=True, return_counts=True)
    width = int(value.max(initial=0)) + 1
    names = pd.DataFrame(
        {"reason": reasons[found // width], "value": values[found % width], "language": ""}
    )
    return _large(Family(kind, names, rows, issue, np.zeros(len(found), np.int64)), size, few)


def _codes(tickets: pd.DataFrame, column: str | None) -> tuple[Codes, "pd.Index[str]"]:
    if column is None:
        return np.zeros(len(tickets), np.int64), pd.Index([""])
    return codes(tickets[column])


def _large(family: Family, size: Codes, few: int) -> Family:
    """Only issues with at least `few` tickets, numbered anew."""
    keep = size >= few
    number = np.cumsum(keep) - 1
    member = keep[family.issue]
    return family._replace(
        names=family.names[keep].reset_index(drop=True),
        ticket=family.ticket[member],
        issue=number[family.issue[member]],
        stratum=family.stratum[keep],
    )


def daily(
    group: Codes, day: Codes, n_groups: int, n_days: int, weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weighted counts of shape (n_groups, n_days); `day` in 0 .. n_days - 1."""
    flat = np.bincount(group * n_days + day, weight, minlength=n_groups * n_days).astype(float)
    return flat.reshape(n_groups, n_days)
