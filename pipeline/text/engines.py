"""Letter statistics: which of the languages that share an alphabet a text is in.

A naive Bayes classifier over hashed character n-grams. Its weights are the sum of two
independent witnesses: complaints of this project's corpus, and the language profiles of
langdetect (Apache-2.0), evaluated exactly instead of by its random sampling. Both are in one
small table, so a batch costs one sparse product. docs/decisions/0002 has the measurements.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.errors import RulesError
from pipeline.text.script import INDEX, Letters

#: The table that ships; `python -m pipeline.learn.language_profiles` builds it.
PROFILES: Final = Path(__file__).with_name("language_profiles.npz")
#: Changes whenever `ngrams` gives other numbers, so that an old table is refused.
FORMAT: Final = 1
#: Alphabets that several languages share and that statistics must tell apart.
ALPHABETS: Final = ("Latn", "Cyrl")

MAX_N: Final = 4
BUCKET_BITS: Final = 16

Array = npt.NDArray[np.float32]


class Profiles(NamedTuple):
    """The weights of each n-gram bucket for each column, in nats, and how to read them.

    `columns` are names like ``en/Latn``. A score divided by
    ``temperature[0] + temperature[1] * sqrt(letters)`` is a log-probability: n-grams overlap and
    are far from independent, so the bare sum is too sure of itself.
    """

    columns: tuple[str, ...]
    weights: Array
    temperature: tuple[float, float]


class Grams(NamedTuple):
    """Hashed n-grams of one length: the bucket of each, and where each text's begin."""

    buckets: npt.NDArray[np.int32]
    starts: npt.NDArray[np.intp]


def log_odds(
    letters: Letters,
    chosen: npt.NDArray[np.intp],
    columns: tuple[str, ...],
    profiles: Profiles,
) -> npt.NDArray[np.float64]:
    """Score each text for each of `columns`, in nats; only letters of the `chosen` family count.

    The score of a text does not depend on the other texts of the batch.

    :raises RulesError: The table has no column for one of `columns`.
    """
    missing = [column for column in columns if column not in profiles.columns]
    if missing:
        raise RulesError(
            f"languages.toml: no letter statistics for {', '.join(missing)} in {PROFILES.name}. "
            "Remove the row, or run python -m pipeline.learn.language_profiles."
        )
    places = [profiles.columns.index(column) for column in columns]
    grams, sizes = ngrams(letters, chosen)
    scores = sum_weights(grams, profiles.weights)[:, places].astype(float)
    start, slope = profiles.temperature
    return scores / (start + slope * np.sqrt(sizes))[:, None]


def ngrams(
    letters: Letters, chosen: npt.NDArray[np.intp]
) -> tuple[list[Grams], npt.NDArray[np.intp]]:
    """Hash the 1- to 4-grams of every word of every text, word edges included.

    :return: One `Grams` for each length, and the number of letters of each text.
    """
    alphabet = np.isin(letters.family, [INDEX[name] for name in ALPHABETS])
    counts = alphabet & (letters.family == chosen[letters.text])
    folded = np.where(counts, fold_table()[np.minimum(letters.codes, _FOLDED - 1)], 0)
    sizes = np.bincount(letters.text[counts], minlength=letters.size)
    # One edge cell (0) before the first word, between two words and after the last.
    sequence = np.concatenate((np.zeros(1, np.uint32), folded))
    text = np.concatenate((letters.text[:1], letters.text))
    keep = (sequence != 0) | np.concatenate(([True], sequence[:-1] != 0))
    sequence, text = sequence[keep], text[keep]
    return [_grams(sequence, text, n, letters.size) for n in range(1, MAX_N + 1)], sizes


def _grams(
    sequence: npt.NDArray[np.uint32], text: npt.NDArray[np.intp], n: int, size: int
) -> Grams:
    count = len(sequence) - n + 1
    if count <= 0:
        return Grams(np.zeros(0, np.int32), np.zeros(size + 1, np.intp))
    windows = [sequence[offset : offset + count] for offset in range(n)]
    # A window may begin or end with an edge but never reaches over one.
    inside = windows[1:-1] if n > 2 else [windows[0] | windows[-1]]
    whole = np.logical_and.reduce([window != 0 for window in inside])
    buckets = bucket([window[whole] for window in windows])
    # An edge at the front belongs to the text of the letter after it.
    owner = text[min(1, n - 1) :][:count][whole]
    starts = np.searchsorted(owner, np.arange(size + 1))
    return Grams(buckets, starts)


def bucket(places: Sequence[npt.NDArray[np.uint32]]) -> npt.NDArray[np.int32]:
    """Bucket of each n-gram, given its first letters, its second letters, and so on."""
    value = np.full(len(places[0]), len(places), np.uint32)
    for letter in places:
        value = value * np.uint32(0x01000193) + letter  # the multiplier of FNV-1
    # Spread neighbouring sums over all buckets (the finaliser of MurmurHash3).
    value = (value ^ (value >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    value = (value ^ (value >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return (value >> np.uint32(32 - BUCKET_BITS)).astype(np.int32)


def count_matrix(grams: Grams) -> sparse.csr_matrix:
    """The n-grams of one length as counts, shape (texts, buckets); duplicates are not merged."""
    ones = np.ones(len(grams.buckets), np.float32)
    shape = (len(grams.starts) - 1, 1 << BUCKET_BITS)
    return sparse.csr_matrix((ones, grams.buckets, grams.starts), shape=shape)


def sum_weights(grams: list[Grams], weights: Array) -> Array:
    """Sum the weights of all n-grams of each text, shape (texts, columns)."""
    total = count_matrix(grams[0]) @ weights
    for one in grams[1:]:
        total += count_matrix(one) @ weights
    return total


@cache
def load_profiles(path: Path = PROFILES) -> Profiles:
    """Read the table of weights (stored as int8 with one scale)."""
    with np.load(path, allow_pickle=False) as file:
        if int(file["format"]) != FORMAT:
            raise RulesError(
                f"{path} has format {int(file['format'])}, this program reads {FORMAT}. "
                "Run python -m pipeline.learn.language_profiles."
            )
        weights = file["weights"].astype(np.float32) * np.float32(file["scale"])
        start, slope = (float(value) for value in file["temperature"])
        return Profiles(tuple(str(name) for name in file["columns"]), weights, (start, slope))


#: Code points below this have a place in the case table: both alphabets lie below.
_FOLDED: Final = 0x1F00


@cache
def fold_table() -> npt.NDArray[np.uint32]:
    """Lower case of each code point (the first letter of it: ``İ`` gives ``i``)."""
    return np.array([ord(chr(code).lower()[0]) for code in range(_FOLDED)], np.uint32)
