"""Read whole columns of cells: numbers and states (times have a module of their own).

Each reader takes a Series of dtype ``str`` ("" for empty) and gives one of the same index; what
cannot be read comes out as NaN, and the caller compares with "" to tell it from empty.
"""

import unicodedata
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from pipeline.rules.columns import ColumnRules, fold


class Evidence(NamedTuple):
    """What the values of a column say about a question with two answers.

    Days and months: `first` is day first, `second` month first. Decimal marks: `first` is the
    comma, `second` the point. `unclear`: some value could be either.
    """

    first: bool = False
    second: bool = False
    unclear: bool = False

    def __or__(self, other: "Evidence") -> "Evidence":
        return Evidence(*(a or b for a, b in zip(self, other, strict=True)))

    @property
    def settled(self) -> bool:
        """False when a value could be either and no other one tells which."""
        return self.first or self.second or not self.unclear


_AMOUNT: Final = (
    r"^[^\d+\-.,−]*(?P<sign>[+\-−]?)[^\d+\-.,−]*(?P<digits>[\d.,' \u00a0\u202f’]*\d)[^\d]*$"
)


def numbers(cells: pd.Series, *, comma: bool) -> pd.Series:
    """Return float64; currency signs around a number and thousands marks are dropped.

    :param comma: The column's decimal mark is the comma: settles 1.234 and 1,234.

    >>> given = pd.Series(["41,71", "R$ 1.234,50", "1.234", "4/5"], dtype="str")
    >>> numbers(given, comma=True).tolist()
    [41.71, 1234.5, 1234.0, nan]
    >>> numbers(given, comma=False).tolist()
    [41.71, 1234.5, 1.234, nan]
    """
    given = cells[cells != ""]
    plain = given.where(~given.str.contains(".", regex=False), None) if comma else given
    result = pd.to_numeric(plain, errors="coerce").astype("float64")
    result = result.where(np.isfinite(result))
    left = given[result.isna()]
    if len(left):
        amount, marks = _amounts(left)
        by_comma = marks["comma"] | (marks["open_comma"] & comma)
        by_point = marks["point"] | (marks["open_point"] & (not comma))
        western = amount.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
        english = amount.str.replace(",", "", regex=False)
        whole = english.str.replace(".", "", regex=False)
        picked = western.where(by_comma, english.where(by_point, whole))
        result.update(pd.to_numeric(picked, errors="coerce"))
        result = result.where(np.isfinite(result))  # 400 digits are no amount
    return result.reindex(cells.index)


def decimal_mark(cells: pd.Series) -> Evidence:
    """Evidence on whether the decimal mark is the comma (`first`) or the point (`second`).

    >>> decimal_mark(pd.Series(["1.234", "41,71"], dtype="str"))
    Evidence(first=True, second=False, unclear=True)
    """
    if not cells.str.contains(",", regex=False).any():
        point = bool(cells.str.contains(r"\.(?:\d{1,2}|\d{4,})$").any())
        return Evidence(False, point, bool(cells.str.contains(r"\.\d{3}$").any()))
    _, marks = _amounts(cells[cells != ""])
    unclear = bool((marks["open_comma"] | marks["open_point"]).any())
    return Evidence(bool(marks["comma"].any()), bool(marks["point"].any()), unclear)


def _amounts(cells: pd.Series) -> tuple[pd.Series, pd.DataFrame]:
    """Bare digits and marks of each cell, and what its last mark is: certain or open."""
    wide = cells.map(lambda cell: unicodedata.normalize("NFKC", cell)).astype("str")
    found = wide.str.extract(_AMOUNT)
    digits = found["digits"].str.replace(r"[' \u00a0\u202f’]", "", regex=True)
    last_comma, last_point = digits.str.rfind(","), digits.str.rfind(".")
    tail = digits.str.len() - 1 - np.maximum(last_comma, last_point)
    certain = (tail != 3) | ((last_comma >= 0) & (last_point >= 0))
    comma = (digits.str.count(",") == 1) & (last_comma > last_point)
    point = (digits.str.count(r"\.") == 1) & (last_point > last_comma)
    marks = pd.DataFrame(
        {
            "comma": comma & certain,
            "point": point & certain,
            "open_comma": comma & ~certain,
            "open_point": point & ~certain,
        }
    ).fillna(False)
    sign = found["sign"].str.replace("−", "-", regex=False)
    return sign + digits, marks


def states(cells: pd.Series, rules: ColumnRules) -> pd.Series:
    """Return the state of each status word; "" where the word is empty or not known."""
    known = {word: rules.statuses.get(fold(word), "") for word in cells.unique()}
    return cells.map(known).astype("str")
