"""Labelled tickets to a model: views, settings, folds, weights, calibration, thresholds."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.learn import search
from pipeline.learn.deciding import choose_thresholds, fit_calibration
from pipeline.learn.held_out import OutOfFold, out_of_fold
from pipeline.learn.linear import Answers, fit_dense, fit_ngrams
from pipeline.learn.settings import Settings
from pipeline.learn.splits import folds_of
from pipeline.learn.tuning import tune
from pipeline.learn.views import Views, build_views, rows_of
from pipeline.model.heads import Calibration, Floats, Head, Tuned, View, calibrate, pack
from pipeline.model.store import Model, Thresholds
from pipeline.text.encoder import Encoder, Pooled
from pipeline.ticket import CATEGORIES, EMOTIONS, LEVELS, REASONS

#: From this share of its tickets on a reason counts as one of a single category.
_AT_HOME = 0.95


class Trained(NamedTuple):
    """A model, and what was seen on the way to it."""

    model: Model
    held_out: OutOfFold
    settings: Settings
    tried: list[search.Tried]
    answers: dict[str, Answers]
    borrowed: bool = False
    """It started from the model that ships (`borrow`)."""


def train(
    tickets: pd.DataFrame,
    *,
    encoder: Encoder | None,
    settings: Settings,
    fold: NDArray[np.int64] | None = None,
    weight: Floats | None = None,
    budget: float = 0.0,
    tell: Callable[[str], None] = lambda line: None,
) -> Trained:
    """Learn a model from prepared, labelled tickets (see `labelled.read_labelled`).

    :param fold: Fold of each ticket (`splits.folds_of`); -1 is learnt from and never held out.
    :param weight: How much each ticket counts; default: 1.
    :param budget: Seconds for the choice of settings; 0 takes `settings` as they are.
    """
    fold = folds_of(tickets) if fold is None else fold
    heads = heads_of(tickets)
    home = reason_category(tickets, heads)
    answers = _answers(tickets, heads, home)
    with tempfile.TemporaryDirectory(prefix="train-") as scratch:
        views = _views(tickets, heads, encoder, settings, Path(scratch))
        tried: list[search.Tried] = []
        if budget:
            bench = _bench(tickets, views, answers["category"], fold, weight)
            found, tried = search.choose(bench, settings, budget=budget, tell=tell)
            if (found.ngrams, found.word_weight) != (settings.ngrams, settings.word_weight):
                views = _views(tickets, heads, None, found, Path(scratch))._replace(
                    pooled=views.pooled, upper=views.upper, dense=views.dense
                )
            settings = found
        held_out = out_of_fold(views, answers, fold, settings, weight)
        ngrams, dense, tuned = _fit(views, answers, settings, weight)
    bare = Model(
        heads=heads,
        settings=settings.ngrams,
        vocabulary=views.vocabulary,
        ngrams=pack(ngrams),
        encoder=dense,
        tuned=tuned,
        encoder_name="" if encoder is None else encoder.name,
        calibration={},
        thresholds={},
        reason_category=home,
        notes={},
        fingerprint="",
    )
    model = decided(bare, ngrams, answers, held_out, settings)
    return Trained(model, held_out, settings, tried, answers)


def decided(
    model: Model,
    ngrams: View,
    answers: Mapping[str, Answers],
    held_out: OutOfFold,
    settings: Settings,
    tempered: Mapping[str, float] | None = None,
) -> Model:
    """Give a model its n-gram weights, and the calibration and thresholds of held-out tickets.

    :param tempered: Mix of categories that the calibration leans to, when not the expected one.
    """
    mix = tempered or settings.expected_mix
    calibration = _calibrate(held_out, answers, replace(settings, expected_mix=mix))
    thresholds = _thresholds(
        held_out, answers, calibration, model.encoder is not None, settings.expected_mix
    )
    return replace(model, ngrams=pack(ngrams), calibration=calibration, thresholds=thresholds)


def refit(tickets: pd.DataFrame, judged: Trained, encoder: Encoder | None) -> Model:
    """Learn from more tickets, with the settings, calibration and thresholds of `judged`."""
    heads = judged.model.heads
    answers = _answers(tickets, heads, judged.model.reason_category)
    with tempfile.TemporaryDirectory(prefix="train-") as scratch:
        views = _views(tickets, heads, encoder, judged.settings, Path(scratch))
        ngrams, dense, tuned = _fit(views, answers, judged.settings, None)
    return replace(
        judged.model, vocabulary=views.vocabulary, ngrams=pack(ngrams), encoder=dense, tuned=tuned
    )


def heads_of(tickets: pd.DataFrame) -> tuple[Head, ...]:
    """Return the heads for which there are labels, with our own labels in our own order."""
    ours = {
        "category": CATEGORIES,
        "reason": tuple(reason for group in REASONS.values() for reason in group),
        "urgency": LEVELS,
        "emotion": EMOTIONS,
    }
    found = []
    for name, known in ours.items():
        labels = set(tickets[name]) - {""}
        if len(labels) >= 2:
            fits = labels <= set(known)
            found.append(Head(name, tuple(known) if fits else tuple(sorted(labels))))
    return tuple(found)


def reason_category(tickets: pd.DataFrame, heads: Sequence[Head]) -> dict[str, str]:
    """Return the category that each reason belongs to, when every one belongs to one.

    With our own labels that is settled; with others, a reason must have nearly all of its
    tickets in one category. Reasons that cut across categories are a head of their own.
    """
    labels = {head.name: set(head.labels) for head in heads}
    if "reason" not in labels or "category" not in labels:
        return {}
    ours = {reason: category for category, group in REASONS.items() for reason in group}
    if labels["category"] == set(CATEGORIES) and labels["reason"] <= set(ours):
        return ours
    known = tickets[tickets["reason"] != ""]
    counts = known.groupby(["reason", "category"]).size().unstack(fill_value=0)
    if (counts.max(axis=1) / counts.sum(axis=1) < _AT_HOME).any():
        return {}
    return {str(reason): str(home) for reason, home in counts.idxmax(axis=1).items()}


def _answers(
    tickets: pd.DataFrame, heads: Sequence[Head], home: Mapping[str, str]
) -> dict[str, Answers]:
    return {
        head.name: Answers(
            head, tickets[head.name].tolist(), home if head.name == "reason" else None
        )
        for head in heads
    }


def _views(
    tickets: pd.DataFrame,
    heads: Sequence[Head],
    encoder: Encoder | None,
    settings: Settings,
    scratch: Path,
) -> Views:
    return build_views(
        tickets,
        encoder,
        settings.ngrams,
        min_documents=settings.min_documents,
        word_weight=settings.word_weight,
        outputs=sum(len(head.labels) for head in heads),
        scratch=scratch,
    )


def _bench(
    tickets: pd.DataFrame,
    views: Views,
    category: Answers,
    fold: NDArray[np.int64],
    weight: Floats | None,
) -> search.Bench:
    rows = search.sample_of(fold)
    weight = np.ones(len(fold), dtype=np.float32) if weight is None else weight
    pooled = views.pooled
    few = Views(
        rows_of(views.sparse, rows),
        None if pooled is None else Pooled(pooled.means[rows], pooled.lengths[rows]),
        views.upper,
        None if views.dense is None else views.dense[rows],
        views.vocabulary,
    )
    return search.Bench(tickets.iloc[rows], few, category.at(rows), fold[rows], weight[rows])


def _fit(
    views: Views, answers: Mapping[str, Answers], settings: Settings, weight: Floats | None
) -> tuple[View, View | None, Tuned | None]:
    """Fit all views on all tickets."""
    rows = np.arange(views.sparse.shape[0])
    ngrams = fit_ngrams(
        views.sparse,
        answers,
        rows,
        strength=settings.sparse_strength,
        weight=weight,
        blanked=settings.blanked,
    )
    if views.dense is None or views.pooled is None:
        return ngrams, None, None
    dense = fit_dense(views.dense, answers, rows, strength=settings.dense_strength, weight=weight)
    return ngrams, dense, tune(views.pooled, views.upper, answers, rows, settings.recipe)


def _calibrate(
    held_out: OutOfFold, answers: Mapping[str, Answers], settings: Settings
) -> dict[str, dict[str, Calibration]]:
    table: dict[str, dict[str, Calibration]] = {}
    seen = np.flatnonzero(held_out.fold >= 0)
    for views, probabilities in (("ngrams", held_out.ngrams), ("both", held_out.both)):
        table[views] = {
            name: fit_calibration(
                probabilities[name][seen],
                one.at(seen),
                settings.expected_mix if name == "category" else {},
            )
            if name in probabilities
            else Calibration(1.0, (0.0,) * len(one.head.labels))
            for name, one in answers.items()
        }
    return table


def _thresholds(
    held_out: OutOfFold,
    answers: Mapping[str, Answers],
    calibration: Mapping[str, Mapping[str, Calibration]],
    has_encoder: bool,
    expected_mix: Mapping[str, float],
) -> dict[str, Thresholds]:
    seen = np.flatnonzero(held_out.fold >= 0)
    known = {name: one.at(seen) for name, one in answers.items()}
    sets = {"ngrams": held_out.ngrams, "both": held_out.both if has_encoder else held_out.ngrams}
    return {
        views: choose_thresholds(
            {
                name: calibrate(p[seen], calibration[views][name])
                for name, p in probabilities.items()
            },
            known,
            held_out.fold[seen],
            expected_mix,
        )
        for views, probabilities in sets.items()
    }
