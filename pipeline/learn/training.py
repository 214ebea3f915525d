"""Labelled tickets to a model: views, folds, weights, calibration, thresholds."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline.learn.deciding import choose_thresholds, fit_calibration
from pipeline.learn.linear import Answers, fit_dense, fit_ngrams, head_probabilities, scores
from pipeline.learn.metrics import evaluate
from pipeline.learn.tuning import tune
from pipeline.model.heads import Calibration, Floats, Head, average, calibrate, columns_of, pack
from pipeline.model.scoring import urgency_score
from pipeline.model.store import Model, Thresholds
from pipeline.text.encoder import Encoder, Pooled, Upper, upper_part
from pipeline.text.features import (
    NgramSettings,
    Vocabulary,
    count,
    document_frequency,
    vocabulary_of,
    windows,
)
from pipeline.text.tokens import fold
from pipeline.ticket import CATEGORIES, EMOTIONS, LEVEL_BORDERS, LEVELS, REASONS

#: Heads whose probabilities are calibrated out of fold; the others are only ranked.
_CALIBRATED = ("category", "urgency")
_FOLDS = 5
_FEWEST_FOLDERS = 3
_LARGEST_SHARE = 0.4
_CHUNK = 512


@dataclass(frozen=True)
class Settings:
    """What a training run may choose; the defaults are argued in docs/decisions/0005-model.md."""

    ngrams: NgramSettings = field(default_factory=NgramSettings)
    min_documents: int = 2
    sparse_strength: float = 10.0
    dense_strength: float = 5e-4
    expected_mix: Mapping[str, float] = field(default_factory=dict)
    """Share of each category expected in use, when the training data shows another mix."""
    jobs: int = 2


class Views(NamedTuple):
    """The training texts as the model sees them."""

    sparse: Any
    pooled: Pooled | None
    upper: Upper
    """The encoder's own upper part; empty without an encoder."""
    dense: Floats | None
    vocabulary: Vocabulary


class OutOfFold(NamedTuple):
    """Probabilities for texts that the weights behind them have not seen, by head."""

    ngrams: dict[str, Floats]
    both: dict[str, Floats]
    fold: NDArray[np.int64]


def train(
    tickets: pd.DataFrame, *, encoder: Encoder | None, settings: Settings
) -> tuple[Model, OutOfFold]:
    """Learn a model from prepared, labelled tickets (see `labelled.read_labelled`)."""
    heads = heads_of(tickets)
    home = reason_category(heads)
    answers = {
        head.name: Answers(
            head, tickets[head.name].tolist(), home if head.name == "reason" else None
        )
        for head in heads
    }
    views = build_views(tickets, encoder, settings)
    held_out = out_of_fold(views, answers, folds_of(tickets), settings)
    calibration = _calibrate(held_out, answers, settings)
    everything = np.arange(len(tickets))
    ngrams = fit_ngrams(views.sparse, answers, everything, strength=settings.sparse_strength)
    dense, tuned = None, None
    if views.dense is not None and views.pooled is not None:
        dense = fit_dense(views.dense, answers, everything, strength=settings.dense_strength)
        tuned = tune(views.pooled, views.upper, answers, everything)
    model = Model(
        heads=heads,
        settings=settings.ngrams,
        vocabulary=views.vocabulary,
        ngrams=pack(ngrams),
        encoder=dense,
        tuned=tuned,
        encoder_name="" if encoder is None else encoder.name,
        calibration=calibration,
        thresholds=_thresholds(
            held_out, answers, calibration, dense is not None, settings.expected_mix
        ),
        reason_category=home,
        notes={},
        fingerprint="",
    )
    return model, held_out


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


def build_views(tickets: pd.DataFrame, encoder: Encoder | None, settings: Settings) -> Views:
    """Featurise the texts: count n-grams twice (once to see which occur), encode once."""
    texts, languages = tickets["_clean"].tolist(), tickets["language"].tolist()
    chunks = range(0, len(texts), _CHUNK)
    found = [
        windows(fold(texts[i : i + _CHUNK], languages[i : i + _CHUNK]), settings.ngrams)
        for i in chunks
    ]
    frequency = sum(document_frequency(one, settings.ngrams) for one in found)
    vocabulary = vocabulary_of(
        np.asarray(frequency), len(texts), min_documents=settings.min_documents
    )
    matrix = sparse.vstack(
        [
            count(one, min(_CHUNK, len(texts) - i), vocabulary)
            for i, one in zip(chunks, found, strict=True)
        ]
    ).tocsr()
    if encoder is None:
        return Views(matrix, None, {}, None, vocabulary)
    pooled = encoder.pool(texts)
    vectors = encoder.vectors(pooled, encoder.upper)
    return Views(matrix, pooled, encoder.upper, vectors, vocabulary)


def folds_of(tickets: pd.DataFrame) -> NDArray[np.int64]:
    """Put each ticket into a fold, so that held-out texts are as foreign as tomorrow's.

    Files from three folders or more are batches written at different times: folders stay
    whole, spread over at most five folds of like size. When one folder has most of the
    tickets, or there are fewer folders, a hash of the text decides. Equal texts stay together.
    """
    folder = tickets["source"].map(lambda source: PurePosixPath(source).parent.as_posix())
    sizes = folder.value_counts()
    text = tickets["_clean"].str.casefold()
    if len(sizes) < _FEWEST_FOLDERS or sizes.iloc[0] > _LARGEST_SHARE * len(tickets):
        digests = (hashlib.sha256(one.encode()).digest() for one in text)
        return np.array([int.from_bytes(one[:8], "big") % _FOLDS for one in digests])
    load = np.zeros(min(_FOLDS, len(sizes)), dtype=np.int64)
    home: dict[str, int] = {}
    for name, size in sorted(sizes.items(), key=lambda item: (-item[1], str(item[0]))):
        home[str(name)] = int(load.argmin())
        load[load.argmin()] += size
    return folder.map(home).groupby(text).transform("first").to_numpy(dtype=np.int64)


def out_of_fold(
    views: Views, answers: Mapping[str, Answers], fold_of: NDArray[np.int64], settings: Settings
) -> OutOfFold:
    """Return calibrated heads' raw probabilities for every text, each from a model without it."""
    from joblib import Parallel, delayed

    few = {name: answers[name] for name in _CALIBRATED if name in answers}
    folds = np.unique(fold_of)
    parts = Parallel(n_jobs=min(settings.jobs, len(folds)), mmap_mode="r")(
        delayed(_one_fold)(
            views,
            answers,
            tuple(few),
            np.flatnonzero(fold_of != one),
            np.flatnonzero(fold_of == one),
            settings,
        )
        for one in folds
    )
    ngrams = {name: _empty(len(fold_of), one) for name, one in few.items()}
    both = {name: _empty(len(fold_of), one) for name, one in few.items()}
    for one, (sparse_part, both_part) in zip(folds, parts, strict=True):
        for name in few:
            ngrams[name][fold_of == one] = sparse_part[name]
            both[name][fold_of == one] = both_part[name]
    return OutOfFold(ngrams, both, fold_of)


def _one_fold(
    views: Views,
    answers: Mapping[str, Answers],
    names: Sequence[str],
    rest: NDArray[np.int64],
    held: NDArray[np.int64],
    settings: Settings,
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    few = {name: answers[name] for name in names}
    blocks = columns_of(tuple(one.head for one in few.values()))
    sparse_view = fit_ngrams(views.sparse, few, rest, strength=settings.sparse_strength)
    seen = scores(views.sparse[held], sparse_view)
    ngrams = {name: head_probabilities(seen, blocks[name]) for name in names}
    if views.dense is None or views.pooled is None:
        return ngrams, ngrams
    dense_view = fit_dense(views.dense, few, rest, strength=settings.dense_strength)
    felt = scores(views.dense[held], dense_view)
    # All heads are tuned together: the others teach the encoder too.
    tuned = tune(views.pooled, views.upper, answers, rest)
    roots = np.sqrt(views.pooled.lengths[held])[:, None]
    bent = scores(upper_part(tuned.upper, views.pooled.means[held], roots), tuned.view)
    every = columns_of(tuple(one.head for one in answers.values()))
    both = {
        name: average(
            [
                ngrams[name],
                head_probabilities(felt, blocks[name]),
                head_probabilities(bent, every[name]),
            ]
        )
        for name in names
    }
    return ngrams, both


def _calibrate(
    held_out: OutOfFold, answers: Mapping[str, Answers], settings: Settings
) -> dict[str, dict[str, Calibration]]:
    table: dict[str, dict[str, Calibration]] = {}
    for views, probabilities in (("ngrams", held_out.ngrams), ("both", held_out.both)):
        table[views] = {
            name: fit_calibration(
                probabilities[name],
                one,
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
    sets = {"ngrams": held_out.ngrams, "both": held_out.both if has_encoder else held_out.ngrams}
    return {
        views: choose_thresholds(
            {name: calibrate(p, calibration[views][name]) for name, p in probabilities.items()},
            answers,
            held_out.fold,
            expected_mix,
        )
        for views, probabilities in sets.items()
    }


def reason_category(heads: Sequence[Head]) -> dict[str, str]:
    """Return where each reason belongs, when both heads have our own labels."""
    labels = {head.name: set(head.labels) for head in heads}
    home = {reason: category for category, group in REASONS.items() for reason in group}
    ours = labels.get("category") == set(CATEGORIES) and labels.get("reason", set()) <= set(home)
    return home if ours and "reason" in labels else {}


def _empty(n: int, answers: Answers) -> Floats:
    return np.zeros((n, len(answers.head.labels)), dtype=np.float32)


def held_out_metrics(
    model: Model, held_out: OutOfFold, tickets: pd.DataFrame
) -> dict[str, dict[str, Any]]:
    """Measure the held-out probabilities as runs with ``--encoder`` off, auto and on would be.

    Temperatures and thresholds were chosen on the same held-out texts: for them alone the
    numbers are a little too good. The language is left out: its table is built from the corpus.
    """
    everyone = np.ones(len(tickets), dtype=bool)
    modes = {"off": ~everyone}
    if model.encoder is not None:
        sure = held_out.ngrams["category"].max(axis=1)
        modes |= {"auto": sure < model.thresholds["both"].doubt, "on": everyone}
    return {name: _measured(model, held_out, tickets, asked) for name, asked in modes.items()}


def _measured(
    model: Model, held_out: OutOfFold, tickets: pd.DataFrame, asked: NDArray[np.bool_]
) -> dict[str, Any]:
    found = {}
    for name, ngrams in held_out.ngrams.items():
        found[name] = calibrate(ngrams, model.calibration["ngrams"][name])
        both = held_out.both[name][asked]
        found[name][asked] = calibrate(both, model.calibration["both"][name])
    labels = np.array(next(h.labels for h in model.heads if h.name == "category"), dtype=object)
    best, confidence = found["category"].argmax(axis=1), found["category"].max(axis=1)
    scored = pd.DataFrame({f"p_{one}": found["category"][:, i] for i, one in enumerate(labels)})
    thresholds = model.row_thresholds(asked)
    scored = scored.assign(
        category=labels[best],
        category_confidence=confidence.astype(np.float64),
        needs_review=confidence < thresholds.review,
        language=tickets["language"],
        reason="",
    )
    truth = tickets.assign(reason="")
    if "urgency" in found:
        score = urgency_score(found["urgency"].astype(np.float64))
        level = np.searchsorted(LEVEL_BORDERS, thresholds.urgency(score).round(1), side="right")
        scored["urgency_level"] = np.array(LEVELS)[level]
    else:
        truth["urgency"] = ""
    result = evaluate(scored, truth)
    result.pop("language", None)
    return result | {"asked_the_encoder": float(asked.mean())}
