"""Frequent issues: what is complained about most, where, and how that changed.

A period is compared with the one of the same length before it. Shares of all complaints are
compared, not counts, so that a busy season makes no issue look worse.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from pipeline.insights.history import is_complaint
from pipeline.insights.odds import Numbers
from pipeline.insights.survival import Z
from pipeline.insights.words import characteristic

#: What a reason is crossed with; "" is the reason alone.
KINDS: Final = ("", "sku", "carrier", "seller_id", "country")
#: One ticket is not frequent.
_FEWEST: Final = 2
COLUMNS: Final = (
    "kind",
    "value",
    "reason",
    "tickets",
    "share",
    "before",
    "times",
    "low",
    "high",
    "lift",
    "words",
)


def frequent(
    tickets: pd.DataFrame, *, last: pd.Timestamp | None = None, days: int = 7, top: int = 10
) -> pd.DataFrame:
    """The `top` issues of each kind in the last `days` days, the most frequent first.

    :param tickets: ``created_at``, ``category``, ``reason``, the columns of `KINDS`, and for
        words ``language`` and ``text``.
    :return: Columns `COLUMNS`: ``tickets`` and ``share`` of all complaints in the period,
        ``before`` the tickets of the period before, ``times`` the share divided by the share
        before with its 95 % interval, ``lift`` how many times as many as if the reason had
        nothing to do with the value, ``words`` the characteristic words by language.
    """
    complaints = tickets[is_complaint(tickets)].reset_index(drop=True)
    last = complaints["created_at"].max() if last is None else last
    if pd.isna(last):
        return pd.DataFrame([], columns=list(COLUMNS))
    end = last.normalize() + pd.Timedelta(days=1)
    length = pd.Timedelta(days=days)
    created = complaints["created_at"]
    now = complaints[created.between(end - length, end, inclusive="left")]
    before = complaints[created.between(end - 2 * length, end - length, inclusive="left")]
    frames = [_of_kind(now, before, kind, top) for kind in KINDS if not kind or kind in complaints]
    found = pd.concat(frames, ignore_index=True)
    if "text" in now and len(found):
        found["words"] = characteristic(now, found)
    return found[list(COLUMNS)]


def _of_kind(now: pd.DataFrame, before: pd.DataFrame, kind: str, top: int) -> pd.DataFrame:
    keys = ["reason", kind] if kind else ["reason"]
    now, before = _named(now, keys), _named(before, keys)
    counts = now.groupby(keys).size().rename("tickets").reset_index()
    counts = (
        counts[counts["tickets"] >= _FEWEST]
        .sort_values(["tickets", *keys], ascending=[False, *[True] * len(keys)], ignore_index=True)
        .head(top)
    )
    was = before.groupby(keys).size().rename("before").reset_index()
    found = counts.merge(was, on=keys, how="left")
    found["before"] = found["before"].fillna(0).astype("int64")
    found["share"] = found["tickets"] / max(len(now), 1)
    found["times"], found["low"], found["high"] = _ratio(
        found["tickets"].to_numpy(float), len(now), found["before"].to_numpy(float), len(before)
    )
    found["lift"] = np.nan
    if kind:
        by_reason, by_value = (
            now[key].value_counts().reindex(found[key]).to_numpy(float) for key in keys
        )
        found["lift"] = found["tickets"] * len(now) / (by_reason * by_value)
    value = found[kind] if kind else ""
    return found.assign(kind=kind, value=value, words="").reindex(columns=list(COLUMNS))


def _named(tickets: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    return tickets[(tickets[list(keys)] != "").all(axis=1)]


def _ratio(now: Numbers, of: int, before: Numbers, of_before: int) -> tuple[Numbers, ...]:
    """Shares divided, and the 95 % interval on the log scale; half a ticket added to each."""
    if not of or not of_before:
        return tuple(np.full(len(now), np.nan) for _ in range(3))
    ratio = ((now + 0.5) / of) / ((before + 0.5) / of_before)
    half = Z * np.sqrt(1 / (now + 0.5) + 1 / (before + 0.5))
    return ratio, ratio * np.exp(-half), ratio * np.exp(half)
