"""Which counts may be published: small ones are hidden, and so is what would give them away.

A count of 1 to `least` - 1 says something about single people, so it is hidden. When it could
still be worked out (a row of three numbers with a total gives the third), more is hidden:
*complementary suppression*. Whether it can be worked out is not guessed but solved: for each
hidden number two linear programs (scipy, HiGHS) find the least and the largest value that fit
everything that is published. The number is safe when they lie `least` apart or more.

The tables share one way of splitting (by result) and nothing else, so they form a tree, and any
numbers that fit each table and its totals fit all of them together (decomposable tables, Dobra
and Fienberg 2000): nobody can conclude more than the linear programs do.
"""

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: Fewer are hidden. Five is what many statistical offices use for counts of persons.
LEAST: Final = 5
_ALL: Final = ""


class Item(NamedTuple):
    """One number of a table: ``row`` or ``part`` is "" for totals."""

    table: str
    row: str
    part: str


class Published(NamedTuple):
    """Every number of all tables, and which of them are hidden."""

    counts: dict[Item, int]
    hidden: frozenset[Item]

    def shown(self, item: Item) -> int | None:
        """The number, or None when it is hidden."""
        return None if item in self.hidden else self.counts[item]


def publish(tables: dict[str, pd.DataFrame], least: int = LEAST) -> Published:
    """Decide what to hide in tables of counts of the same tickets.

    :param tables: By name; one row for each value, one column for each part (the same columns
        in all tables, each table with the same totals by column). A row name ``a/b`` is part
        of the subtotal ``a``, which is published too.
    :param least: Numbers from 1 to least - 1 are hidden.
    """
    audit = _Audit(tables)
    hidden = {item for item, count in audit.counts.items() if 0 < count < least}
    # Hiding more never makes a hidden number less safe, so each is looked at until it is safe.
    doubtful = set(hidden)
    while doubtful := audit.unsafe(doubtful, hidden, least):
        more = _next_to_hide(audit, min(doubtful), hidden)
        if not more:  # too few tickets for any number about them
            return Published(audit.counts, frozenset(audit.counts))
        hidden |= more
        doubtful |= more
    return Published(audit.counts, frozenset(hidden))


class _Audit:
    """The numbers as sums of cells, and what their sums tell about hidden ones."""

    def __init__(self, tables: dict[str, pd.DataFrame]) -> None:
        self.counts: dict[Item, int] = {}
        self.cells: dict[Item, NDArray[np.bool_]] = {}
        width = sum(table.size for table in tables.values())
        start = 0
        links: dict[str, list[NDArray[np.bool_]]] = {}
        for name, table in tables.items():
            place = start + np.arange(table.size).reshape(table.shape)
            values = table.to_numpy()
            for row, part, chosen in _sums(table):
                cells = np.zeros(width, bool)
                cells[place[chosen].ravel()] = True
                # Totals are one number, whatever table they are read from.
                item = Item(name if row else _ALL, row, part)
                self.counts[item] = int(values[chosen].sum())
                self.cells.setdefault(item, cells)
                if not row:
                    links.setdefault(part, []).append(cells)
            start += table.size
        # What every reader knows: each table splits the same tickets.
        self._linked = [
            one.astype(float) - group[0] for group in links.values() for one in group[1:]
        ]

    def unsafe(self, doubtful: set[Item], hidden: set[Item], least: int) -> set[Item]:
        """Those of the hidden numbers that a reader could pin down to fewer than `least` values."""
        known = [self.cells[item].astype(float) for item in self.counts if item not in hidden]
        values = [float(n) for item, n in self.counts.items() if item not in hidden]
        equations = np.array(known + self._linked).reshape(-1, len(next(iter(self.cells.values()))))
        right = np.array(values + [0.0] * len(self._linked))
        return {
            item
            for item in doubtful
            if _width(self.cells[item].astype(float), equations, right) < least
        }


def _sums(table: pd.DataFrame) -> list[tuple[str, str, tuple[NDArray[np.intp], ...]]]:
    """Name and cells of each number: cells, rows, subtotals, columns and the total."""
    names = [str(name) for name in table.index]
    groups = {name: [at] for at, name in enumerate(names)}
    for at, name in enumerate(names):
        if "/" in name:
            groups.setdefault(name.split("/")[0], []).append(at)
    groups[_ALL] = list(range(len(names)))
    parts = {str(part): [at] for at, part in enumerate(table.columns)}
    parts[_ALL] = list(range(len(table.columns)))
    return [
        (row, part, np.ix_(rows, columns))
        for row, rows in groups.items()
        for part, columns in parts.items()
    ]


def _width(
    cells: NDArray[np.float64], equations: NDArray[np.float64], right: NDArray[np.float64]
) -> float:
    """How far apart the least and the largest sum of `cells` are that fit what is known."""
    from scipy.optimize import linprog

    ends = []
    for sign in (1.0, -1.0):
        found = linprog(sign * cells, A_eq=equations, b_eq=right, bounds=(0, None), method="highs")
        ends.append(np.inf if found.status == 3 else sign * float(found.fun))
    return ends[1] - ends[0] + 1e-6


def _next_to_hide(audit: _Audit, item: Item, hidden: set[Item]) -> set[Item]:
    """What to hide so that `item` becomes less certain; empty when nothing is left to hide.

    First the rest of its row, then the same of the smallest row beside it, then its subtotal.
    """
    own = {one for one in _row(audit, item) if one.part and one not in hidden}
    if own and audit.counts[Item(item.table, item.row, "")]:
        return own
    beside = {
        Item(one.table, one.row, "")
        for one in audit.counts
        if one not in hidden
        and one.row != item.row
        and one.part == item.part
        and (one.table, _parent(one.row)) == (item.table, _parent(item.row))
        and one.row
        and audit.counts[one]
    }
    if item.row and beside:
        smallest = min(beside, key=lambda one: (audit.counts[one], one))
        row = _row(audit, smallest) - hidden
        return {one for one in row if one.part} if item.part else row
    if item.row:
        above = Item(item.table if _parent(item.row) else _ALL, _parent(item.row), item.part)
        return {above} if above not in hidden else _next_to_hide(audit, above, hidden)
    return {one for one in audit.counts if not one.row} - hidden


def _row(audit: _Audit, item: Item) -> set[Item]:
    parts = {one.part for one in audit.counts if not one.row}
    return {Item(item.table, item.row, part) for part in parts}


def _parent(row: str) -> str:
    return row.rpartition("/")[0]
