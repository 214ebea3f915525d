"""The training texts as the model sees them: counted n-grams, and vectors of the encoder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline.model.heads import Floats
from pipeline.text.encoder import Encoder, Pooled, Upper
from pipeline.text.features import (
    NgramSettings,
    Vocabulary,
    Windows,
    count,
    document_frequency,
    vocabulary_of,
    windows,
)
from pipeline.text.tokens import fold

_CHUNK = 512
#: Weights of one view at most (columns x outputs; 160 MB, and the solver holds three such
#: arrays): with many labels and texts the rarest n-grams go first.
_MOST_WEIGHTS = 40_000_000
#: From this number of texts on the counts wait on the disk, not in memory.
_TEXTS_IN_MEMORY = 50_000


class Views(NamedTuple):
    """The training texts as the model sees them."""

    sparse: Any
    pooled: Pooled | None
    upper: Upper
    """The encoder's own upper part; empty without an encoder."""
    dense: Floats | None
    vocabulary: Vocabulary


def build_views(
    tickets: pd.DataFrame,
    encoder: Encoder | None,
    ngrams: NgramSettings,
    *,
    min_documents: int,
    word_weight: float = 1.0,
    outputs: int = 1,
    scratch: Path | None = None,
) -> Views:
    """Featurise prepared texts: count n-grams twice (once to see which occur), encode once.

    :param word_weight: What a word or pair of words counts beside a run of characters.
    :param outputs: Labels of all heads together; bounds the columns (`_MOST_WEIGHTS`).
    :param scratch: Folder in which the counts of large trainings wait.
    """
    matrix, vocabulary = sparse_view(
        tickets,
        ngrams,
        min_documents=min_documents,
        word_weight=word_weight,
        outputs=outputs,
        scratch=scratch,
    )
    if encoder is None:
        return Views(matrix, None, {}, None, vocabulary)
    pooled = encoder.pool(tickets["_clean"].tolist())
    vectors = encoder.vectors(pooled, encoder.upper)
    return Views(matrix, pooled, encoder.upper, vectors, vocabulary)


def sparse_view(
    tickets: pd.DataFrame,
    ngrams: NgramSettings,
    *,
    min_documents: int,
    word_weight: float = 1.0,
    outputs: int = 1,
    scratch: Path | None = None,
) -> tuple[Any, Vocabulary]:
    """Return the counts of the n-grams, shape (n_texts, n_columns), and which they are."""
    texts, languages = tickets["_clean"], tickets["language"]
    frequency = np.zeros(1 << ngrams.bits, dtype=np.int64)
    for found in _windows(texts, languages, ngrams):
        frequency += document_frequency(found, ngrams)
    fewest = _fewest_documents(frequency, min_documents, _MOST_WEIGHTS // max(outputs, 1))
    vocabulary = vocabulary_of(frequency, len(texts), min_documents=fewest)
    if word_weight != 1:
        words = np.zeros(1 << ngrams.bits, dtype=bool)
        for found in _windows(texts, languages, ngrams._replace(char_min=9, char_max=2)):
            words[found.column] = True
        vocabulary.idf[words[vocabulary.lookup >= 0]] *= np.float32(word_weight)
    parts = (
        count(found, min(_CHUNK, len(texts) - i * _CHUNK), vocabulary)
        for i, found in enumerate(_windows(texts, languages, ngrams))
    )
    if scratch is None or len(texts) < _TEXTS_IN_MEMORY:
        return sparse.vstack(list(parts)).tocsr(), vocabulary
    return _on_disk(parts, len(vocabulary.idf), scratch), vocabulary


def _windows(texts: pd.Series, languages: pd.Series, ngrams: NgramSettings) -> Iterator[Windows]:
    for i in range(0, len(texts), _CHUNK):
        rows = slice(i, i + _CHUNK)
        yield windows(fold(texts.iloc[rows].tolist(), languages.iloc[rows].tolist()), ngrams)


def _fewest_documents(frequency: NDArray[np.int64], fewest: int, most_columns: int) -> int:
    """Return in how many texts an n-gram must occur so that no more than so many are left.

    >>> _fewest_documents(np.array([5, 4, 3, 3, 2, 1]), 2, most_columns=2)
    4
    """
    seen = np.sort(frequency[frequency >= fewest])[::-1]
    return fewest if len(seen) <= most_columns else int(seen[most_columns]) + 1


def _on_disk(parts: Iterator[Any], n_columns: int, scratch: Path) -> Any:
    """Join sparse parts in files of `scratch`: only the rows in use are in memory."""
    starts = [np.zeros(1, dtype=np.int64)]
    with (scratch / "values").open("wb") as values, (scratch / "columns").open("wb") as columns:
        for part in parts:
            part.data.tofile(values)
            part.indices.tofile(columns)
            starts.append(part.indptr[1:].astype(np.int64) + starts[-1][-1])
    ends = np.concatenate(starts)
    matrix = sparse.csr_matrix((len(ends) - 1, n_columns), dtype=np.float32)
    if ends[-1]:
        matrix.data = np.memmap(scratch / "values", dtype=np.float32, mode="r")
        matrix.indices = np.memmap(scratch / "columns", dtype=np.int32, mode="r")
    matrix.indptr = ends
    return matrix


def rows_of(matrix: Any, rows: NDArray[np.int64]) -> sparse.csr_matrix:
    """Return some rows of the counts, read from memory or disk.

    scipy's own indexing copies every index of the matrix when the types of its arrays differ.

    >>> matrix = sparse.csr_matrix(np.eye(3, dtype=np.float32))
    >>> rows_of(matrix, np.array([2, 0])).toarray().tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    begin, end = matrix.indptr[rows], matrix.indptr[rows + 1]
    lengths = (end - begin).astype(np.int64)
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    place = np.repeat(begin - indptr[:-1], lengths) + np.arange(indptr[-1])
    shape = (len(rows), matrix.shape[1])
    return sparse.csr_matrix((matrix.data[place], matrix.indices[place], indptr), shape=shape)
