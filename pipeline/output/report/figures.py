"""Counts for the page, taken batch by batch, so that memory does not grow with the export.

A *cross* is a counter of pairs: (day, category), (team, hours to the deadline) ... Ages are whole
periods of 24 hours before `now`, so that a week is seven of them and no day is half.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ticket import CLOSED_STATES, SLA_WAITING

Ints = npt.NDArray[np.int64]

#: Ages (in days) from which tickets are put together.
OLDEST: Final = 400
#: How far the forecast looks, in hours, and the width of one step.
HORIZON: Final = 48
#: A stranger's column may hold any number of different values: when a counter has so many pairs
#: (some 10 MB), new ones are put together.
_PAIRS_AT_MOST: Final = 50_000
_OTHERS: Final = "(others)"
#: Up to so many different pairs, counting in an array is faster than sorting.
_SMALL: Final = 1 << 18
#: What tickets often lack; the page says how many do.
GAPS: Final = ("created_at", "order_id", "country", "channel", "sku", "customer_id")

_HOUR: Final = 3_600
_DAY: Final = 24 * _HOUR


class _Coded(NamedTuple):
    """A column as numbers: `values[code]` for each row."""

    values: Sequence[Any]
    codes: Ints


class Figures:
    """What the page counts of all accepted tickets.

    :param now: From when ages and deadlines are looked at.
    """

    #: name of the cross: its two columns, and which rows count.
    _CROSSES: Final = (
        ("day_category", "day", "category", "all"),
        ("age_reason", "age", "reason", "dated"),
        ("age_category", "age", "category", "dated"),
        ("age_country", "age", "country", "dated"),
        ("age_language", "age", "language", "dated"),
        ("age_channel", "age", "channel", "dated"),
        ("age_team", "age", "team", "dated"),
        ("team_new", "team", "allowed_age", "dated"),
        ("team_due", "team", "due", "waiting"),
        ("step_due", "step", "step_due", "owed"),
        ("team_open", "team", "level", "open"),
        ("team_answered", "team", "answered", "answered"),
        ("country", "country", "one", "all"),
        ("channel", "channel", "one", "all"),
        ("language_review", "language", "review", "all"),
        ("category_sure", "category", "sure", "all"),
    )

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._now = int(now.timestamp())
        self.crosses: dict[str, Counter[tuple[Any, Any]]] = {
            name: Counter() for name, *_ in self._CROSSES
        }
        self.confidence: Counter[str] = Counter()
        self.gaps: Counter[str] = Counter()
        self.newest: int | None = None
        self.later = 0

    @property
    def youngest(self) -> int:
        """Age of the newest ticket in whole days; 0 when none has a time or it is of today."""
        if self.newest is None:
            return 0
        return min(max(0, (self._now - self.newest) // _DAY), OLDEST)

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the tickets of `batch`, which has all columns of the contract."""
        if not batch.num_rows:
            return
        columns, masks = self._columns(batch), self._masks(batch)
        for name, one, two, rows in self._CROSSES:
            where = masks[rows]
            if where is None or where.any():
                _count(self.crosses[name], columns[one], columns[two], where)
        language = columns["language"]
        sure = np.nan_to_num(_numbers(batch, "category_confidence"))
        sums = np.bincount(language.codes, sure, len(language.values))
        for value, total in zip(language.values, sums.tolist(), strict=True):
            self.confidence[value] += total
        for name in GAPS:
            self.gaps[name] += _missing(batch.column(name))

    def _columns(self, batch: pa.RecordBatch) -> dict[str, _Coded]:
        created, dated = _seconds(batch, "created_at")
        due, _ = _seconds(batch, "first_response_due_at")
        answered, _ = _seconds(batch, "first_response_at")
        if dated.any():
            self.newest = max(self.newest or 0, int(created[dated].max()))
            self.later += int((created[dated] > self._now).sum())
        age = np.clip((self._now - created) // _DAY, 0, OLDEST)
        allowed = np.clip(np.ceil((due - created) / _HOUR).astype(np.int64), 0, HORIZON)
        day = np.where(dated, created // _DAY, -1)
        hours, step_hours = (
            np.clip((one - self._now) // _HOUR, -1, HORIZON)
            for one in (due, _seconds(batch, "next_step_due_at")[0])
        )
        sure = np.clip(10 * np.nan_to_num(_numbers(batch, "category_confidence")), 0, 9)
        texts = {
            name: _coded(batch.column(of))
            for name, of in (
                ("category", "category"),
                ("reason", "reason"),
                ("level", "urgency_level"),
                ("language", "language"),
                ("country", "country"),
                ("channel", "channel"),
                ("team", "team"),
                ("step", "next_step"),
            )
        }
        review = np.asarray(batch.column("needs_review").fill_null(False).to_numpy(False), bool)
        numbers = {
            "age": age,
            "day": day,
            "allowed_age": allowed * (OLDEST + 1) + age,
            "due": hours,
            "step_due": step_hours,
            "answered": np.clip((self._now - answered) // _DAY, 0, OLDEST),
            "sure": sure.astype(np.int64),
            "review": review.astype(np.int64),
            "one": np.zeros(batch.num_rows, np.int64),
        }
        return texts | {name: _ranged(values) for name, values in numbers.items()}

    def _masks(self, batch: pa.RecordBatch) -> dict[str, Any]:
        is_open = self._open(batch)
        _, dated = _seconds(batch, "created_at")
        _, answered = _seconds(batch, "first_response_at")
        _, step_dated = _seconds(batch, "next_step_due_at")
        waits = pc.is_in(batch.column("sla_state"), pa.array(SLA_WAITING, pa.large_string()))
        return {
            "all": None,
            "dated": dated,
            "open": is_open,
            "waiting": is_open & np.asarray(waits.to_numpy(False), bool),
            "owed": is_open & step_dated,
            "answered": answered,
        }

    def _open(self, batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
        closed = pc.is_in(batch.column("status"), pa.array(CLOSED_STATES, pa.large_string()))
        return ~np.asarray(closed.to_numpy(False), bool)


def _coded(column: pa.Array) -> _Coded:
    found = column.dictionary_encode()
    return _Coded(found.dictionary.to_pylist(), found.indices.to_numpy(False).astype(np.int64))


def _ranged(values: Ints) -> _Coded:
    """Whole numbers in a small range as codes of themselves."""
    low = int(values.min())
    return _Coded(range(low, int(values.max()) + 1), values - low)


def _count(
    counter: Counter[tuple[Any, Any]],
    one: _Coded,
    two: _Coded,
    where: npt.NDArray[np.bool_] | None,
) -> None:
    pairs = one.codes * len(two.values) + two.codes
    if where is not None:
        pairs = pairs[where]
    if len(one.values) * len(two.values) <= _SMALL:
        every = np.bincount(pairs)
        found = np.flatnonzero(every)
        sizes = every[found]
    else:
        found, sizes = np.unique(pairs, return_counts=True)
    for pair, size in zip(found.tolist(), sizes.tolist(), strict=True):
        a, b = divmod(pair, len(two.values))
        key = (one.values[a], two.values[b])
        if len(counter) >= _PAIRS_AT_MOST and key not in counter:
            key = (_put_together(key[0]), _put_together(key[1]))
        counter[key] += size


def _put_together(value: Any) -> Any:
    return _OTHERS if isinstance(value, str) else value


def _numbers(batch: pa.RecordBatch, name: str) -> npt.NDArray[np.float64]:
    return np.asarray(batch.column(name).to_numpy(False), float)


def _seconds(batch: pa.RecordBatch, name: str) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Whole seconds since 1970 (0 where unknown), and where they are known."""
    column = batch.column(name)
    known = np.asarray(column.is_valid().to_numpy(False), bool)
    micros = np.asarray(column.cast(pa.int64()).fill_null(0).to_numpy(False), np.int64)
    return micros // 1_000_000, known


def _missing(column: pa.Array) -> int:
    if pa.types.is_large_string(column.type):
        return int(pc.sum(pc.equal(column, "")).as_py() or 0)
    return int(column.null_count)


def day_name(day: int) -> str:
    """The date of a day counted from 1970.

    >>> day_name(0)
    '1970-01-01'
    """
    return str(pd.Timestamp(day, unit="D").date())
