"""Suspicious complaints that only the whole set shows: flagged for a person, never dropped.

==================  ==============================================================================
suspicion           who gets it
==================  ==============================================================================
review_for_money    the writer bargains with a review (rules/screening.toml; found text by text)
many_sellers        complaints of one customer about `SELLERS` sellers within `DAYS` days, or more
                    where the export's customers have many (`DEVIATIONS`)
copied_text         the same letters from `ACCOUNTS` customers within a week
order_of_another    the text names an order that is another customer's, and not its own
==================  ==============================================================================

None of them proves anything: a buyer for a company has many sellers, a shop's form fills in one
text for all, a gift was ordered by a friend. That is why they ask for a look and decide nothing.
"""

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dispatch.groups import Codes, codes, distinct, pairs, starts
from pipeline.dispatch.incidents import TEXT, WINDOW, codes_of_keys
from pipeline.dispatch.points import join_known
from pipeline.ticket import SUSPICIONS

#: Few customers meet so many bad sellers in a month.
SELLERS: Final = 5
DAYS: Final = 30
#: Standard deviations above the mean of all customers of the export.
DEVIATIONS: Final = 6.0
#: Two accounts may be one household.
ACCOUNTS: Final = 3
_DAY: Final = 86_400
#: Digits of an order number in a text; shorter ones are prices and years.
_ORDER: Final = r"(?:^|[^0-9])(?P<number>[0-9]{8,20})(?:[^0-9]|$)"

Flags = npt.NDArray[np.bool_]


def orders_in(text: pd.Series) -> pd.Series:
    """The first number in each text that is long enough for an order; "" where there is none.

    >>> orders_in(pd.Series(["订单 1234567890 没到", "paid 49.90 on 2026-11-01"])).tolist()
    ['1234567890', '']
    """
    texts = pa.array(text, type=pa.large_string(), from_pandas=True)
    found = pc.struct_field(pc.extract_regex(texts, _ORDER), "number")
    return pd.Series(pd.array(pc.fill_null(found, ""), dtype="str"), text.index)


def suspicions(narrow: pd.DataFrame, created: Codes, customer: Codes) -> pd.Series:
    """What is suspicious about each ticket, joined with "; "; "" for nothing.

    :param narrow: ``_suspicion`` and ``_order_in_text`` of `dispatch.assign`, ``_text_key``,
        ``order_id``, ``seller_id``, ``category``.
    :param created: Seconds of UTC.
    :param customer: Codes, -1 for unknown customers, about whom nothing is said.
    """
    complaint = np.asarray(narrow["category"] != "other", dtype=bool)
    flags = {
        SUSPICIONS[0]: np.asarray(narrow["_suspicion"] != "", dtype=bool),
        SUSPICIONS[1]: _many_sellers(codes(narrow["seller_id"])[0], customer, created, complaint),
        SUSPICIONS[2]: _copied(codes_of_keys(narrow[TEXT])[0], customer, created),
        SUSPICIONS[3]: _of_another(narrow["_order_in_text"], narrow["order_id"], customer),
    }
    terms = [
        pc.if_else(pa.array(flag), pa.scalar(name, pa.large_string()), _NOTHING)
        for name, flag in flags.items()
    ]
    return pd.Series(pd.array(join_known(terms, "; "), dtype="str"), narrow.index)


_NOTHING: Final = pa.scalar(None, pa.large_string())


def _many_sellers(seller: Codes, customer: Codes, created: Codes, complaint: Flags) -> Flags:
    rows = np.flatnonzero(complaint & (seller >= 0) & (customer >= 0))
    if not len(rows):
        return np.zeros(len(seller), bool)
    _, number = np.unique(customer[rows], return_inverse=True)
    usual = distinct(number, seller[rows])
    # Where many customers deal with many sellers, that alone is no reason to suspect one.
    scatter = max(usual.std(), np.sqrt(usual.mean() - 1))  # at least that of chance
    least = max(SELLERS, int(np.ceil(usual.mean() + DEVIATIONS * scatter)))
    return _crowded(rows, customer, seller, created, least=least, window=DAYS * _DAY)


def _copied(key: Codes, customer: Codes, created: Codes) -> Flags:
    rows = np.flatnonzero((key >= 0) & (customer >= 0))
    return _crowded(rows, key, customer, created, least=ACCOUNTS, window=WINDOW)


def _crowded(
    rows: Codes, group: Codes, value: Codes, created: Codes, *, least: int, window: int
) -> Flags:
    """Rows within some `window` in which their group has `least` different values.

    Groups with enough values at all are few; only those are gone through one by one.
    """
    found = np.zeros(len(group), bool)
    if not len(rows):
        return found
    _, number = np.unique(group[rows], return_inverse=True)
    rows = rows[(distinct(number, value[rows]) >= least)[number]]
    rows = rows[np.lexsort((created[rows], group[rows]))]
    edges = np.append(np.flatnonzero(starts(group[rows])), len(rows)) if len(rows) else [0]
    for begin, end in pairwise(edges):
        one = rows[begin:end]
        last = np.searchsorted(created[one], created[one] + window, side="right")
        for first, until in enumerate(last.tolist()):
            if len(np.unique(value[one[first:until]])) >= least:
                found[one[first:until]] = True
    return found


def _of_another(mentioned: pd.Series, order: pd.Series, customer: Codes) -> Flags:
    """A number in the text is the order of another customer only."""
    known, orders = codes(order)
    place = pd.Index(orders).get_indexer(pd.Index(mentioned))
    place[np.asarray(mentioned == "", dtype=bool)] = -1
    named = (place >= 0) & (customer >= 0)
    owners = pd.Index(np.unique(pairs(known, customer)))
    width = int(customer.max(initial=0)) + 1  # as `pairs` counts
    own = owners.get_indexer(pd.Index(np.where(named, place * width + customer, -1))) >= 0
    belongs = np.isin(place, known[(known >= 0) & (customer >= 0)])
    return named & belongs & ~own
