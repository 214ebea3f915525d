"""Choose the settings of a training by cross-validation inside its own tickets.

One knob after another, each tried on held-out folds of a sample; what makes the held-out labels
most likely (after the temperature that suits them) is kept. The settings that ship stand first
and win ties. What fits into the budget is settled from the size of the data before anything is
tried, not by the clock: the same data and budget always give the same model.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.learn.deciding import fit_calibration
from pipeline.learn.linear import Answers, fit_dense, fit_ngrams, head_probabilities, scores
from pipeline.learn.settings import Settings
from pipeline.learn.tuning import Recipe, tune
from pipeline.learn.views import Views, rows_of, sparse_view
from pipeline.model.heads import Floats, calibrate
from pipeline.text.encoder import upper_part
from pipeline.text.features import NgramSettings

#: Tickets that are enough to compare settings on.
_SAMPLE: Final = 20_000
#: Folds of the sample that are held out in turn; two of five told the same winners as five.
_HELD_OUT: Final = 2
#: A change must lower the mean loss by this share of it, or the setting that ships stays.
_GAIN: Final = 0.005

#: Seconds on one core, measured on 10,000 short texts with 77 labels and 24,000 with five.
_SECONDS_PER_COUNT: Final = 2.5e-8
_SECONDS_PER_PRODUCT: Final = 1.2e-9
_SECONDS_PER_DENSE: Final = 2.4e-6
_SECONDS_PER_TUNED: Final = 3.3e-4

#: What is tried, in this order; each row starts from the winner of those above.
KNOBS: Final[tuple[tuple[str, tuple[dict[str, Any], ...]], ...]] = (
    (
        "n-gram fit",
        (
            {"sparse_strength": 30.0},
            {"sparse_strength": 100.0},
            {"sparse_strength": 300.0, "blanked": 0.5},
            {"sparse_strength": 30.0, "blanked": 0.5},
        ),
    ),
    (
        "n-grams",
        (
            {"ngrams": NgramSettings(char_max=4)},
            {"ngrams": NgramSettings(char_max=4, word_max=3), "word_weight": 1.5},
        ),
    ),
    (
        "encoder fit",
        ({"dense_strength": 2e-3}, {"dense_strength": 1e-2}, {"dense_strength": 5e-2}),
    ),
    (
        "encoder tuning",
        (
            {"recipe": Recipe(epochs=6, mixed=0.0, head_strength=0.05)},
            {"recipe": Recipe(epochs=10, mixed=0.1, head_strength=0.01)},
        ),
    ),
)
_VIEW_OF: Final = {
    "n-gram fit": "sparse",
    "n-grams": "sparse",
    "encoder fit": "dense",
    "encoder tuning": "tuned",
}


class Tried(NamedTuple):
    """One setting and the mean log loss of the held-out labels; smaller is better."""

    name: str
    value: str
    loss: float
    accuracy: float


class Bench(NamedTuple):
    """What settings are compared on."""

    tickets: pd.DataFrame
    views: Views
    answers: Answers
    fold: NDArray[np.int64]
    """Fold of each ticket; -1 is never held out."""
    weight: Floats


def choose(
    bench: Bench, settings: Settings, *, budget: float, tell: Callable[[str], None]
) -> tuple[Settings, list[Tried]]:
    """Return the settings to learn with, and what was tried.

    :param budget: Seconds on one core that the comparison may take, as estimated.
    """
    tried: list[Tried] = []
    skipped = 0
    for name, values in KNOBS:
        view = _VIEW_OF[name]
        if view != "sparse" and bench.views.dense is None:
            continue
        affordable = max(0, int(budget / _cost(bench, view)) - 1)
        skipped += max(0, len(values) - affordable)
        if not affordable:
            continue
        options = [settings, *(replace(settings, **one) for one in values[:affordable])]
        names = ["as before", *map(_shown, values[:affordable])]
        found = [
            _try(bench, view, one, name, value) for one, value in zip(options, names, strict=True)
        ]
        budget -= len(options) * _cost(bench, view)
        tried += found
        best = min(range(len(options)), key=lambda i: found[i].loss)
        if found[best].loss < found[0].loss * (1 - _GAIN):
            settings = options[best]
    if skipped:
        tell(f"{skipped} settings were not tried for want of time: give a longer --budget")
    return settings, tried


def sample_of(fold: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows to compare settings on: all of them, or a fixed sample."""
    rows = np.arange(len(fold))
    if len(rows) <= _SAMPLE:
        return rows
    return np.sort(np.random.default_rng(len(rows)).choice(rows, _SAMPLE, replace=False))


def _try(bench: Bench, view: str, settings: Settings, name: str, value: str) -> Tried:
    """Fit one view with `settings` on all but some folds, and judge it on those."""
    loss, hits, n = 0.0, 0, 0
    matrix = bench.views.sparse
    if name == "n-grams" and value != "as before":
        matrix, _ = sparse_view(
            bench.tickets,
            settings.ngrams,
            min_documents=settings.min_documents,
            word_weight=settings.word_weight,
        )
    for one in np.unique(bench.fold[bench.fold >= 0])[:_HELD_OUT]:
        rest, held = np.flatnonzero(bench.fold != one), np.flatnonzero(bench.fold == one)
        said = _FIT[view](bench, matrix, rest, held, settings)
        truth = bench.answers.at(held)
        calm = calibrate(said, fit_calibration(said, truth, {}))
        right = calm[np.arange(len(held)), truth.codes]
        loss -= float(np.log(np.maximum(right, 1e-9)).sum())
        hits += int((said.argmax(axis=1) == truth.codes).sum())
        n += len(held)
    return Tried(name, value, loss / max(n, 1), hits / max(n, 1))


def _fit_sparse(bench: Bench, matrix: Any, rest: Any, held: Any, settings: Settings) -> Floats:
    few = {"category": bench.answers}
    view = fit_ngrams(
        matrix,
        few,
        rest,
        strength=settings.sparse_strength,
        weight=bench.weight,
        blanked=settings.blanked,
    )
    return head_probabilities(scores(rows_of(matrix, held), view), slice(None))


def _fit_dense(bench: Bench, matrix: Any, rest: Any, held: Any, settings: Settings) -> Floats:
    few, vectors = {"category": bench.answers}, bench.views.dense
    assert vectors is not None
    view = fit_dense(vectors, few, rest, strength=settings.dense_strength, weight=bench.weight)
    return head_probabilities(scores(vectors[held], view), slice(None))


def _fit_tuned(bench: Bench, matrix: Any, rest: Any, held: Any, settings: Settings) -> Floats:
    pooled = bench.views.pooled
    assert pooled is not None
    few = {"category": bench.answers}
    found = tune(pooled, bench.views.upper, few, rest, settings.recipe)
    roots = np.sqrt(pooled.lengths[held])[:, None]
    vectors = upper_part(found.upper, pooled.means[held], roots)
    return head_probabilities(scores(vectors, found.view), slice(None))


_FIT: Final[dict[str, Callable[..., Floats]]] = {
    "sparse": _fit_sparse,
    "dense": _fit_dense,
    "tuned": _fit_tuned,
}


def _cost(bench: Bench, view: str) -> float:
    """Estimate the seconds of one try."""
    n, labels = len(bench.tickets), len(bench.answers.head.labels)
    if view == "dense":
        return _HELD_OUT * n * labels * _SECONDS_PER_DENSE
    if view == "tuned":
        return _HELD_OUT * n * _SECONDS_PER_TUNED * 2  # twice the epochs of the recipe
    passes = 12 * bench.views.sparse.nnz
    return _HELD_OUT * passes * (_SECONDS_PER_COUNT + labels * _SECONDS_PER_PRODUCT)


def _shown(change: Mapping[str, Any]) -> str:
    parts = []
    for name, value in change.items():
        if isinstance(value, NgramSettings):
            parts.append(f"characters to {value.char_max}, words to {value.word_max}")
        elif isinstance(value, Recipe):
            parts.append(f"epochs {value.epochs}, mixed {value.mixed:g}")
        else:
            parts.append(f"{name} {value:g}")
    return ", ".join(parts)
