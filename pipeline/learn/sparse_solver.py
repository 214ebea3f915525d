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

from pipeline.learn.views import rows_of
from pipeline.model.heads import Floats, View, softmax

#: Texts in a step: 128 to 512 ended at the same loss; smaller ones take longer. A small training
#: takes smaller and more steps, or it would stop before it has learnt its texts.
_BATCH = 256
_BATCHES_PER_EPOCH = 8
_SMALLEST_BATCH = 8
_EPOCHS = 12
#: Texts that lose a part of their n-grams need more passes: 0.903 against 0.902 right.
_EPOCHS_BLANKED = 20
#: A large training passes over its texts less often: 1,000,000 of them three times.
_MOST_VISITS = 1_000_000
_FEWEST_EPOCHS = 3
_FEWEST_STEPS = 400
#: First step length, falling to zero in a straight line. 0.1 leaves the loss higher after 12
#: epochs, 1.0 overshoots.
_STEP = 0.3
#: Weights that were learnt already are moved with care.
_STEP_FROM_START = 0.1
#: The intercepts are touched by every batch and need smaller steps.
_BIAS_STEP = 0.03
_SEED = 20261121


def fit_sparse(
    matrix: Any,
    codes: Sequence[NDArray[np.int64]],
    blocks: Sequence[NDArray[np.int64]],
    *,
    strength: float,
    rows: NDArray[np.int64] | None = None,
    weight: Floats | None = None,
    blanked: float = 0.0,
    start: View | None = None,
) -> View:
    """Fit several softmaxes that share the columns of `matrix`.

    :param codes: For each block the label of every row, counted inside the block; -1 where a
        row has no label for it.
    :param blocks: Which outputs each block has; together all of them, 0 and up.
    :param strength: scikit-learn's C: larger means weaker regularisation.
    :param rows: The rows of `matrix` to learn from; default: all. Nothing is copied.
    :param weight: How much each row of `matrix` counts; default: 1.
    :param blanked: Part of the n-grams that a text loses, others each time it is seen (dropout;
        Wager, Wang & Liang 2013): no single one may decide.
    :param start: Weights to begin with and to stay near to, instead of zero.
    """
    rows = np.arange(matrix.shape[0]) if rows is None else rows
    weight = np.ones(matrix.shape[0], dtype=np.float32) if weight is None else weight
    n_texts, total = len(rows), max(float(weight[rows].sum()), 1e-9)
    scale = weight * np.float32(n_texts / total)  # the mean row counts as 1
    weights = np.zeros((matrix.shape[1], sum(map(len, blocks))), dtype=np.float32)
    bias, first, length = _first_bias(codes, blocks, rows, scale), None, _STEP
    if start is not None:
        weights, bias, length = start.weights.copy(), start.bias.copy(), _STEP_FROM_START
        first = start.weights
    squares = np.full_like(weights, 1e-8)
    bias_squares = np.full_like(bias, 1e-8)
    size = min(_BATCH, max(_SMALLEST_BATCH, n_texts // _BATCHES_PER_EPOCH))
    epochs = max(_epochs(n_texts, blanked > 0), -(-_FEWEST_STEPS * size // max(n_texts, 1)))
    penalty = _penalty(matrix, size) / np.float32(strength * total)
    random = np.random.default_rng(_SEED)
    for epoch in range(epochs):
        order = random.permutation(n_texts)
        pace = 1 - epoch / epochs
        for place in range(0, n_texts, size):
            some = rows[np.sort(order[place : place + size])]
            columns, batch = _touched(rows_of(matrix, some))
            if blanked:
                kept = random.random(len(batch.data), dtype=np.float32) >= blanked
                batch.data *= kept / np.float32(1 - blanked)
            gap = _gap(batch @ weights[columns] + bias, [code[some] for code in codes], blocks)
            gap *= scale[some, None] / np.float32(len(some))
            moved = weights[columns] if first is None else weights[columns] - first[columns]
            slope = batch.T @ gap + penalty[columns, None] * moved
            seen = squares[columns] + slope * slope
            squares[columns] = seen
            weights[columns] -= length * pace * slope / np.sqrt(seen)
            slope = gap.sum(axis=0)
            bias_squares += slope * slope
            bias -= _BIAS_STEP * pace * slope / np.sqrt(bias_squares)
    return View(weights, bias)


def _epochs(n_texts: int, blanked: bool) -> int:
    wanted = _EPOCHS_BLANKED if blanked else _EPOCHS
    return max(_FEWEST_EPOCHS, min(wanted, _MOST_VISITS // max(n_texts, 1)))


def _first_bias(
    codes: Sequence[NDArray[np.int64]],
    blocks: Sequence[NDArray[np.int64]],
    rows: NDArray[np.int64],
    scale: Floats,
) -> Floats:
    """Return the log of each label's share."""
    share = np.zeros(sum(map(len, blocks)))
    for code, block in zip(codes, blocks, strict=True):
        known = rows[code[rows] >= 0]
        share[block] = np.bincount(code[known], weights=scale[known], minlength=len(block))
    result: Floats = np.log(np.maximum(share / max(len(rows), 1), 1e-6)).astype(np.float32)
    return result


def _penalty(matrix: Any, batch: int) -> Floats:
    """Return how much more a column pays when it is touched, the rarer it is touched."""
    n_texts, n_columns = matrix.shape
    share = np.bincount(matrix.indices, minlength=n_columns) / max(n_texts, 1)
    touched = 1 - (1 - np.minimum(share, 1)) ** batch
    result: Floats = (1 / np.maximum(touched, 1e-9)).astype(np.float32)
    return result


def _touched(rows: sparse.csr_matrix) -> tuple[NDArray[np.int32], sparse.csr_matrix]:
    """Return the columns that occur in `rows`, and the rows with those columns only."""
    columns, place = np.unique(rows.indices, return_inverse=True)
    shape = (rows.shape[0], len(columns))
    return columns, sparse.csr_matrix((rows.data, place, rows.indptr), shape=shape)


def _gap(
    scores: Floats, codes: Sequence[NDArray[np.int64]], blocks: Sequence[NDArray[np.int64]]
) -> Floats:
    """Return probability minus target, block by block, nothing where a row has no label."""
    gap = np.empty_like(scores)
    for code, block in zip(codes, blocks, strict=True):
        known = np.flatnonzero(code >= 0)
        gap[:, block] = softmax(scores[:, block]) * (code >= 0)[:, None]
        gap[known, block[code[known]]] -= 1
    return gap
