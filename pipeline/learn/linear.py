"""Fit the linear weights of a view: one multinomial logistic regression for each head."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pipeline.learn.sparse_solver import fit_sparse
from pipeline.model.heads import Floats, Head, View, softmax

#: scikit-learn stops when the gradient of the mean loss is this small; 1e-2 stops a fit on
#: rare labels before it has begun.
_TOLERANCE = 1e-4
_MOST_STEPS = 500


class Answers:
    """The labels of one head for the rows that have one.

    :param home: The group of each label, when labels are only ever compared inside their
        group (the reasons of one category): each group is then fitted on its own rows.
    """

    def __init__(
        self, head: Head, labels: Sequence[str], home: Mapping[str, str] | None = None
    ) -> None:
        index = {label: i for i, label in enumerate(head.labels)}
        self.head = head
        self.codes: NDArray[np.int64] = np.array([index.get(label, -1) for label in labels])
        names = [(home or {}).get(label, "") for label in head.labels]
        self.groups = [
            np.array([i for i, name in enumerate(names) if name == group])
            for group in dict.fromkeys(names)
        ]

    def at(self, rows: NDArray[np.int64]) -> "Answers":
        """Return the labels of the given rows alone."""
        few = copy(self)
        few.codes = self.codes[rows]
        return few

    def rows(self, among: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of the rows `among` that have a label for this head."""
        found: NDArray[np.int64] = among[self.codes[among] >= 0]
        return found


def fit_dense(
    vectors: Floats,
    answers: Mapping[str, Answers],
    rows: NDArray[np.int64],
    *,
    strength: float,
    weight: Floats | None = None,
) -> View:
    """Fit every head on vectors: standardised for the fit, the weights fold that back in.

    :param strength: scikit-learn's C: larger means weaker regularisation.
    :param weight: How much each row of `vectors` counts; default: 1.
    """
    mean = vectors[rows].mean(axis=0)
    spread = np.maximum(vectors[rows].std(axis=0), np.float32(1e-6))
    standard = (vectors - mean) / spread
    with threadpool_limits(1):  # several BLAS threads on two busy cores wait for each other
        parts = [
            _fit_head(standard, one, one.rows(rows), strength, weight) for one in answers.values()
        ]
    weights = np.concatenate([part.weights for part in parts], axis=1) / spread[:, None]
    bias = np.concatenate([part.bias for part in parts]) - mean @ weights
    return View(weights.astype(np.float32), bias.astype(np.float32))


def fit_ngrams(
    matrix: Any,
    answers: Mapping[str, Answers],
    rows: NDArray[np.int64],
    *,
    strength: float,
    weight: Floats | None = None,
    blanked: float = 0.0,
    start: View | None = None,
) -> View:
    """Fit every head on counted n-grams; for the options see `sparse_solver.fit_sparse`."""
    codes: list[NDArray[np.int64]] = []
    blocks: list[NDArray[np.int64]] = []
    first = 0
    for one in answers.values():
        for group in one.groups:
            place = np.full(len(one.head.labels) + 1, -1)  # the last is for "no label"
            place[group] = np.arange(len(group))
            codes.append(place[one.codes])
            blocks.append(first + group)
        first += len(one.head.labels)
    return fit_sparse(
        matrix,
        codes,
        blocks,
        strength=strength,
        rows=rows,
        weight=weight,
        blanked=blanked,
        start=start,
    )


def scores(matrix: Any, view: View) -> Floats:
    """Return the outputs of a view; shape (n_texts, n_outputs)."""
    result: Floats = np.asarray(matrix @ view.weights + view.bias, dtype=np.float32)
    return result


def head_probabilities(all_scores: Floats, columns: slice) -> Floats:
    """Return one head's probabilities from the outputs of a view."""
    return softmax(all_scores[:, columns])


def _fit_head(
    vectors: Floats,
    answers: Answers,
    rows: NDArray[np.int64],
    strength: float,
    weight: Floats | None,
) -> View:
    n_labels = len(answers.head.labels)
    full = View(
        np.zeros((vectors.shape[1], n_labels), dtype=np.float32),
        # A label that the rows do not show stays improbable, not impossible.
        np.full(n_labels, -10, dtype=np.float32),
    )
    for group in answers.groups:
        inside = rows[np.isin(answers.codes[rows], group)]
        if len(inside):
            few = None if weight is None else weight[inside]
            _fit_labels(vectors[inside], answers.codes[inside], strength, few, into=full)
    return full


def _fit_labels(
    vectors: Floats,
    codes: NDArray[np.int64],
    strength: float,
    weight: Floats | None,
    *,
    into: View,
) -> None:
    """Fit the labels that occur, and put their weights into `into`."""
    from sklearn.linear_model import LogisticRegression

    present = np.unique(codes)
    if len(present) == 1:
        into.bias[present] = 0
        return
    model = LogisticRegression(C=strength, tol=_TOLERANCE, max_iter=_MOST_STEPS)
    model.fit(vectors, codes, sample_weight=weight)
    if len(present) == 2:  # scikit-learn keeps one column for two classes
        half = model.coef_[0] / 2
        into.weights[:, present[1]], into.weights[:, present[0]] = half, -half
        into.bias[present] = np.array([-0.5, 0.5]) * model.intercept_[0]
        return
    into.weights[:, present] = model.coef_.T
    into.bias[present] = model.intercept_
