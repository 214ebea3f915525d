"""Tune the upper part of the sentence encoder on labelled tickets, in numpy alone.

The lower part is left as it is: its means are computed once, and one pass over 20,000 tickets
then takes seconds. The upper part (1.5 million weights) is trained together with a linear head
for each kind of label. They share the encoder, and a label that a ticket lacks adds nothing.

Four things keep the result close to a model that also works on tickets of another register
than those it was trained on (docs/decisions/0005-model.md):

- the heads start as logistic regressions on the untouched vectors, so that the first steps do
  not bend the encoder to fit random heads;
- few epochs, a small step and a step that falls to zero;
- a part of the tickets is mixed with another ticket, in the way in which two complaints would
  share one message: the token sums add up, the labels in proportion to the lengths, and the
  more urgent of the two decides the urgency;
- smoothed labels and dropout.

Same texts, labels and seed: same arrays, on the same machine with the same BLAS.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pipeline.learn.linear import Answers, fit_dense
from pipeline.model.heads import Floats, Tuned, View, columns_of
from pipeline.text.encoder import UPPER_SHAPES, Pooled, Upper, upper_part

_SEED = 20261121
_EPS = np.float32(1e-12)
#: Heads whose labels have an order; in a mixed ticket the later one counts.
_ORDERED = ("urgency",)
#: The tone of two messages glued together is nobody's.
_NOT_MIXED = ("emotion",)
_SHARE_OF_OTHERS = 0.3


@dataclass(frozen=True)
class Recipe:
    """How to tune; measured on held-out batches of the corpus."""

    epochs: int = 3
    batch: int = 64
    rate: float = 5e-4
    """Adam's step for the encoder."""
    head_rate: float = 1e-3
    """Adam's step for the heads."""
    warm_up: float = 0.06
    """Part of the steps in which the rate rises; then it falls to zero."""
    dropout: float = 0.1
    smoothing: float = 0.1
    mixed: float = 0.3
    """Part of the tickets that are mixed with another one."""
    head_strength: float = 5e-4
    """C of the logistic regressions the heads start from."""
    beta1: float = 0.9
    beta2: float = 0.98
    share: Mapping[str, float] = field(default_factory=lambda: {"category": 1.0, "reason": 0.5})
    """What each head counts in the loss; 0.3 for those that are not named."""


class _Batch(NamedTuple):
    means: Floats
    roots: Floats
    targets: dict[str, Floats]


def tune(
    pooled: Pooled,
    start: Upper,
    answers: Mapping[str, Answers],
    rows: NDArray[np.int64],
    recipe: Recipe | None = None,
) -> Tuned:
    """Tune the upper part `start` on the given rows."""
    recipe = recipe or Recipe()
    means, lengths = pooled.means[rows], pooled.lengths[rows]
    targets = {name: _one_hot(one, rows) for name, one in answers.items()}
    with threadpool_limits(1, "blas"):
        weights: dict[str, Floats] = {name: np.array(start[name]) for name in UPPER_SHAPES}
        vectors = upper_part(weights, means, np.sqrt(lengths)[:, None])
        weights |= _first_heads(vectors, answers, rows, recipe)
        _train(weights, means, lengths, targets, recipe)
    return Tuned({name: weights[name] for name in UPPER_SHAPES}, _view(weights, answers))


def _one_hot(answers: Answers, rows: NDArray[np.int64]) -> Floats:
    """Return targets of shape (n_rows, n_labels); a row without a label is all zero."""
    codes = answers.codes[rows]
    target = np.zeros((len(rows), len(answers.head.labels)), dtype=np.float32)
    known = np.flatnonzero(codes >= 0)
    target[known, codes[known]] = 1
    return target


def _first_heads(
    vectors: Floats, answers: Mapping[str, Answers], rows: NDArray[np.int64], recipe: Recipe
) -> dict[str, Floats]:
    """Return each head as the logistic regression on the untouched vectors."""
    here = {
        name: Answers(one.head, [one.head.labels[c] if c >= 0 else "" for c in one.codes[rows]])
        for name, one in answers.items()
    }
    view = fit_dense(vectors, here, np.arange(len(rows)), strength=recipe.head_strength)
    found = {"scale": vectors.std(axis=0) + np.float32(1e-6)}
    for name, block in columns_of(tuple(one.head for one in answers.values())).items():
        # Trained on standardised vectors, so that Adam's steps mean the same everywhere.
        found[f"{name}_W"] = view.weights[:, block] * found["scale"][:, None]
        found[f"{name}_b"] = view.bias[block].copy()
    return found


def _view(weights: Mapping[str, Floats], answers: Mapping[str, Answers]) -> View:
    """Return the heads as they act on the vectors themselves."""
    together = np.concatenate([weights[f"{name}_W"] for name in answers], axis=1)
    bias = np.concatenate([weights[f"{name}_b"] for name in answers])
    return View((together / weights["scale"][:, None]).astype(np.float32), bias)


def _train(
    weights: dict[str, Floats],
    means: Floats,
    lengths: Floats,
    targets: Mapping[str, Floats],
    recipe: Recipe,
) -> None:
    """Train `weights` in place with Adam (Kingma & Ba 2015)."""
    random = np.random.default_rng(_SEED)
    trained = [name for name in weights if name != "scale"]
    first = {name: np.zeros_like(weights[name]) for name in trained}
    second = {name: np.zeros_like(weights[name]) for name in trained}
    per_epoch = -(-len(means) // recipe.batch)
    steps, step = per_epoch * recipe.epochs, 0
    for _ in range(recipe.epochs):
        for rows in np.array_split(random.permutation(len(means)), per_epoch):
            step += 1
            batch = _batch(rows, means, lengths, targets, random, recipe)
            masks = [_mask(random, (len(rows), n), recipe.dropout) for n in (512, 320, 512)]
            slopes = _slopes(weights, batch, recipe, masks)
            pace = min(1.0, step / (recipe.warm_up * steps)) * (1 - step / steps)
            for name in trained:
                slope = slopes[name]
                first[name] += (1 - recipe.beta1) * (slope - first[name])
                second[name] += (1 - recipe.beta2) * (slope * slope - second[name])
                rate = pace * (recipe.rate if name in UPPER_SHAPES else recipe.head_rate)
                mean = first[name] / (1 - recipe.beta1**step)
                spread = np.sqrt(second[name] / (1 - recipe.beta2**step)) + 1e-8
                weights[name] -= np.float32(rate) * mean / spread


def _batch(
    rows: NDArray[np.int64],
    means: Floats,
    lengths: Floats,
    targets: Mapping[str, Floats],
    random: np.random.Generator,
    recipe: Recipe,
) -> _Batch:
    """Return a batch, some tickets mixed with another one."""
    mixed = random.random(len(rows)) < recipe.mixed
    other = np.where(mixed, random.integers(len(means), size=len(rows)), rows)
    tokens = lengths[rows] + np.where(mixed, lengths[other], 0)
    own = (lengths[rows] / tokens)[:, None].astype(np.float32)
    smooth = np.float32(recipe.smoothing)
    found = {}
    for name, every in targets.items():
        mine, theirs = every[rows], every[other]
        if name in _ORDERED:
            later = theirs.argmax(axis=1) > mine.argmax(axis=1)
            # Where one is not known, the later one is not known either.
            known_both = mine.sum(axis=1, keepdims=True) * theirs.sum(axis=1, keepdims=True)
            target = np.where(later[:, None], theirs, mine) * known_both
        elif name in _NOT_MIXED:
            target = np.where(mixed[:, None], np.float32(0), mine)
        else:
            target = own * mine + (1 - own) * theirs
        known = target.sum(axis=1, keepdims=True)
        found[name] = (1 - smooth) * target + smooth * known / np.float32(target.shape[1])
    roots = np.sqrt(tokens)[:, None].astype(np.float32)
    return _Batch(own * means[rows] + (1 - own) * means[other], roots, found)


def _mask(
    random: np.random.Generator, shape: tuple[int, int], dropout: float
) -> Floats | np.float32:
    if not dropout:
        return np.float32(1)
    kept = random.random(shape, dtype=np.float32) >= dropout
    return kept * np.float32(1 / (1 - dropout))


def _slopes(w: Mapping[str, Floats], batch: _Batch, recipe: Recipe, masks: Any) -> dict[str, Any]:
    """Return the gradient of the loss in every weight: forward, then backward by hand."""
    m = batch.roots * (batch.means @ w["cnn_W"] + w["cnn_b"]) * masks[0]
    y0 = np.maximum(m @ w["d0"], 0)
    y1 = np.maximum(m @ w["p1"] + y0 @ w["d1"], 0) * masks[1]
    y2 = np.maximum(y1 @ w["d2"], 0) * masks[2]
    t = np.tanh(y1 @ w["p3"] + y2 @ w["d3"])
    norm = np.sqrt(np.maximum((t * t).sum(axis=1, keepdims=True), _EPS))
    z = t / norm
    slopes, dz = _head_slopes(w, z, batch.targets, recipe)
    dt = (dz - z * (z * dz).sum(axis=1, keepdims=True)) / norm
    dv = dt * (1 - t * t)
    du2 = (dv @ w["d3"].T) * masks[2] * (y2 > 0)
    du1 = (dv @ w["p3"].T + du2 @ w["d2"].T) * masks[1] * (y1 > 0)
    du0 = (du1 @ w["d1"].T) * (y0 > 0)
    dm = (du1 @ w["p1"].T + du0 @ w["d0"].T) * masks[0] * batch.roots
    return slopes | {
        "d3": y2.T @ dv,
        "p3": y1.T @ dv,
        "d2": y1.T @ du2,
        "d1": y0.T @ du1,
        "p1": m.T @ du1,
        "d0": m.T @ du0,
        "cnn_W": batch.means.T @ dm,
        "cnn_b": dm.sum(axis=0),
    }


def _head_slopes(
    w: Mapping[str, Floats], z: Floats, targets: Mapping[str, Floats], recipe: Recipe
) -> tuple[dict[str, Any], Floats]:
    """Return the gradients of the heads, and what they pass on to the vectors."""
    h = z / w["scale"]
    slopes: dict[str, Any] = {}
    dh = np.zeros_like(h)
    for name, target in targets.items():
        scores = h @ w[f"{name}_W"] + w[f"{name}_b"]
        exp = np.exp(scores - scores.max(axis=1, keepdims=True))
        said = exp / exp.sum(axis=1, keepdims=True)
        share = np.float32(recipe.share.get(name, _SHARE_OF_OTHERS) / len(z))
        gap = share * (said * target.sum(axis=1, keepdims=True) - target)
        slopes[f"{name}_W"], slopes[f"{name}_b"] = h.T @ gap, gap.sum(axis=0)
        dh += gap @ w[f"{name}_W"].T
    return slopes, (dh / w["scale"]).astype(np.float32)
