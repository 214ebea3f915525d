"""Which tickets of a batch fit the conditions of a rule, all tickets at once."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.rules.conditions import REPEATS_COLUMN, VALUE_COLUMN, Condition, reads
from pipeline.rules.names import country_code, currency_code, is_shared_sign

Mask = npt.NDArray[np.bool_]


class Facts:
    """A batch as the rules see it; each distinct text of a column is judged only once."""

    def __init__(self, tickets: pd.DataFrame, currencies: Mapping[str, float]) -> None:
        self._tickets = tickets
        self._currencies = currencies
        self._coded: dict[str, tuple[npt.NDArray[Any], list[str]]] = {}
        self._numbers: dict[str, npt.NDArray[np.float64]] = {}

    def fit(self, conditions: Iterable[Condition]) -> Mask:
        """True where all of `conditions` hold (everywhere when there are none)."""
        fits = np.ones(len(self._tickets), dtype=bool)
        for condition in conditions:
            fits &= self._fit_one(condition)
        return fits

    def first_fit(self, rules: Iterable[tuple[Condition, ...]]) -> npt.NDArray[np.intp]:
        """For each ticket the index of the first of `rules` that fits, or -1."""
        chosen = np.full(len(self._tickets), -1, dtype=np.intp)
        for index, conditions in enumerate(rules):
            chosen[(chosen < 0) & self.fit(conditions)] = index
        return chosen

    def _fit_one(self, condition: Condition) -> Mask:
        column, test, *_ = condition.field
        if test == "flag":
            return self._tickets[column].to_numpy(bool) == bool(condition.bound)
        if test == "min":
            return self._number(column) >= condition.bound
        if test == "max":
            return self._number(column) <= condition.bound
        codes, values = self._codes(column)
        if test == "country":
            values = [country_code(value).lower() or value for value in values]
        if test in {"in", "country"}:
            fits = [value in condition.values for value in values]
        else:
            fits = [reads(condition.values, value) for value in values]
        return np.array([*fits, False])[codes]  # the code -1 (no value) picks the last one

    def _codes(self, column: str) -> tuple[npt.NDArray[Any], list[str]]:
        if column not in self._coded:
            codes, values = pd.factorize(self._tickets[column])
            self._coded[column] = codes, [str(value).strip().lower() for value in values]
        return self._coded[column]

    def _number(self, column: str) -> npt.NDArray[np.float64]:
        if column not in self._numbers:
            self._numbers[column] = self._read_number(column)
        return self._numbers[column]

    def _read_number(self, column: str) -> npt.NDArray[np.float64]:
        if column == VALUE_COLUMN:
            return dollars(self._tickets, self._currencies)
        if column == REPEATS_COLUMN and column not in self._tickets:
            return np.zeros(len(self._tickets))
        return self._tickets[column].to_numpy(float)


def dollars(tickets: pd.DataFrame, currencies: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """`order_value` in US dollars, NaN where there is none or its currency is not known.

    An amount without a known currency weighs nothing: 39,000 won are no fortune. Signs that
    several currencies share are decided by ``country`` where the frame has it.

    >>> orders = pd.DataFrame({"order_value": [1000.0, 20.0], "currency": ["円", ""]})
    >>> dollars(orders, {"JPY": 0.0067}).tolist()
    [6.7, nan]
    """
    codes, names = pd.factorize(tickets["currency"])
    rate = np.array([*(_rate(str(name), "", currencies) for name in names), np.nan])[codes]
    shared = np.array([*(is_shared_sign(str(name)) for name in names), False])[codes]
    if shared.any() and "country" in tickets:
        rows = tickets.loc[shared, ["currency", "country"]].to_numpy(object)
        rate[shared] = [_rate(str(name), str(country), currencies) for name, country in rows]
    return tickets["order_value"].to_numpy(float) * rate


def _rate(name: str, country: str, currencies: Mapping[str, float]) -> float:
    plain = name.strip().upper()
    if plain in currencies:  # the table beats what we know: it may list a name of its own
        return currencies[plain]
    return currencies.get(currency_code(name, country_code(country)), np.nan)
