"""Near-duplicates: texts that share most of their words, found without comparing all pairs.

A MinHash (Broder 1997) of each text's character 5-grams: the share of equal positions of two
texts' signatures estimates the share of n-grams they have in common. Texts that agree on a whole
band of positions are compared on all of them; the groups are the connected ones. Everything is
counted on arrays: 100,000 texts take seconds.
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from pipeline.text.features import NgramSettings, windows
from pipeline.text.tokens import fold

#: 48 positions in 12 bands of 4: a pair that shares 80 % of its n-grams meets in a band with
#: 99.8 % probability, one that shares 30 % with 9 %, and is then turned away by `_ALIKE`.
_BANDS: Final = 12
_BAND: Final = 4
#: Share of equal positions from which two texts count as one: a text and the same with a word
#: more. At 0.7 with 20 positions "what do I do to link my card" was a copy of "... top up my card".
_ALIKE: Final = 0.8
_NGRAMS: Final = NgramSettings(char_min=5, char_max=5, word_max=1, bits=30)
_CHUNK: Final = 512
#: Odd multipliers and shifts of one hash for each position.
_KEYS: Final = np.random.default_rng(20261121).integers(
    1, 1 << 63, size=(2, _BANDS * _BAND), dtype=np.uint64
) | np.uint64(1)


def near_duplicates(texts: pd.Series, languages: pd.Series) -> NDArray[np.int64]:
    """Return a group number for each cleaned text; near-duplicates have the same one.

    >>> texts = pd.Series(["The parcel has not arrived yet, please help me with it",
    ...     "the parcel has not arrived yet, please help me with it!", "Kettle is broken"])
    >>> near_duplicates(texts, pd.Series(["en"] * 3)).tolist()
    [0, 0, 1]
    """
    if not len(texts):
        return np.zeros(0, dtype=np.int64)
    parts = []
    for i in range(0, len(texts), _CHUNK):
        rows = slice(i, i + _CHUNK)
        parts.append(_signatures(texts.iloc[rows].tolist(), languages.iloc[rows].tolist()))
    signatures = np.concatenate(parts)
    pairs = [_alike(signatures, band) for band in range(_BANDS)]
    left = np.concatenate([pair[0] for pair in pairs])
    right = np.concatenate([pair[1] for pair in pairs])
    shape = (len(texts), len(texts))
    graph = sparse.coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=shape)
    _, group = connected_components(graph, directed=False)
    return pd.factorize(group)[0].astype(np.int64)


def _signatures(texts: list[str], languages: list[str]) -> NDArray[np.uint32]:
    """Return the smallest hash of each text's n-grams, for each position."""
    found = windows(fold(texts, languages), _NGRAMS)
    signatures = np.full((len(texts), _BANDS * _BAND), 0xFFFFFFFF, dtype=np.uint32)
    order = np.argsort(found.document, kind="stable")
    document, column = found.document[order], found.column[order].astype(np.uint64)
    begins = np.flatnonzero(np.diff(document, prepend=-1))
    if len(begins):
        for i, (factor, offset) in enumerate(_KEYS.T):
            hashed = ((column * factor + offset) >> np.uint64(32)).astype(np.uint32)
            signatures[document[begins], i] = np.minimum.reduceat(hashed, begins)
    return signatures


def _alike(
    signatures: NDArray[np.uint32], band: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of texts that agree on a band, and on enough of the other positions.

    Texts that agree on the band stand next to each other once sorted; each is compared with
    the first of its run and with its neighbour.
    """
    inside = np.ascontiguousarray(signatures[:, band * _BAND : (band + 1) * _BAND])
    key = inside.view(np.dtype((np.void, inside.itemsize * _BAND)))[:, 0]
    _, number = np.unique(key, return_inverse=True)
    order = np.argsort(number, kind="stable")
    run = number[order]
    begins = np.maximum.accumulate(np.where(np.diff(run, prepend=-1) != 0, np.arange(len(run)), 0))
    neighbour = np.where(begins == np.arange(len(run)), begins, np.arange(len(run)) - 1)
    left = np.concatenate([order, order])
    right = np.concatenate([order[begins], order[neighbour]])
    left, right = left[left != right], right[left != right]
    same = (signatures[left] == signatures[right]).mean(axis=1) >= _ALIKE
    # A text without any n-gram (one sign) is like no other.
    same &= (signatures[left] != 0xFFFFFFFF).any(axis=1)
    return left[same], right[same]
