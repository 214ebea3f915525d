"""What a model says of tickets that the weights behind it have not seen, and how good that is."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.learn.linear import Answers, fit_dense, fit_ngrams, head_probabilities, scores
from pipeline.learn.metrics import evaluate
from pipeline.learn.settings import Settings
from pipeline.learn.tuning import tune
from pipeline.learn.views import Views, rows_of
from pipeline.model.heads import Floats, calibrate, columns_of, pool
from pipeline.model.scoring import urgency_score
from pipeline.model.store import Model
from pipeline.text.encoder import upper_part
from pipeline.ticket import LEVEL_BORDERS, LEVELS

#: Heads whose probabilities are calibrated out of fold; the others are only ranked.
_CALIBRATED = ("category", "urgency")


class OutOfFold(NamedTuple):
    """Probabilities for texts that the weights behind them have not seen, by head."""

    ngrams: dict[str, Floats]
    both: dict[str, Floats]
    fold: NDArray[np.int64]


def out_of_fold(
    views: Views,
    answers: Mapping[str, Answers],
    fold_of: NDArray[np.int64],
    settings: Settings,
    weight: Floats | None = None,
) -> OutOfFold:
    """Return calibrated heads' raw probabilities for every text, each from a model without it.

    :param fold_of: Fold of each text; one of -1 is never held out, its probabilities are 0.
    :param weight: How much each text counts in the fits; default: 1.
    """
    from joblib import Parallel, delayed

    few = {name: answers[name] for name in _CALIBRATED if name in answers}
    folds = np.unique(fold_of[fold_of >= 0])
    parts = Parallel(n_jobs=min(settings.jobs, len(folds)), mmap_mode="r")(
        delayed(_one_fold)(
            views,
            answers,
            tuple(few),
            np.flatnonzero(fold_of != one),
            np.flatnonzero(fold_of == one),
            settings,
            weight,
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
    weight: Floats | None,
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    few = {name: answers[name] for name in names}
    blocks = columns_of(tuple(one.head for one in few.values()))
    sparse_view = fit_ngrams(
        views.sparse,
        few,
        rest,
        strength=settings.sparse_strength,
        weight=weight,
        blanked=settings.blanked,
    )
    seen = scores(rows_of(views.sparse, held), sparse_view)
    ngrams = {name: head_probabilities(seen, blocks[name]) for name in names}
    if views.dense is None or views.pooled is None:
        return ngrams, ngrams
    dense_view = fit_dense(views.dense, few, rest, strength=settings.dense_strength, weight=weight)
    felt = scores(views.dense[held], dense_view)
    # All heads are tuned together: the others teach the encoder too.
    tuned = tune(views.pooled, views.upper, answers, rest, settings.recipe)
    roots = np.sqrt(views.pooled.lengths[held])[:, None]
    bent = scores(upper_part(tuned.upper, views.pooled.means[held], roots), tuned.view)
    every = columns_of(tuple(one.head for one in answers.values()))
    both = {
        name: pool(
            [
                ngrams[name],
                head_probabilities(felt, blocks[name]),
                head_probabilities(bent, every[name]),
            ]
        )
        for name in names
    }
    return ngrams, both


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
    seen = np.flatnonzero(held_out.fold >= 0)
    if len(seen) < len(tickets):
        held_out = OutOfFold(
            {name: p[seen] for name, p in held_out.ngrams.items()},
            {name: p[seen] for name, p in held_out.both.items()},
            held_out.fold[seen],
        )
        tickets, asked = tickets.iloc[seen].reset_index(drop=True), asked[seen]
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
        scored["p_urgent"] = found["urgency"][:, 2:].sum(axis=1)
    else:
        truth["urgency"] = ""
    views = "both" if asked.any() else "ngrams"
    result = evaluate(scored, truth, urgent_from=model.thresholds[views].urgent)
    result.pop("language", None)
    return result | {"asked_the_encoder": float(asked.mean())}
