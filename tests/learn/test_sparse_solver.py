"""The solver of the sparse view, against what can be worked out and against scikit-learn."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import brentq

from pipeline.learn.sparse_solver import _penalty, fit_sparse
from pipeline.learn.views import build_views
from pipeline.model.heads import softmax
from pipeline.text.features import NgramSettings
from pipeline.ticket import CATEGORIES

TWO_TEXTS = sparse.csr_matrix(np.eye(2, dtype=np.float32))
TWO_LABELS = [np.array([0, 1])]
PAIR = [np.arange(2)]


def probabilities(matrix, view):
    return softmax(np.asarray(matrix @ view.weights + view.bias, dtype=np.float32))


@pytest.fixture(scope="module")
def corpus(rows_of_corpus):
    """Counted n-grams of 600 texts in six languages, and the codes of their categories."""
    rows = rows_of_corpus(20)
    texts = {"_clean": [row["text"] for row in rows], "language": [row["lang"] for row in rows]}
    views = build_views(pd.DataFrame(texts), None, NgramSettings(), min_documents=2)
    return views.sparse, np.array([CATEGORIES.index(row["category"]) for row in rows])


FIVE = [np.arange(5)]


# --- By hand ---------------------------------------------------------------------------------


def test_two_texts_that_share_nothing_are_told_apart():
    view = fit_sparse(TWO_TEXTS, TWO_LABELS, PAIR, strength=100.0)
    assert probabilities(TWO_TEXTS, view).argmax(axis=1).tolist() == [0, 1]
    assert (probabilities(TWO_TEXTS, view).diagonal() > 0.8).all()
    w = view.weights[0, 0]
    np.testing.assert_allclose(view.weights, [[w, -w], [-w, w]], rtol=1e-5)
    np.testing.assert_allclose(view.bias, math.log(1 / 2), rtol=2e-3)


@pytest.mark.parametrize("strength", [0.03, 0.1, 0.5])
def test_the_penalty_is_that_of_scikit_learn_by_hand(strength):
    """The sum of the losses + w**2 / (2 C) is least where 1 - p = w / C, with p = s(2 w)."""
    best = brentq(lambda w: 1 - 1 / (1 + math.exp(-2 * w)) - w / strength, 0, 10)
    view = fit_sparse(TWO_TEXTS, TWO_LABELS, PAIR, strength=strength)
    assert view.weights[0, 0] == pytest.approx(best, rel=0.02)


def test_a_column_pays_the_same_in_the_mean_however_often_it_is_touched():
    """In four texts, two to a step: 1 over the chance that one of the two has it."""
    matrix = sparse.csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0], [1, 0, 1]], np.float32))
    expected = [1, 1 / (1 - 0.5**2), 1 / (1 - 0.75**2)]
    assert _penalty(matrix, 2).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("n", [2, 9, 40, 300])
def test_few_texts_are_learnt_as_well_as_many(n):
    """Each has a word of its own, so there is no reason to be in doubt about any."""
    matrix = sparse.csr_matrix(np.eye(n, dtype=np.float32))
    codes = np.arange(n) % 2
    view = fit_sparse(matrix, [codes], PAIR, strength=100.0)
    assert (probabilities(matrix, view)[np.arange(n), codes] > 0.8).all()


def test_without_words_the_share_of_a_label_is_its_probability():
    nothing = sparse.csr_matrix((8, 3), dtype=np.float32)
    view = fit_sparse(nothing, [np.array([0, 1, 1, 1, 0, 1, 1, 1])], PAIR, strength=1.0)
    np.testing.assert_allclose(probabilities(nothing, view), [[1 / 4, 3 / 4]] * 8, atol=0.01)
    assert not view.weights.any()


def test_the_outputs_stand_where_their_block_says():
    """The same labels for outputs 2 and 0 as for 1 and 3."""
    codes = TWO_LABELS * 2
    view = fit_sparse(TWO_TEXTS, codes, [np.array([2, 0]), np.array([1, 3])], strength=1.0)
    np.testing.assert_array_equal(view.weights[:, 2], view.weights[:, 1])
    np.testing.assert_array_equal(view.weights[:, 0], view.weights[:, 3])
    assert view.weights[0, 2] > 0 > view.weights[0, 0]


# --- Rows and blocks -------------------------------------------------------------------------


def test_what_rows_without_a_label_say_changes_nothing():
    """Whichever words they have, as long as these occur equally often."""
    rng = np.random.default_rng(0)
    known = rng.random((20, 4), dtype=np.float32)
    codes = [np.array([0, 1] * 10 + [-1] * 6)]
    one, other = (
        sparse.csr_matrix(np.concatenate([known, rng.random((6, 4), dtype=np.float32)]))
        for _ in range(2)
    )
    found, again = (fit_sparse(matrix, codes, PAIR, strength=1.0) for matrix in (one, other))
    np.testing.assert_array_equal(found.weights, again.weights)
    np.testing.assert_array_equal(found.bias, again.bias)


def test_rows_without_a_label_might_as_well_not_be_there(corpus):
    matrix, codes = corpus
    blank = np.where(np.arange(len(codes)) % 2, codes, -1)
    labelled = np.flatnonzero(blank >= 0)
    whole = fit_sparse(matrix, [blank], FIVE, strength=1.0)
    alone = fit_sparse(matrix[labelled], [codes[labelled]], FIVE, strength=1.0)
    gap = np.abs(probabilities(matrix, whole) - probabilities(matrix, alone))
    assert gap.mean() < 0.03
    unseen = np.setdiff1d(np.arange(matrix.shape[1]), matrix[labelled].indices)
    assert len(unseen) > 100
    assert not whole.weights[unseen].any()


def test_blocks_do_not_touch_each_other(corpus):
    """Categories beside something else: the same weights as alone, whatever the other says."""
    matrix, codes = corpus
    noise = np.random.default_rng(0).integers(-1, 3, len(codes))
    alone = fit_sparse(matrix, [codes], FIVE, strength=10.0)
    beside = fit_sparse(matrix, [codes, noise], [np.arange(5), np.arange(5, 8)], strength=10.0)
    np.testing.assert_allclose(beside.weights[:, :5], alone.weights, atol=1e-6)
    np.testing.assert_allclose(beside.bias[:5], alone.bias, atol=1e-6)
    assert np.abs(beside.weights[:, 5:]).max() > 0.1


# --- On the corpus ---------------------------------------------------------------------------


def test_the_same_texts_give_the_same_bytes(corpus):
    matrix, codes = corpus
    one, other = (fit_sparse(matrix, [codes], FIVE, strength=10.0) for _ in range(2))
    assert one.weights.tobytes() == other.weights.tobytes()
    assert one.bias.tobytes() == other.bias.tobytes()


def test_a_smaller_c_gives_smaller_weights(corpus):
    matrix, codes = corpus
    sizes = [
        np.linalg.norm(fit_sparse(matrix, [codes], FIVE, strength=c).weights)
        for c in (0.01, 0.1, 1.0, 10.0)
    ]
    assert all(a < b / 2 for a, b in pairwise(sizes))


@pytest.mark.parametrize(("strength", "mean", "most"), [(0.1, 0.005, 0.03), (1.0, 0.015, 0.1)])
def test_probabilities_are_those_of_scikit_learn(corpus, strength, mean, most):
    """On texts that were learnt from and on others; the norms of the weights agree too."""
    from sklearn.linear_model import LogisticRegression

    matrix, codes = corpus
    seen = np.arange(len(codes)) % 5 != 0
    exact = LogisticRegression(C=strength, tol=1e-5, max_iter=500).fit(matrix[seen], codes[seen])
    view = fit_sparse(matrix[seen], [codes[seen]], FIVE, strength=strength)
    gap = np.abs(probabilities(matrix, view) - exact.predict_proba(matrix))
    assert gap.mean() < mean
    assert gap.max() < most
    assert np.linalg.norm(view.weights) == pytest.approx(np.linalg.norm(exact.coef_), rel=0.1)
