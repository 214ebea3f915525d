"""Folded text to hashed word and character n-grams: the sparse view of a ticket.

Every n-gram of the batch is a window over the folded array; its column is a rolling
polynomial hash, computed for all windows at once. Windows that would cross a token run or a
document are masked out. Character windows keep one blank on either side of a run, so that
beginnings and endings of words differ from their middles (as scikit-learn's ``char_wb``).
Measured against scikit-learn's vectorisers in docs/decisions/0004-features.md.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline.text.tokens import SPACE, Folded, token_bounds

#: Changes whenever the same text would give other columns: a model refuses another version.
FEATURES_VERSION = 2

#: Odd 64-bit multipliers (the golden ratio; Murmur3's and splitmix64's finalisers).
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
#: Added to the hash of n words, so that a word and the same characters inside one differ.
_WORD_SEEDS = np.arange(8, dtype=np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)


class NgramSettings(NamedTuple):
    """Which n-grams are counted, and in how many hashed columns."""

    char_min: int = 2
    char_max: int = 5
    word_max: int = 2
    bits: int = 20


class Windows(NamedTuple):
    """Every n-gram of a batch, before counting; each array has shape (n_windows,)."""

    document: NDArray[np.int32]
    column: NDArray[np.int32]
    """Hashed column, 0 .. 2**bits - 1."""
    token: NDArray[np.int32]
    """The token (row of `token_bounds`) that holds the middle of the characters, or the first
    of the words."""


class Vocabulary(NamedTuple):
    """The columns a model has seen, and how much each one weighs."""

    lookup: NDArray[np.int32]
    """Hashed column -> column of the model, or -1; shape (2**bits,)."""
    idf: NDArray[np.float32]
    """Inverse document frequency of each column of the model; shape (n_columns,)."""


def windows(folded: Folded, settings: NgramSettings) -> Windows:
    """Return every word and character n-gram of the batch."""
    first, last = token_bounds(folded)
    shift = np.uint64(64 - settings.bits)
    parts = [*_word_windows(folded, first, last, settings)]
    parts += _character_windows(folded, first, settings)
    document, hashed, token = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Windows(document, (_mix(hashed) >> shift).astype(np.int32), token)


def count(found: Windows, n_documents: int, vocabulary: Vocabulary) -> sparse.csr_matrix:
    """Count the n-grams of a batch that are in `vocabulary`; see `weigh`."""
    return weigh(known(found, vocabulary), n_documents, vocabulary)


def known(found: Windows, vocabulary: Vocabulary) -> Windows:
    """Keep the n-grams that are in `vocabulary`; their columns become the model's."""
    column = vocabulary.lookup[found.column]
    kept = np.flatnonzero(column >= 0)
    return Windows(found.document[kept], column[kept], found.token[kept])


def weigh(found: Windows, n_documents: int, vocabulary: Vocabulary) -> sparse.csr_matrix:
    """Count known n-grams: sublinear term frequency x idf, rows of length 1.

    The value of an n-gram seen c times is (1 + ln c) * idf, divided by the row's length
    (Salton & Buckley 1988, as scikit-learn's ``TfidfTransformer(sublinear_tf=True)``).
    """
    n_columns = len(vocabulary.idf)
    key = found.document.astype(np.int64) * n_columns + found.column
    key.sort()
    distinct = np.flatnonzero(np.diff(key, prepend=-1))
    repeats = np.diff(distinct, append=len(key)).astype(np.float32)
    key = key[distinct]
    row, col = np.divmod(key, n_columns)
    value = (1 + np.log(repeats)) * vocabulary.idf[col]
    length = np.sqrt(np.bincount(row, weights=value**2, minlength=n_documents))
    value /= np.maximum(length, np.finfo(np.float32).tiny)[row].astype(np.float32)
    indptr = np.searchsorted(row, np.arange(n_documents + 1))
    return sparse.csr_matrix(
        (value.astype(np.float32), col.astype(np.int32), indptr.astype(np.int32)),
        shape=(n_documents, n_columns),
    )


def document_frequency(found: Windows, settings: NgramSettings) -> NDArray[np.int64]:
    """Count in how many documents of the batch each hashed column occurs."""
    key = (found.document.astype(np.int64) << settings.bits) | found.column
    column = np.unique(key) & ((1 << settings.bits) - 1)
    return np.bincount(column, minlength=1 << settings.bits)


def vocabulary_of(
    frequency: NDArray[np.int64], n_documents: int, *, min_documents: int
) -> Vocabulary:
    """Keep the columns seen in at least `min_documents` documents.

    idf = ln((1 + n) / (1 + df)) + 1, scikit-learn's smoothed form.
    """
    kept = np.flatnonzero(frequency >= min_documents)
    lookup = np.full(len(frequency), -1, dtype=np.int32)
    lookup[kept] = np.arange(len(kept), dtype=np.int32)
    idf = np.log((1 + n_documents) / (1 + frequency[kept])) + 1
    return Vocabulary(lookup, idf.astype(np.float32))


_Part = tuple[NDArray[np.int32], NDArray[np.uint64], NDArray[np.int32]]


def _word_windows(
    folded: Folded, first: NDArray[np.int64], last: NDArray[np.int64], settings: NgramSettings
) -> list[_Part]:
    hashed = _hash_spans(folded.codes, first, last)
    document = folded.document[first]
    token = np.arange(len(first), dtype=np.int32)
    parts = []
    gram = hashed
    for n in range(1, settings.word_max + 1):
        if n > 1:  # the n - 1 tokens so far, then the next one, when it is in the same text
            together = document[: -(n - 1)] == document[n - 1 :] if len(document) >= n else []
            # Mixed first: words are polynomials in the same base, and would share its powers.
            gram = _mix(gram[:-1]) * _BASE + hashed[n - 1 :]
            kept = np.flatnonzero(together)
        else:
            kept = np.arange(len(first))
        parts.append((document[kept], gram[kept] + _WORD_SEEDS[n], token[kept]))
    return parts


def _character_windows(
    folded: Folded, first: NDArray[np.int64], settings: NgramSettings
) -> list[_Part]:
    # A blank before the first text, as the others have: its place in the batch must not show.
    codes = np.full(len(folded.codes) + 1, SPACE, dtype=np.uint32)
    np.copyto(codes[1:], folded.codes, where=~folded.symbol)
    blank = codes == SPACE
    if blank.all():
        return []
    blanks_before = np.concatenate(([0], np.cumsum(blank)))
    token_of = np.cumsum(folded.token_start).astype(np.int32) - 1
    wide = codes.astype(np.uint64) + np.uint64(1)
    parts = []
    gram = wide
    for n in range(2, min(settings.char_max, len(codes)) + 1):
        gram = gram[:-1] * _BASE + wide[n - 1 :]
        if n < settings.char_min:
            continue
        positions = len(codes) - n + 1
        inner_blank = blanks_before[n - 1 : n - 1 + positions] - blanks_before[1 : 1 + positions]
        edge_blank = blank[:positions].view(np.int8) + blank[n - 1 :].view(np.int8)
        # A pair may hold one blank (the edge of a run), a longer window one at either end.
        kept = np.flatnonzero((inner_blank == 0) & (edge_blank < (2 if n == 2 else 3)))
        middle = kept + n // 2
        middle -= blank[middle]  # only a pair can have a blank there
        middle -= 1  # the blank that was put in front
        parts.append((folded.document[middle], gram[kept] + np.uint64(n), token_of[middle]))
    return parts


def _hash_spans(
    codes: NDArray[np.uint32], first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Hash each span of characters by a polynomial in its code points."""
    if not len(first):
        return np.empty(0, dtype=np.uint64)
    lengths = last - first
    begins = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    within = np.arange(lengths.sum()) - np.repeat(begins, lengths)
    powers = np.full(int(lengths.max()), _BASE)
    powers[0] = 1
    np.multiply.accumulate(powers, out=powers)
    characters = codes[np.repeat(first, lengths) + within].astype(np.uint64) + np.uint64(1)
    return np.add.reduceat(characters * powers[within], begins)


def _mix(hashed: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the hash over all 64 bits (splitmix64's finaliser, Steele et al. 2014)."""
    hashed = (hashed ^ (hashed >> np.uint64(30))) * _MIX_A
    hashed = (hashed ^ (hashed >> np.uint64(27))) * _MIX_B
    result: NDArray[np.uint64] = hashed ^ (hashed >> np.uint64(31))
    return result
