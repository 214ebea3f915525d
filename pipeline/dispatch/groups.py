"""Sorting and counting within groups, on arrays: what repeats and incidents share."""

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.int64]


def codes(column: pd.Series) -> tuple[Codes, "pd.Index[str]"]:
    """A number for each distinct text, in order of appearance, and the texts; empty ones are -1.

    >>> codes(pd.Series(["b", "", "a", "b"]))[0].tolist()
    [0, -1, 2, 0]
    """
    found, values = pd.factorize(column)
    numbers = found.astype(np.int64)
    empty = np.flatnonzero(np.asarray(values == "", dtype=bool))
    if len(empty):
        numbers[numbers == empty[0]] = -1
    return numbers, pd.Index(values)


def pairs(left: Codes, right: Codes) -> Codes:
    """One number for each distinct pair of numbers; -1 when either is -1.

    >>> pairs(np.array([0, 0, 1]), np.array([2, -1, 2])).tolist()
    [2, -1, 5]
    """
    width = int(right.max(initial=0)) + 1
    return np.where((left < 0) | (right < 0), -1, left * width + right)


def earlier(group: Codes, order: Codes) -> Codes:
    """How many members of the same group come before each row; 0 where the group is -1.

    :param order: All row positions, first one first.

    >>> earlier(np.array([7, 7, -1, 7]), np.array([3, 2, 1, 0])).tolist()
    [2, 1, 0, 0]
    """
    rows = order[np.argsort(group[order], kind="stable")]
    place = np.arange(len(rows))
    counts = np.empty(len(rows), np.int64)
    counts[rows] = place - np.maximum.accumulate(np.where(starts(group[rows]), place, 0))
    counts[group < 0] = 0
    return counts


def starts(*sorted_keys: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """True where a row differs from the one before in any of the keys; the first row is true.

    >>> starts(np.array([1, 1, 2])).tolist()
    [True, False, True]
    """
    begins = np.ones(len(sorted_keys[0]), dtype=bool)
    begins[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in sorted_keys])
    return begins


def distinct(group: Codes, value: Codes) -> Codes:
    """How many different values each of the groups 0, 1, 2 ... has.

    >>> distinct(np.array([0, 0, 0, 1]), np.array([5, 5, 6, 5])).tolist()
    [2, 1]
    """
    order = np.lexsort((value, group))
    first = starts(group[order], value[order])
    return np.bincount(group[order][first])
