"""Own labels on top of the model that ships: where the categories are its own, it is the start.

Every view (n-grams, encoder, tuned encoder) keeps the weights of the shipped model as its mean and
moves away from them as far as the own labels ask for: a prior in the sense of Bayes. How far is
learnt: each view tries several strengths on held-out own tickets, and a view learnt from nothing
is always among them. That needs no corpus and takes seconds; what it gains and
what it does not is in docs/decisions/0005-model.md.

Heads that the own tickets lack (urgency, say) stay those of the shipped model.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from pipeline.learn.deciding import fit_calibration
from pipeline.learn.held_out import OutOfFold
from pipeline.learn.linear import Answers, fit_ngrams, head_probabilities, scores
from pipeline.learn.metrics import macro_f1
from pipeline.learn.search import Tried
from pipeline.learn.settings import Settings
from pipeline.learn.training import Trained, decided
from pipeline.learn.views import rows_of
from pipeline.model.heads import Floats, Tuned, View, calibrate, columns_of, pool
from pipeline.model.store import Model
from pipeline.text.encoder import VECTOR, Encoder
from pipeline.text.features import Vocabulary, count, document_frequency, windows
from pipeline.text.tokens import fold

#: Strengths tried for each view, the one that stays nearest to the shipped model first.
_SPARSE: Final = (1.0, 10.0, 100.0)
_DENSE: Final = (2e-4, 5e-4, 2e-3, 1e-2)
#: C of a view that starts from nothing, in `Scale` of the strengths above.
_ALONE: Final = {"ngrams": (30.0,), "dense": (5e-4, 2e-3)}
#: The intercepts move more freely than the weights, but are not free: with 100 tickets a
#: category may have three.
_BIAS: Final = 0.01
#: Numbers of an encoder's vector have this spread: vectors have length 1.
_SPREAD: Final = np.float32(1 / np.sqrt(VECTOR))
_CHUNK: Final = 512
#: Parts of the log of the observed mix that may be taken away again.
_FLATTENED: Final = (0.0, 0.15, 0.3, 0.45)
_CALIBRATED: Final[tuple[str, ...]] = ("category", "urgency")
#: A strength further from the shipped model must lower the loss by this share.
_GAIN: Final = 0.005


class _View(NamedTuple):
    """One way to see the own tickets, and the shipped model's weights for it."""

    name: str
    matrix: Any
    start: View
    blocks: dict[str, NDArray[np.int64]]
    """Where each head's outputs stand in `start`."""


class _Fit(NamedTuple):
    strength: float
    alone: bool


def fits(tickets: pd.DataFrame, shipped: Model) -> bool:
    """Say whether the categories of the tickets are the shipped model's own."""
    head = shipped.head("category")
    return head is not None and set(tickets["category"]) <= set(head.labels)


def train_from(
    tickets: pd.DataFrame,
    shipped: Model,
    *,
    encoder: Encoder | None,
    settings: Settings,
    fold_of: NDArray[np.int64],
    tell: Callable[[str], None],
) -> Trained:
    """Learn from own tickets, starting from `shipped`, whose labels they have.

    :param fold_of: Fold of each ticket (`splits.folds_of`).
    """
    heads = shipped.heads
    home = shipped.reason_category
    answers = {
        head.name: Answers(
            head, tickets[head.name].tolist(), home if head.name == "reason" else None
        )
        for head in heads
    }
    kept = [head.name for head in heads if not (answers[head.name].codes >= 0).any()]
    if kept:
        tell(f"kept from the model that ships: {', '.join(kept)} (the tickets have no such labels)")
    vocabulary, views = _views(tickets, shipped, encoder)
    chosen, tried = _choose(views, answers["category"], fold_of)
    near = sum(not one.alone for one in chosen)
    tell(f"starts from the model that ships in {near} of {len(chosen)} views")
    held_out = _held_out(views, chosen, answers, fold_of)
    rows = np.arange(len(tickets))
    fitted = [_fit(view, fit, answers, rows) for view, fit in zip(views, chosen, strict=True)]
    tuned = None
    if len(fitted) > 2 and shipped.tuned is not None:
        tuned = Tuned(shipped.tuned.upper, fitted[2])
    start = replace(
        shipped,
        vocabulary=vocabulary,
        encoder=fitted[1] if len(fitted) > 1 else None,
        tuned=tuned,
        encoder_name=shipped.encoder_name if len(fitted) > 1 else "",
    )
    tempered = None if settings.expected_mix else _tempered(held_out, answers["category"])
    model = decided(start, fitted[0], answers, held_out, settings, tempered)
    if kept:
        model = _with_old_decisions(model, shipped, kept)
    return Trained(model, held_out, settings, tried, answers, borrowed=True)


def _views(
    tickets: pd.DataFrame, shipped: Model, encoder: Encoder | None
) -> tuple[Vocabulary, list[_View]]:
    """See the tickets as the shipped model does, n-grams that it does not know included."""
    texts, languages = tickets["_clean"], tickets["language"]
    found = [
        windows(
            fold(texts.iloc[i : i + _CHUNK].tolist(), languages.iloc[i : i + _CHUNK].tolist()),
            shipped.settings,
        )
        for i in range(0, len(texts), _CHUNK)
    ]
    frequency = np.zeros(1 << shipped.settings.bits, dtype=np.int64)
    for one in found:
        frequency += document_frequency(one, shipped.settings)
    vocabulary = _joined(shipped.vocabulary, frequency, len(texts))
    matrix = sparse.vstack(
        [
            count(one, min(_CHUNK, len(texts) - i * _CHUNK), vocabulary)
            for i, one in enumerate(found)
        ]
    ).tocsr()
    old = shipped.ngrams
    n_new = len(vocabulary.idf) - len(old.weights)
    weights = np.concatenate(
        [
            old.weights.astype(np.float32) * old.scale,
            np.zeros((n_new, len(old.bias)), dtype=np.float32),
        ]
    )
    shift = _shift(shipped, "ngrams")
    blocks = {
        name: np.arange(block.start, block.stop)
        for name, block in columns_of(shipped.heads).items()
    }
    views = [_View("ngrams", matrix, View(weights, old.bias + shift), blocks)]
    if encoder is None or shipped.encoder is None:
        return vocabulary, views
    pooled = encoder.pool(texts.tolist())
    shift = _shift(shipped, "both")
    plain = View(shipped.encoder.weights, shipped.encoder.bias + shift)
    views.append(_View("dense", encoder.vectors(pooled, encoder.upper), plain, blocks))
    if shipped.tuned is not None:
        vectors = encoder.vectors(pooled, shipped.tuned.upper)
        bent = View(shipped.tuned.view.weights, shipped.tuned.view.bias + shift)
        views.append(_View("dense", vectors, bent, blocks))
    return vocabulary, views


def _joined(old: Vocabulary, frequency: NDArray[np.int64], n_documents: int) -> Vocabulary:
    """Add the n-grams that two own tickets have; those of the shipped model stay in place."""
    new = np.flatnonzero((frequency >= 2) & (old.lookup < 0))
    lookup = old.lookup.copy()
    lookup[new] = len(old.idf) + np.arange(len(new), dtype=np.int32)
    idf = np.log((1 + n_documents) / (1 + frequency[new])) + 1
    return Vocabulary(lookup, np.concatenate([old.idf, idf.astype(np.float32)]))


def _shift(shipped: Model, views: str) -> Floats:
    """Return what the shipped model adds to each output for the mix it expects."""
    table = shipped.calibration[views]
    parts = [np.asarray(table[head.name].prior, dtype=np.float32) for head in shipped.heads]
    return np.concatenate(parts)


def _choose(
    views: Sequence[_View], category: Answers, fold_of: NDArray[np.int64]
) -> tuple[list[_Fit], list[Tried]]:
    """Choose for each view how far it may move, on held-out own tickets."""
    chosen, tried = [], []
    for view in views:
        steps = _SPARSE if view.name == "ngrams" else _DENSE
        options = [_Fit(one, alone=False) for one in steps]
        options += [_Fit(one, alone=True) for one in _ALONE[view.name]]
        found = []
        for fit in options:
            said = _out_of_fold(view, fit, {"category": category}, fold_of)["category"]
            found.append(_judged(said, category, view.name, fit))
        best = 0
        for i, one in enumerate(found):
            if one.loss < found[best].loss * (1 - _GAIN):
                best = i
        chosen.append(options[best])
        tried += found
    return chosen, tried


def _judged(said: Floats, answers: Answers, name: str, fit: _Fit) -> Tried:
    calm = calibrate(said, fit_calibration(said, answers, {}))
    right = calm[np.arange(len(said)), answers.codes]
    value = f"{'from nothing' if fit.alone else 'from the shipped model'}, C {fit.strength:g}"
    loss = float(-np.log(np.maximum(right, 1e-9)).mean())
    return Tried(name, value, loss, float((said.argmax(axis=1) == answers.codes).mean()))


def _out_of_fold(
    view: _View, fit: _Fit, answers: dict[str, Answers], fold_of: NDArray[np.int64]
) -> dict[str, Floats]:
    """Return the view's probabilities for every ticket, from weights that have not seen it."""
    found = {
        name: np.zeros((len(fold_of), len(one.head.labels)), dtype=np.float32)
        for name, one in answers.items()
    }
    for one in np.unique(fold_of):
        rest, held = np.flatnonzero(fold_of != one), np.flatnonzero(fold_of == one)
        fitted = _fit(view, fit, answers, rest)
        outputs = scores(_rows(view.matrix, held), fitted)
        for name, block in columns_of(tuple(a.head for a in answers.values())).items():
            found[name][held] = head_probabilities(outputs, block)
    return found


def _held_out(
    views: Sequence[_View],
    chosen: Sequence[_Fit],
    answers: dict[str, Answers],
    fold_of: NDArray[np.int64],
) -> OutOfFold:
    few: dict[str, Answers] = {
        name: answers[name]
        for name in _CALIBRATED
        if name in answers and (answers[name].codes >= 0).any()
    }
    said = [_out_of_fold(view, fit, few, fold_of) for view, fit in zip(views, chosen, strict=True)]
    both = {name: pool([one[name] for one in said]) for name in few}
    return OutOfFold(said[0], both, fold_of)


def _tempered(held_out: OutOfFold, category: Answers) -> dict[str, float] | None:
    """Return a flatter mix when rare categories gain more by it than frequent ones lose.

    Few own labels teach the mix before they teach the rare categories, which then vanish.
    `deciding.fit_calibration` adds half the log of this mix over the observed one.
    """
    labels = category.head.labels
    share = np.bincount(category.codes, minlength=len(labels)) / len(category.codes)
    share = np.maximum(share, 1 / (2 * len(category.codes)))
    logs = np.log(np.maximum(held_out.both["category"], 1e-9))
    truth = np.array(labels, dtype=object)[category.codes]

    def worth(part: float) -> float:
        said = (logs - part * np.log(share)).argmax(axis=1)
        named = np.array(labels, dtype=object)[said]
        return macro_f1(truth, named) + float((said == category.codes).mean())

    best = max(_FLATTENED, key=lambda part: (round(worth(part), 4), -part))
    if not best:
        return None
    flat = share ** (1 - 2 * best)
    return dict(zip(labels, (flat / flat.sum()).tolist(), strict=True))


def _fit(view: _View, fit: _Fit, answers: dict[str, Answers], rows: NDArray[np.int64]) -> View:
    """Fit some heads of a view on some tickets; a head without labels keeps the old weights."""
    places = np.concatenate([view.blocks[name] for name in answers])
    old = View(view.start.weights[:, places], view.start.bias[places])
    blocks = columns_of(tuple(one.head for one in answers.values()))
    if view.name == "ngrams":
        found = fit_ngrams(
            view.matrix,
            answers,
            rows,
            strength=fit.strength,
            blanked=0.5 if fit.alone else 0.0,
            start=None if fit.alone else old,
        )
    else:
        found = View(old.weights.copy(), old.bias.copy())
        for name, one in answers.items():
            block, known = blocks[name], one.rows(rows)
            for group in one.groups:
                inside = known[np.isin(one.codes[known], group)]
                if len(inside):
                    some = np.arange(block.start, block.stop)[group]
                    near = View(old.weights[:, some], old.bias[some])
                    codes = np.searchsorted(group, one.codes[inside])
                    new = _fit_near(view.matrix[inside], codes, near, fit)
                    found.weights[:, some], found.bias[some] = new
    for name, one in answers.items():
        if not len(one.rows(rows)):
            block = blocks[name]
            found.weights[:, block], found.bias[block] = old.weights[:, block], old.bias[block]
    return found


def _fit_near(vectors: Floats, codes: NDArray[np.int64], old: View, fit: _Fit) -> View:
    """Fit a softmax whose weights are drawn to `old`, or to zero.

    The loss is scikit-learn's: C times the summed log loss plus half the squared distance, on
    vectors stretched to a spread of 1.
    """
    n_labels = len(old.bias)
    stretched = (vectors / _SPREAD).astype(np.float64)
    target = np.eye(n_labels)[codes]
    mean = np.zeros((VECTOR, n_labels)) if fit.alone else old.weights.astype(np.float64) * _SPREAD
    middle = np.zeros(n_labels) if fit.alone else old.bias.astype(np.float64)

    def loss(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = x[:-n_labels].reshape(VECTOR, n_labels), x[-n_labels:]
        outputs = stretched @ weights + bias
        outputs -= outputs.max(axis=1, keepdims=True)
        logs = outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True))
        gap = fit.strength * (np.exp(logs) - target)
        far, off = weights - mean, bias - middle
        value = -fit.strength * (logs * target).sum() + (far**2).sum() / 2
        value += _BIAS * (off**2).sum() / 2
        slope = np.concatenate([(stretched.T @ gap + far).ravel(), gap.sum(axis=0) + _BIAS * off])
        return float(value), slope

    with threadpool_limits(1, "blas"):
        start = np.concatenate([mean.ravel(), middle])
        best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    weights = best[:-n_labels].reshape(VECTOR, n_labels) / _SPREAD
    return View(weights.astype(np.float32), best[-n_labels:].astype(np.float32))


def _rows(matrix: Any, rows: NDArray[np.int64]) -> Any:
    return rows_of(matrix, rows) if sparse.issparse(matrix) else matrix[rows]


def _with_old_decisions(model: Model, shipped: Model, kept: Sequence[str]) -> Model:
    """Keep calibration and thresholds of the heads that stay as they were."""
    calibration = {
        views: table | {name: shipped.calibration[views][name] for name in kept}
        for views, table in model.calibration.items()
    }
    thresholds = model.thresholds
    if "urgency" in kept:
        thresholds = {
            views: replace(one, urgency_levels=shipped.thresholds[views].urgency_levels)
            for views, one in thresholds.items()
        }
    return replace(model, calibration=calibration, thresholds=thresholds)
