"""Incidents: many tickets, one cause.

Two kinds, both among complaints only (praise and questions are no incident):

Same cause. Complaints with one reason about one SKU, seller, carrier or warehouse in one week,
more of them than chance gives. Chance is the case in which the reason has nothing to do with
the cause: of the n complaints of the week, a share r/n has the reason and c/n the cause, so
about c*r/n have both, Poisson distributed. An incident is a count that this would exceed less
than once in `CHANCE` exports (corrected for the number of counts looked at) and that is
`LIFT` times the expected one: in a large export a carrier that is a little slower than
others would be significant, yet is no incident. A customer who writes five times counts as
one here. A busy week, a best-selling SKU or a reason that everybody has therefore make none; nor
does an export of one single product, which has nothing to compare with.

Near-identical. The same letters (`pipeline.dispatch.text_key`) from several customers, each
within a week of the one before.

A ticket belongs to one incident at most: causes are tried in the order of `CAUSES`, from the
most to the least specific, each among the tickets that are still free. So the size of an
incident is the number of tickets that carry its id.
"""

import hashlib
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import pdtrc

from pipeline.dispatch.groups import Codes, codes, distinct, pairs, starts

#: Seconds of a week: long enough for a bad batch or a strike to show, short enough to act on.
WINDOW: Final = 7 * 86_400
#: Same cause: fewer are handled one by one as quickly.
CAUSE_TICKETS: Final = 5
#: Near-identical: two may be one customer with two accounts.
COPIES: Final = 3
CUSTOMERS: Final = 2
#: One export in twenty may show an incident that is chance.
CHANCE: Final = 0.05
LIFT: Final = 2.0

TEXT: Final = "_text_key"
CAUSES: Final = ("sku", TEXT, "seller_id", "carrier", "warehouse")


class Incidents(NamedTuple):
    """For each ticket the incident's id ("" for none) and size (0 for none)."""

    id: pd.api.extensions.ExtensionArray
    size: npt.NDArray[np.int64]


class _Found(NamedTuple):
    """Tickets of the incidents of one kind: their rows and the group 0, 1, 2 ... of each."""

    rows: Codes
    group: Codes


def find_incidents(narrow: pd.DataFrame, created: Codes, customer: Codes) -> Incidents:
    """Group the tickets of the whole export.

    :param narrow: The columns of `CAUSES`, ``category``, ``reason``, ``ticket_id``.
    :param created: Seconds of UTC.
    :param customer: Customer codes, -1 for unknown ones, each of which counts as another one.
    """
    free = np.array(narrow["category"] != "other", dtype=bool)
    reason, reasons = codes(narrow["reason"])
    person = np.where(
        customer < 0, customer.max(initial=0) + 1 + np.arange(len(customer)), customer
    )
    label = np.full(len(narrow), -1, np.int64)
    ids: list[str] = []
    for kind in CAUSES:
        if kind == TEXT:
            key, names = codes_of_keys(narrow[TEXT])
            found = _copies(np.flatnonzero(free & (key >= 0)), key, created, person)
        else:
            key, names = codes(narrow[kind])
            rows = np.flatnonzero(free & (key >= 0) & (reason >= 0))
            found = _same_cause(rows, key, reason, created // WINDOW, person)
        label[found.rows] = len(ids) + found.group
        free[found.rows] = False
        for row in _first_rows(found, created):
            cause = "" if kind == TEXT else str(reasons[reason[row]])
            parts = (kind, str(names[key[row]]), cause, str(narrow["ticket_id"].iloc[row]))
            ids.append(_identifier(parts, taken=ids))
    sizes = np.bincount(label[label >= 0], minlength=len(ids))
    return Incidents(
        pd.array([*ids, ""], dtype="str").take(np.where(label < 0, len(ids), label)),
        np.append(sizes, 0)[label],
    )


def codes_of_keys(keys: pd.Series) -> tuple[Codes, pd.Index]:
    """As `groups.codes`, for text keys: 0 means "too short" and gives -1."""
    found, values = pd.factorize(keys.to_numpy(np.uint64))
    return np.where(values[found] == 0, -1, found) if len(found) else found, pd.Index(values)


def _copies(rows: Codes, key: Codes, created: Codes, person: Codes) -> _Found:
    """The same text key, each within `WINDOW` of the one before."""
    rows = rows[np.bincount(key[rows])[key[rows]] >= COPIES] if len(rows) else rows
    rows = rows[np.lexsort((created[rows], key[rows]))]
    begins = starts(key[rows])
    begins[1:] |= np.diff(created[rows]) > WINDOW
    return _large_enough(_Found(rows, np.cumsum(begins) - 1), person, COPIES)


def _same_cause(rows: Codes, key: Codes, reason: Codes, week: Codes, person: Codes) -> _Found:
    """Cells (week, cause, reason) above chance; those of consecutive weeks are one incident."""
    if not len(rows):
        return _Found(rows, rows)
    week = week - week[rows].min()
    key, reason, week = key[rows], reason[rows], week[rows]
    cell = pairs(pairs(key, reason), week)
    _, first, number = np.unique(cell, return_index=True, return_inverse=True)
    people = distinct(number, person[rows])
    expected = _expected(people, week[first], key[first], reason[first])
    tail = pdtrc(people - 1, expected)  # P(a Poisson number reaches `people`)
    odd = (tail < CHANCE / len(people)) & (people >= LIFT * expected)
    # np.unique sorted the cells by cause, then reason, then week.
    odd &= np.bincount(number) >= CAUSE_TICKETS
    cells = np.flatnonzero(odd)
    at = first[cells]
    begins = starts(key[at], reason[at])
    begins[1:] |= np.diff(week[at]) > 1
    group_of_cell = np.full(len(people), -1, np.int64)
    group_of_cell[cells] = np.cumsum(begins) - 1
    group = group_of_cell[number]
    member = group >= 0
    return _large_enough(_Found(rows[member], group[member]), person, CAUSE_TICKETS)


def _expected(people: Codes, week: Codes, key: Codes, reason: Codes) -> npt.NDArray[np.float64]:
    """What chance gives each cell, from the margins of its week."""

    def total(group: Codes) -> npt.NDArray[np.float64]:
        _, number = np.unique(group, return_inverse=True)
        return np.bincount(number, weights=people)[number].astype(float)

    return total(pairs(week, key)) * total(pairs(week, reason)) / total(week)


def _large_enough(found: _Found, person: Codes, tickets: int) -> _Found:
    """Only groups with enough tickets of enough customers, numbered anew without gaps."""
    if not len(found.rows):
        return found
    size = np.bincount(found.group)
    keep = (size >= tickets) & (distinct(found.group, person[found.rows]) >= CUSTOMERS)
    member = keep[found.group]
    return _Found(found.rows[member], (np.cumsum(keep) - 1)[found.group[member]])


def _first_rows(found: _Found, created: Codes) -> Iterable[int]:
    """The row of the first ticket of each group, in the order of the groups."""
    order = np.lexsort((found.rows, created[found.rows], found.group))
    group = found.group[order]
    return found.rows[order][starts(group)].tolist() if len(group) else []


def _identifier(parts: tuple[str, ...], *, taken: list[str]) -> str:
    """A name that stays the same as long as the first ticket and the cause do.

    >>> _identifier(("sku", "A-1", "unsafe", "T7"), taken=[])
    'INC-bc768985'
    """
    seen, attempt = set(taken), 0
    while True:
        text = "\0".join((*parts, str(attempt)) if attempt else parts)
        name = f"INC-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"
        if name not in seen:
            return name
        attempt += 1
