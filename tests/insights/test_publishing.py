"""What is hidden stays hidden: checked by hand, and by trying to work it out."""

import itertools

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.insights.publishing import Item, publish

PARTS = ["resolved", "open"]


def table(rows):
    return pd.DataFrame.from_dict(rows, orient="index", columns=PARTS)


def test_large_counts_are_all_shown():
    found = publish({"type": table({"quality": [20, 30], "policy": [10, 40]})})
    assert found.hidden == frozenset()
    assert found.shown(Item("type", "quality", "")) == 50
    assert found.shown(Item("", "", "")) == 100


def test_a_small_count_is_hidden_and_what_would_tell_it_too():
    found = publish({"type": table({"quality": [20, 30], "policy": [3, 40], "service": [9, 12]})})
    assert found.shown(Item("type", "policy", "resolved")) is None
    # Its row total would tell it (43 - 40), so the other part or the total is hidden as well,
    # and so is a second row, for 32 - 20 - 9 would tell it too.
    assert None in (
        found.shown(Item("type", "policy", "open")),
        found.shown(Item("type", "policy", "")),
    )
    rows = [found.shown(Item("type", row, "resolved")) for row in ("quality", "service")]
    assert None in rows or found.shown(Item("", "", "resolved")) is None


def test_so_few_that_nothing_may_be_said():
    found = publish({"type": table({"quality": [1, 0], "policy": [0, 1]})})
    assert {item for item, count in found.counts.items() if count} == found.hidden


def test_subtotals_do_not_tell_their_parts():
    rows = {"quality/defective": [50, 40], "quality/unsafe": [2, 30], "policy/warranty": [30, 60]}
    found = publish({"type": table(rows)})
    assert found.shown(Item("type", "quality/unsafe", "resolved")) is None
    told = [found.shown(Item("type", row, "resolved")) for row in ("quality", "quality/defective")]
    assert None in told


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=3))
def test_nobody_can_work_out_a_hidden_number(rows):
    """Try every table of small numbers that fits what is shown: hidden ones stay open."""
    least = 3
    given_table = table({f"r{n}": list(row) for n, row in enumerate(rows)})
    found = publish({"type": given_table}, least)
    shown = {item: n for item, n in found.counts.items() if item not in found.hidden}
    if not any(shown.values()):
        return
    n, total = len(rows), int(given_table.to_numpy().sum())
    fits = []
    if total > 18:  # too many tables to try all
        return
    for cells in itertools.product(range(total + 1), repeat=2 * n - 1):
        if sum(cells) > total:
            continue
        # The grand total is hidden last, so it is known here; it gives the last cell.
        values = np.array([*cells, total - sum(cells)]).reshape(n, 2)
        if all(_sum(values, item) == count for item, count in shown.items()):
            fits.append(values)
    for item in found.hidden:
        possible = {_sum(values, item) for values in fits}
        assert max(possible) - min(possible) >= least - 1, item


def _sum(values, item):
    rows = values if not item.row else values[[int(item.row[1:])]]
    return int(rows.sum() if not item.part else rows[:, PARTS.index(item.part)].sum())
