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
from pipeline.text import loops
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
    """Hashed n-grams of a batch: the bucket of each, and where each text's begin."""

    buckets: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int32]


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


def ngrams(letters: Letters, chosen: npt.NDArray[np.intp]) -> tuple[Grams, npt.NDArray[np.intp]]:
    """Hash the 1- to 4-grams of every word of every text, word edges included.

    :return: The n-grams, and the number of letters of each text.
    """
    shared = np.zeros(len(INDEX), dtype=bool)
    shared[[INDEX[name] for name in ALPHABETS]] = True
    counts = shared[letters.family] & (letters.family == chosen[letters.text])
    folded = np.where(counts, fold_table()[np.minimum(letters.codes, _FOLDED - 1)], 0)
    sizes = np.bincount(letters.text[counts], minlength=letters.size)
    bounds = np.searchsorted(letters.text, np.arange(letters.size + 1))
    buckets, starts = loops.find_letter_grams(
        folded.astype(np.uint32), bounds.astype(np.int64), MAX_N, BUCKET_BITS
    )
    return Grams(buckets, starts), sizes


def bucket(gram: Sequence[int]) -> int:
    """Bucket of one n-gram, given the code points of its letters (0 for an edge)."""
    return int(loops.letter_bucket(np.array(gram, np.uint32), BUCKET_BITS))


def count_matrix(grams: Grams) -> sparse.csr_matrix:
    """The n-grams as counts, shape (texts, buckets); duplicates are not merged."""
    ones = np.ones(len(grams.buckets), np.float32)
    shape = (len(grams.starts) - 1, 1 << BUCKET_BITS)
    return sparse.csr_matrix((ones, grams.buckets, grams.starts), shape=shape)


def sum_weights(grams: Grams, weights: Array) -> Array:
    """Sum the weights of all n-grams of each text, shape (texts, columns)."""
    total: Array = loops.sum_rows(grams.starts, grams.buckets, weights)
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
