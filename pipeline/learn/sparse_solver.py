"""Fit the weights of the sparse view: AdaGrad on small batches, all heads at once.

A batch of texts touches a few thousand of some hundred thousand columns, and only those rows
of the weights are read and changed, so memory holds the weights and one accumulator, whatever
the number of texts. scikit-learn's L-BFGS keeps twenty copies of all weights in double
precision and passes over everything two hundred times: six times as long for a macro-F1 that
differs by less than noise (docs/decisions/0005-model.md).

The step is AdaGrad's (Duchi, Hazan & Singer 2011). The penalty is L2 with scikit-learn's C; it
is charged when a column is touched, divided by how often that happens, so that in the mean
every column pays the same.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline.model.heads import Floats, View, softmax

#: Texts in a step: 128 to 512 ended at the same loss; smaller ones take longer. A small training
#: takes smaller and more steps, or it would stop before it has learnt its texts.
_BATCH = 256
_BATCHES_PER_EPOCH = 8
_SMALLEST_BATCH = 8
_EPOCHS = 12
_FEWEST_STEPS = 400
#: First step length, falling to zero in a straight line. 0.1 leaves the loss higher after 12
#: epochs, 1.0 overshoots.
_STEP = 0.3
#: The intercepts are touched by every batch and need smaller steps.
_BIAS_STEP = 0.03
_SEED = 20261121


def fit_sparse(
    matrix: sparse.csr_matrix,
    codes: Sequence[NDArray[np.int64]],
    blocks: Sequence[NDArray[np.int64]],
    *,
    strength: float,
) -> View:
    """Fit several softmaxes that share the columns of `matrix`.

    :param codes: For each block the label of every row, counted inside the block; -1 where a
        row has no label for it.
    :param blocks: Which outputs each block has; together all of them, 0 and up.
    :param strength: scikit-learn's C: larger means weaker regularisation.
    """
    n_texts, n_columns = matrix.shape
    targets = _targets(codes, blocks, n_texts)
    weights = np.zeros((n_columns, sum(map(len, blocks))), dtype=np.float32)
    bias = np.log(np.maximum(targets.mean(axis=0), 1e-6)).astype(np.float32)
    squares = np.full_like(weights, 1e-8)
    bias_squares = np.full_like(bias, 1e-8)
    size = min(_BATCH, max(_SMALLEST_BATCH, n_texts // _BATCHES_PER_EPOCH))
    epochs = max(_EPOCHS, -(-_FEWEST_STEPS * size // max(n_texts, 1)))
    penalty = _penalty(matrix, strength, size)
    random = np.random.default_rng(_SEED)
    for epoch in range(epochs):
        order = random.permutation(n_texts)
        pace = 1 - epoch / epochs
        for start in range(0, n_texts, size):
            rows = np.sort(order[start : start + size])
            columns, batch = _touched(matrix[rows])
            gap = _gap(batch @ weights[columns] + bias, targets[rows], blocks)
            slope = batch.T @ gap + penalty[columns, None] * weights[columns]
            seen = squares[columns] + slope * slope
            squares[columns] = seen
            weights[columns] -= _STEP * pace * slope / np.sqrt(seen)
            slope = gap.sum(axis=0)
            bias_squares += slope * slope
            bias -= _BIAS_STEP * pace * slope / np.sqrt(bias_squares)
    return View(weights, bias)


def _targets(
    codes: Sequence[NDArray[np.int64]], blocks: Sequence[NDArray[np.int64]], n_texts: int
) -> NDArray[np.float32]:
    targets = np.zeros((n_texts, sum(map(len, blocks))), dtype=np.float32)
    for code, block in zip(codes, blocks, strict=True):
        known = np.flatnonzero(code >= 0)
        targets[known, block[code[known]]] = 1
    return targets


def _penalty(matrix: sparse.csr_matrix, strength: float, batch: int) -> NDArray[np.float32]:
    """Return what each column pays when it is touched."""
    n_texts, n_columns = matrix.shape
    share = np.bincount(matrix.indices, minlength=n_columns) / max(n_texts, 1)
    touched = 1 - (1 - np.minimum(share, 1)) ** batch
    return (1 / (strength * max(n_texts, 1)) / np.maximum(touched, 1e-9)).astype(np.float32)


def _touched(rows: sparse.csr_matrix) -> tuple[NDArray[np.int32], sparse.csr_matrix]:
    """Return the columns that occur in `rows`, and the rows with those columns only."""
    columns, place = np.unique(rows.indices, return_inverse=True)
    shape = (rows.shape[0], len(columns))
    return columns, sparse.csr_matrix((rows.data, place, rows.indptr), shape=shape)


def _gap(scores: Floats, targets: NDArray[np.float32], blocks: Sequence[NDArray[np.int64]]) -> Any:
    """Return probability minus target, block by block, nothing where a row has no label."""
    gap = np.empty_like(scores)
    for block in blocks:
        has_label = targets[:, block].sum(axis=1, keepdims=True)
        gap[:, block] = softmax(scores[:, block]) * has_label - targets[:, block]
    return gap / np.float32(len(scores))
