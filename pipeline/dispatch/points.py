"""The parts of a priority as text that a person can add up."""

from collections.abc import Mapping, Sequence
from functools import cache, reduce
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dispatch.priority import Points

#: One decimal, as `priority` is written.
_STEPS: Final = 10
_TOP: Final = 100 * _STEPS
#: Tickets whose texts are made at once: a dozen columns wait for each other meanwhile.
_AT_ONCE: Final = 50_000


def in_words(
    points: Mapping[str, Points], priority: Points, shown: npt.NDArray[np.bool_]
) -> pd.api.extensions.ExtensionArray:
    """``level 30.0 + urgency 4.8 + waiting 0.3`` for each ticket `shown`, "" for the others.

    The tenths add up to `priority` as it is written, with one decimal: each part is the
    difference of two rounded running sums, so it may be a tenth off, and their sum is not. The
    last part, waiting, takes what the scale leaves of it. Parts of 0.0 are left out.

    >>> level, waiting = np.array([30.0, 0.0, 60.0]), np.array([0.26, 0.04, 0.0])
    >>> parts = {"level": level, "waiting": waiting}
    >>> list(in_words(parts, level + waiting, np.array([True, True, True])))
    ['level 30.0 + waiting 0.3', '', 'level 60.0']
    """
    slices = range(0, max(len(shown), 1), _AT_ONCE)
    parts = [
        _in_words({k: v[i : i + _AT_ONCE] for k, v in points.items()}, priority[i : i + _AT_ONCE],
                  shown[i : i + _AT_ONCE])
        for i in slices
    ]  # fmt: skip
    return pd.array(pa.chunked_array(parts, pa.large_string()), dtype="str")


def _in_words(
    points: Mapping[str, Points], priority: Points, shown: npt.NDArray[np.bool_]
) -> pa.Array:
    rows = np.flatnonzero(shown)
    names = list(points)
    running, before = np.zeros(len(rows)), np.zeros(len(rows), np.int64)
    columns = []
    for name in names:
        running = running + points[name][rows]
        total = priority[rows] if name == names[-1] else running
        tenths = np.rint(np.round(total * _STEPS, 4)).astype(np.int64)
        columns.append(_terms(name).take(pa.array(tenths - before)))
        before = tenths
    texts = join_known(columns, " + ")
    every = np.full(len(shown), len(rows))
    every[rows] = np.arange(len(rows))
    with_empty = pa.concat_arrays([texts, pa.array([""], pa.large_string())])
    return with_empty.take(pa.array(every))


def join_known(columns: Sequence[pa.Array], separator: str) -> pa.Array:
    """The texts of each row that are not null, joined; "" where all of them are.

    Arrow's own join leaves out rows in which everything is null (pyarrow 26).

    >>> a, b = (pa.array(values, pa.large_string()) for values in (["x", None], ["y", None]))
    >>> join_known([a, b], ", ").to_pylist()
    ['x, y', '']
    """
    nothing = reduce(pc.and_, (column.is_null() for column in columns))
    first = pc.if_else(nothing, pa.scalar("", pa.large_string()), columns[0])
    return pc.binary_join_element_wise(
        first, *columns[1:], pa.scalar(separator, pa.large_string()), null_handling="skip"
    )


@cache
def _terms(name: str) -> pa.Array:
    """``name 1.2`` at 12, null at 0."""
    terms = (f"{name} {tenths / _STEPS:.1f}" for tenths in range(1, _TOP + 1))
    return pa.array([None, *terms], pa.large_string())
