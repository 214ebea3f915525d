"""Folded text to hashed word and character n-grams: the sparse view of a ticket.

Every n-gram of the batch is a window over the folded array; its column is a rolling
polynomial hash (`pipeline.text.loops`). No window crosses a run of characters or a text.
Character windows keep one blank on either side of a run, so that beginnings and endings of
words differ from their middles (as scikit-learn's ``char_wb``). Measured against scikit-learn's
vectorisers in docs/decisions/0004-features.md.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline.text.loops import find_windows, weigh_columns
from pipeline.text.tokens import SPACE, Folded

#: Changes whenever the same text would give other columns: a model refuses another version.
FEATURES_VERSION = 2


class NgramSettings(NamedTuple):
    """Which n-grams are counted, and in how many hashed columns."""

    char_min: int = 2
    char_max: int = 5
    word_max: int = 2
    bits: int = 20


class Windows(NamedTuple):
    """N-grams of a batch before counting, ordered by text; each array has shape (n_windows,)."""

    document: NDArray[np.int32]
    column: NDArray[np.int32]
    """Hashed column, 0 .. 2**bits - 1; or that of a `Vocabulary`."""
    token: NDArray[np.int32]
    """The token (row of `token_bounds`) that holds the middle of the characters, or the first
    of the words."""


class Vocabulary(NamedTuple):
    """The columns a model has seen, and how much each one weighs."""

    lookup: NDArray[np.int32]
    """Hashed column -> column of the model (the commonest first), or -1; shape (2**bits,)."""
    idf: NDArray[np.float32]
    """Inverse document frequency of each column of the model; shape (n_columns,)."""


def windows(folded: Folded, settings: NgramSettings) -> Windows:
    """Return every word and character n-gram of the batch under its hashed column."""
    return _find(folded, settings, np.empty(0, dtype=np.int32))[0]


def known_windows(
    folded: Folded, settings: NgramSettings, vocabulary: Vocabulary
) -> tuple[Windows, NDArray[np.int32]]:
    """Return the n-grams that `vocabulary` knows under its columns, and how many each text has
    in all; shape (n_texts,)."""
    return _find(folded, settings, vocabulary.lookup)


def _find(
    folded: Folded, settings: NgramSettings, lookup: NDArray[np.int32]
) -> tuple[Windows, NDArray[np.int32]]:
    is_edge = folded.symbol | (folded.codes == SPACE)
    shape = (settings.char_min, settings.char_max, settings.word_max, settings.bits)
    document, column, token, every = find_windows(
        folded.codes, is_edge, folded.token_start, folded.offsets, lookup, shape, np.uint32(SPACE)
    )
    return Windows(document, column, token), every


def count(found: Windows, n_documents: int, vocabulary: Vocabulary) -> sparse.csr_matrix:
    """Weigh those of all n-grams of a batch that are in `vocabulary`; see `weigh`."""
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
    idf = vocabulary.idf
    indptr, indices, data = weigh_columns(found.document, found.column, idf, n_documents)
    return sparse.csr_matrix((data, indices, indptr), shape=(n_documents, len(idf)))


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
    # The commonest side by side: what most texts ask for then stays in the processor's cache.
    kept = kept[np.argsort(-frequency[kept], kind="stable")]
    lookup = np.full(len(frequency), -1, dtype=np.int32)
    lookup[kept] = np.arange(len(kept), dtype=np.int32)
    idf = np.log((1 + n_documents) / (1 + frequency[kept])) + 1
    return Vocabulary(lookup, idf.astype(np.float32))
