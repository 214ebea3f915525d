"""Tuning the upper part of the encoder: its gradients, and what must not change it.

The upper part here has a few numbers in each layer instead of hundreds.
"""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.learn.linear import Answers, fit_dense, scores
from pipeline.learn.tuning import Recipe, _Batch, _batch, _slopes, tune
from pipeline.model.heads import Head, columns_of
from pipeline.text.encoder import UPPER_SHAPES, Pooled, upper_part

#: 1280, 512 and 320 numbers of the encoder as 7, 6 and 5.
SMALL = {1280: 7, 512: 6, 320: 5}
SHAPES = {name: tuple(SMALL[n] for n in shape) for name, shape in UPPER_SHAPES.items()}
HEADS = (
    Head("category", ("quality", "物流", "other")),
    Head("urgency", ("low", "normal", "high", "critical")),
    Head("emotion", ("calm", "angry")),
)
#: Dropout draws masks of the real widths.
RECIPE = Recipe(epochs=4, batch=8, dropout=0.0)
ONES = [np.float32(1)] * 3


def upper(seed=0, shapes=SHAPES, dtype=np.float32):
    rng = np.random.default_rng(seed)
    return {
        name: (rng.normal(size=shape) / np.sqrt(shape[0])).astype(dtype)
        for name, shape in shapes.items()
    }


def pooled(n=24, width=SMALL[1280], seed=1):
    rng = np.random.default_rng(seed)
    return Pooled(
        rng.normal(size=(n, width)).astype(np.float32),
        rng.integers(1, 60, size=n).astype(np.float32),
    )


def answers(n=24, heads=HEADS, seed=2):
    rng = np.random.default_rng(seed)
    return {
        head.name: Answers(head, [head.labels[i] for i in rng.integers(len(head.labels), size=n)])
        for head in heads
    }


def tuned(recipe=RECIPE, texts=None, start=None, labels=None, rows=None):
    texts = pooled() if texts is None else texts
    rows = np.arange(len(texts.means)) if rows is None else rows
    return tune(texts, start or upper(), labels or answers(), rows, recipe)


def same_bytes(one, other):
    assert sorted(one.upper) == sorted(other.upper) == sorted(UPPER_SHAPES)
    for name in UPPER_SHAPES:
        assert one.upper[name].tobytes() == other.upper[name].tobytes(), name


# --- Gradients -------------------------------------------------------------------------------


def loss(w, batch, recipe, masks):
    """The mean cross-entropy of every head times its share, written once more."""
    m = batch.roots * (batch.means @ w["cnn_W"] + w["cnn_b"]) * masks[0]
    y0 = np.maximum(m @ w["d0"], 0)
    y1 = np.maximum(m @ w["p1"] + y0 @ w["d1"], 0) * masks[1]
    y2 = np.maximum(y1 @ w["d2"], 0) * masks[2]
    t = np.tanh(y1 @ w["p3"] + y2 @ w["d3"])
    h = t / np.linalg.norm(t, axis=1, keepdims=True) / w["scale"]
    total = 0.0
    for name, target in batch.targets.items():
        said = h @ w[f"{name}_W"] + w[f"{name}_b"]
        logs = said - np.log(np.exp(said).sum(axis=1, keepdims=True))
        total -= recipe.share.get(name, 0.3) * (target * logs).sum() / len(h)
    return total


@pytest.fixture
def weights():
    """Weights of the upper part and of every head, in double precision."""
    rng = np.random.default_rng(3)
    found = upper(dtype=np.float64) | {"scale": rng.uniform(0.2, 2, SMALL[512])}
    for head in HEADS:
        found[f"{head.name}_W"] = rng.normal(size=(SMALL[512], len(head.labels)))
        found[f"{head.name}_b"] = rng.normal(size=len(head.labels))
    return found


@pytest.fixture
def batch():
    """Five tickets with smoothed and mixed labels; the last has a category alone."""
    rng = np.random.default_rng(4)
    targets = {head.name: rng.dirichlet(np.ones(len(head.labels)), size=5) for head in HEADS}
    targets["urgency"][4] = targets["emotion"][4] = 0
    return _Batch(rng.normal(size=(5, SMALL[1280])), rng.uniform(1, 4, size=(5, 1)), targets)


@pytest.mark.parametrize("dropout", [False, True])
def test_the_gradients_are_the_slopes_of_the_loss(weights, batch, dropout):
    """Against (loss(w + d) - loss(w - d)) / 2 d for every single weight."""
    rng = np.random.default_rng(5)
    widths = (SMALL[512], SMALL[320], SMALL[512])
    masks = [(rng.random((5, n)) < 0.7) / 0.7 for n in widths] if dropout else ONES
    slopes = _slopes(weights, batch, RECIPE, masks)
    assert set(slopes) == set(weights) - {"scale"}
    for name, slope in slopes.items():
        expected = np.zeros_like(weights[name])
        for place in np.ndindex(expected.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = weights[name].copy()
                moved[place] += step
                sides.append(loss(weights | {name: moved}, batch, RECIPE, masks))
            expected[place] = (sides[0] - sides[1]) / 2e-6
        assert np.abs(expected).max() > 1e-4, name
        np.testing.assert_allclose(slope, expected, rtol=1e-4, atol=1e-7, err_msg=name)


def test_the_loss_is_that_of_the_encoder_in_use(weights, batch):
    """Tuning and scoring go the same way through the upper part."""
    blank = {"category": batch.targets["category"]}
    vectors = upper_part(weights, batch.means, batch.roots) / weights["scale"]
    said = vectors @ weights["category_W"] + weights["category_b"]
    logs = said - np.log(np.exp(said).sum(axis=1, keepdims=True))
    expected = -(blank["category"] * logs).sum(axis=1).mean()
    assert loss(weights, batch._replace(targets=blank), RECIPE, ONES) == pytest.approx(expected)


def test_a_ticket_without_labels_has_no_slope(weights, batch):
    """With it the mean is over five instead of four, and nothing else changes."""
    for target in batch.targets.values():
        target[4] = 0
    four = _Batch(
        batch.means[:4], batch.roots[:4], {name: t[:4] for name, t in batch.targets.items()}
    )
    with_it, without = (_slopes(weights, one, RECIPE, ONES) for one in (batch, four))
    for name, slope in without.items():
        np.testing.assert_allclose(with_it[name] * 5 / 4, slope, rtol=1e-4, atol=1e-7)


# --- Mixed tickets ---------------------------------------------------------------------------


class _Chosen:
    """Mixes every ticket with the one that is named."""

    def __init__(self, *others):
        self.others = np.array(others)

    def random(self, n):
        return np.zeros(n)

    def integers(self, end, size):
        return self.others


def test_two_tickets_in_one_message_by_hand():
    """One token of ticket 0 and three of ticket 1: the mean and the labels go 1 : 3.

    The higher of the levels counts, from whichever side it comes; the tone is nobody's.
    """
    means = np.array([[0.0], [8.0]], dtype=np.float32)
    lengths = np.array([1, 3], dtype=np.float32)
    one_hot = np.eye(4, dtype=np.float32)
    targets = {
        "category": one_hot[:2, :2],
        "urgency": one_hot[[3, 1]],
        "emotion": one_hot[[0, 1], :2],
    }
    recipe = replace(RECIPE, mixed=1.0, smoothing=0.0)
    found = _batch(np.array([0, 1]), means, lengths, targets, _Chosen(1, 0), recipe)
    assert found.means.tolist() == [[6.0], [6.0]]
    assert found.roots.tolist() == [[2.0], [2.0]]
    assert found.targets["category"].tolist() == [[0.25, 0.75], [0.25, 0.75]]
    assert found.targets["urgency"].argmax(axis=1).tolist() == [3, 3]
    assert not found.targets["emotion"].any()


def test_a_message_is_as_urgent_as_its_parts_are_known_to_be():
    """Low beside a ticket without a level: nobody knows the more urgent of the two."""
    targets = {"urgency": np.array([[1, 0, 0, 0], [0, 0, 0, 0]], dtype=np.float32)}
    recipe = replace(RECIPE, mixed=1.0)
    found = _batch(np.arange(2), *pooled(2), targets, _Chosen(1, 0), recipe)
    assert not found.targets["urgency"].any()


def test_smoothing_gives_a_part_to_every_label_of_a_ticket_that_has_one():
    """A tenth is shared by four labels; a ticket without a label keeps none."""
    targets = {"urgency": np.array([[0, 0, 1, 0], [0, 0, 0, 0]], dtype=np.float32)}
    recipe = replace(RECIPE, mixed=0.0, smoothing=0.1)
    texts = pooled(2)
    found = _batch(np.arange(2), *texts, targets, np.random.default_rng(0), recipe)
    expected = [[0.025, 0.025, 0.925, 0.025], [0, 0, 0, 0]]
    np.testing.assert_allclose(found.targets["urgency"], expected, atol=1e-6)
    np.testing.assert_array_equal(found.means, texts.means)


# --- The whole -------------------------------------------------------------------------------


def test_without_an_epoch_it_is_a_regression_on_the_untouched_vectors():
    start, texts, labels = upper(), pooled(), answers()
    found = tuned(replace(RECIPE, epochs=0), texts, start, labels)
    for name in UPPER_SHAPES:
        np.testing.assert_array_equal(found.upper[name], start[name])
    vectors = upper_part(start, texts.means, np.sqrt(texts.lengths)[:, None])
    view = fit_dense(vectors, labels, np.arange(24), strength=RECIPE.head_strength)
    np.testing.assert_allclose(scores(vectors, found.view), scores(vectors, view), atol=1e-4)


def test_at_rate_zero_the_heads_alone_are_trained():
    start = upper()
    found, first = tuned(replace(RECIPE, rate=0.0)), tuned(replace(RECIPE, epochs=0))
    for name in UPPER_SHAPES:
        np.testing.assert_array_equal(found.upper[name], start[name])
    assert np.abs(found.view.weights - first.view.weights).max() > 1e-4


def test_what_it_started_from_is_not_changed():
    start, again = upper(), upper()
    found = tuned(start=start)
    for name in UPPER_SHAPES:
        np.testing.assert_array_equal(start[name], again[name])
        assert np.abs(found.upper[name] - start[name]).max() > 1e-5, name


def test_tuned_vectors_have_length_one():
    texts = pooled()
    vectors = upper_part(tuned().upper, texts.means, np.sqrt(texts.lengths)[:, None])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_it_learns_what_it_was_shown():
    """Six texts each of four kinds, which the heads' first regressions cannot tell apart."""
    kind = np.arange(24) % 4
    texts = Pooled(pooled(4).means[kind], np.full(24, 9, dtype=np.float32))
    labels = {
        head.name: Answers(head, [head.labels[k * len(head.labels) // 4] for k in kind])
        for head in HEADS
    }

    def right(epochs):
        recipe = replace(RECIPE, epochs=epochs, rate=5e-3, head_rate=2e-2)
        found = tuned(recipe, texts, labels=labels)
        vectors = upper_part(found.upper, texts.means, np.sqrt(texts.lengths)[:, None])
        seen = scores(vectors, found.view)
        return [
            (seen[:, block].argmax(axis=1) == labels[name].codes).mean()
            for name, block in columns_of(HEADS).items()
        ]

    assert min(right(0)) < 0.9
    assert right(60) == [1, 1, 1]


def test_a_head_without_a_label_teaches_the_encoder_nothing():
    """Nor do the other heads notice it."""
    few = {name: one for name, one in answers().items() if name != "emotion"}
    blank = few | {"emotion": Answers(HEADS[2], [""] * 24)}
    alone, beside = tuned(labels=few), tuned(labels=blank)
    same_bytes(alone, beside)
    np.testing.assert_array_equal(beside.view.weights[:, :7], alone.view.weights)
    assert not beside.view.weights[:, 7:].any()


def test_only_the_given_rows_are_learnt_from():
    """The other rows, texts and labels, might be anything."""
    rows = np.arange(0, 24, 2)
    texts, labels = pooled(), answers()
    other = Pooled(texts.means.copy(), texts.lengths.copy())
    other.means[1::2], other.lengths[1::2] = 99, 1
    changed = answers()
    for one in changed.values():
        one.codes[1::2] = 0
    found = tuned(texts=texts, labels=labels, rows=rows)
    same_bytes(found, tuned(texts=other, labels=changed, rows=rows))
    assert (found.upper["d0"] != tuned(texts=texts, labels=labels).upper["d0"]).any()


def test_twice_the_same_bytes():
    """In the real shapes, so that dropout takes part."""
    start = upper(shapes=UPPER_SHAPES)
    texts = pooled(12, width=1280)
    recipe = Recipe(epochs=1, batch=6)
    one, other = (tuned(recipe, texts, start, answers(12)) for _ in range(2))
    same_bytes(one, other)
    assert one.view.weights.tobytes() == other.view.weights.tobytes()
    assert one.view.bias.tobytes() == other.view.bias.tobytes()
    assert {name: array.shape for name, array in one.upper.items()} == UPPER_SHAPES
    assert all(array.dtype == np.float32 for array in (*one.upper.values(), *one.view))
