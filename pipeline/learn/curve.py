"""The learning curve: how good the model is with fewer labels, and what more would bring.

The n-gram view is fitted on parts of the training tickets and judged on one held-out fold. Errors
fall as a power of the number of labels (Hestness et al. 2017), which the last points show.
"""

from typing import Any, Final

import numpy as np
import pandas as pd

from pipeline.learn.linear import fit_ngrams, head_probabilities, scores
from pipeline.learn.training import Trained
from pipeline.learn.views import rows_of, sparse_view

#: Parts of the training tickets; larger trainings are looked at in a sample.
_PARTS: Final = (0.125, 0.25, 0.5, 1.0)
_MOST: Final = 40_000
#: What the next round of labelling may bring.
_MORE: Final = 500
_FEWEST: Final = 100


def learning_curve(tickets: pd.DataFrame, trained: Trained) -> dict[str, Any]:
    """Return accuracy by number of labels, and the accuracy expected with 500 more.

    Empty when there are too few tickets to tell.
    """
    fold, settings = trained.held_out.fold, trained.settings
    answers = {"category": trained.answers["category"]}
    random = np.random.default_rng(len(tickets))
    rows = random.permutation(len(tickets))[:_MOST]
    held = rows[fold[rows] == fold.max()]
    rest = rows[fold[rows] != fold.max()]
    if len(held) < _FEWEST or len(rest) < _FEWEST:
        return {}
    matrix, _ = sparse_view(
        tickets,
        settings.ngrams,
        min_documents=settings.min_documents,
        word_weight=settings.word_weight,
    )
    truth = answers["category"].codes[held]
    points = []
    for part in _PARTS:
        some = np.sort(rest[: int(part * len(rest))])
        view = fit_ngrams(
            matrix, answers, some, strength=settings.sparse_strength, blanked=settings.blanked
        )
        said = head_probabilities(scores(rows_of(matrix, held), view), slice(None))
        points.append((len(some), float((said.argmax(axis=1) == truth).mean())))
    exponent = _exponent(points)
    n = len(tickets)
    full = trained.held_out.both["category"].argmax(axis=1) == answers["category"].codes
    error = 1 - float(full[fold >= 0].mean())
    gain = error * (1 - (n / (n + _MORE)) ** exponent)
    return {
        "points": [{"labels": labels, "accuracy": round(hit, 4)} for labels, hit in points],
        "exponent": round(exponent, 4),
        "gain_of_next_500": round(gain, 4),
    }


def told(curve: dict[str, Any]) -> str:
    """Return the curve as lines for card.md.

    >>> print(told({"points": [{"labels": 100, "accuracy": 0.5}], "gain_of_next_500": 0.02})[-43:])
    The next 500 should bring about 2.0 points.
    """
    if not curve:
        return "Too few labels to say what more would bring: label what you can."
    points = ", ".join(f"{p['labels']:,}: {p['accuracy'] * 100:.1f} %" for p in curve["points"])
    return (
        f"Right by number of labels (n-grams alone): {points}. The next {_MORE} should bring "
        f"about {curve['gain_of_next_500'] * 100:.1f} points."
    )


def _exponent(points: list[tuple[int, float]]) -> float:
    """Return b of error = a * labels**-b, from the last three points; never below 0.

    >>> _exponent([(100, 0.5), (200, 0.6464466), (400, 0.75)]).__round__(3)  # errors by 1/sqrt(2)
    0.5
    """
    last = points[-3:]
    labels = np.log([n for n, _ in last])
    errors = np.log([max(1 - hit, 1e-4) for _, hit in last])
    return float(max(0.0, -np.polyfit(labels, errors, 1)[0]))
