"""Which tickets a model is judged on: by time, by customer, or at random when asked.

Near-duplicates are always on one side, and so are all tickets of a customer or order. A model that
has met the text, or tomorrow's tickets, would look better than it is.
"""

import hashlib
from pathlib import PurePosixPath
from typing import Final, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from pipeline.learn.copies import near_duplicates

How = Literal["auto", "time", "group", "random"]

FOLDS: Final = 5
#: Part of the tickets that is kept apart as the test.
TEST_SHARE: Final = 0.2
_FEWEST_FOLDERS: Final = 3
_LARGEST_SHARE: Final = 0.4
#: Dates decide when this share of the tickets has one ...
_DATED: Final = 0.8
#: ... and they lie apart by at least so many days.
_DAYS: Final = 14
#: Columns whose equal values keep tickets together; larger groups are a shop, not a customer.
_OWNERS: Final = ("customer_id", "order_id")
_LARGEST_GROUP: Final = 0.02


class Split(NamedTuple):
    """Which tickets are kept apart, and why those."""

    test: NDArray[np.bool_]
    how: str
    """``time``, ``group`` or ``random``."""
    note: str
    """One line for people."""


def groups_of(tickets: pd.DataFrame, how: How = "auto") -> NDArray[np.int64]:
    """Number the tickets that must stay together.

    Near-duplicates always; the tickets of one customer or order too, unless `how` is random.
    """
    copies = near_duplicates(tickets["_clean"], tickets["language"])
    if how == "random":
        return copies
    links = [copies]
    for name in _OWNERS:
        if name in tickets:
            codes = pd.factorize(tickets[name])[0].astype(np.int64)
            sizes = np.bincount(codes)
            lone = (tickets[name] == "").to_numpy() | (sizes[codes] > _most(len(tickets)))
            links.append(np.where(lone, -1, codes))
    return _joined(links)


def split(tickets: pd.DataFrame, group: NDArray[np.int64], how: How) -> Split:
    """Keep about a fifth of the tickets apart.

    :param group: What `groups_of` says; a group that lies on both sides goes to the training.
    :param how: ``time`` keeps the latest, ``group`` and ``random`` whole groups by a hash;
        ``auto`` takes the time when there are dates.
    """
    if how == "time" or (how == "auto" and has_dates(tickets)):
        return _by_time(tickets, group)
    digest = _hash_of_groups(tickets["_clean"], group)
    test = digest % np.uint64(1000) < np.uint64(1000 * TEST_SHARE)
    named = "random" if how == "random" else "group"
    what = "near-duplicates" if how == "random" else "near-duplicates, customers and orders"
    return Split(test, named, f"a fifth at random, {what} on one side")


def has_dates(tickets: pd.DataFrame) -> bool:
    """Say whether the tickets can be split by time."""
    if "created_at" not in tickets or tickets["created_at"].notna().mean() < _DATED:
        return False
    days = (tickets["created_at"].max() - tickets["created_at"].min()).days
    return bool(days >= _DAYS)


def folds_of(tickets: pd.DataFrame, group: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Put each ticket into a fold, so that held-out texts are as foreign as tomorrow's.

    Files from three folders or more are batches written at different times: folders stay
    whole, spread over at most five folds of like size. When one folder has most of the
    tickets, or there are fewer folders, a hash of the text decides. Groups stay together.
    """
    text = tickets["_clean"].str.casefold()
    group = pd.factorize(text)[0].astype(np.int64) if group is None else group
    folder = tickets["source"].map(lambda source: PurePosixPath(source).parent.as_posix())
    sizes = folder.value_counts()
    if len(sizes) < _FEWEST_FOLDERS or sizes.iloc[0] > _LARGEST_SHARE * len(tickets):
        return (_hash_of_groups(text, group) % np.uint64(FOLDS)).astype(np.int64)
    load = np.zeros(min(FOLDS, len(sizes)), dtype=np.int64)
    home: dict[str, int] = {}
    for name, size in sorted(sizes.items(), key=lambda item: (-item[1], str(item[0]))):
        home[str(name)] = int(load.argmin())
        load[load.argmin()] += size
    return folder.map(home).groupby(group).transform("first").to_numpy(dtype=np.int64)


def _by_time(tickets: pd.DataFrame, group: NDArray[np.int64]) -> Split:
    created = tickets["created_at"].to_numpy("datetime64[us]").astype(np.int64)
    known = tickets["created_at"].notna().to_numpy()
    border = np.quantile(created[known], 1 - TEST_SHARE) if known.any() else 0
    late = known & (created > border)
    # Who wrote before the border, or whose words stood there before, is known to the model.
    early = np.zeros(int(group.max(initial=-1)) + 1, dtype=bool)
    early[group[~late]] = True
    test = late & ~early[group]
    day = str(np.datetime64(int(border), "us"))[:10]
    note = f"the tickets after {day}; {int((late & early[group]).sum()):,} later ones of customers"
    return Split(test, "time", f"{note} or texts met before stay in the training")


def _hash_of_groups(texts: pd.Series, group: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return a number for each group that depends on its texts alone, not on their order."""
    digest = np.array(
        [
            int.from_bytes(hashlib.sha256(text.casefold().encode()).digest()[:8], "big")
            for text in texts
        ],
        dtype=np.uint64,
    )
    smallest = np.full(int(group.max(initial=-1)) + 1, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(smallest, group, digest)
    return smallest[group]


def _joined(links: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Join tickets that share a number in any of the links; -1 joins nothing."""
    n = len(links[0])
    left, right, start = [], [], n
    for codes in links:
        rows = np.flatnonzero(codes >= 0)
        left.append(rows)
        right.append(start + codes[rows])
        start += int(codes.max(initial=-1)) + 1
    ends = (np.concatenate(left), np.concatenate(right))
    graph = sparse.coo_matrix((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(start, start))
    _, group = connected_components(graph, directed=False)
    return pd.factorize(group[:n])[0].astype(np.int64)


def _most(n_tickets: int) -> int:
    return max(20, int(_LARGEST_GROUP * n_tickets))
