"""From held-out probabilities to calibration and thresholds."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import beta

from pipeline.learn.linear import Answers
from pipeline.learn.metrics import quadratic_kappa
from pipeline.model.heads import Calibration, Floats, calibrate
from pipeline.model.scoring import urgency_score
from pipeline.model.store import Thresholds

#: Of the tickets sent on without review at least this share should have the right category.
SENT_ON_ACCURACY = 0.90
#: At most this share of urgent tickets may lie below the threshold of ``p_urgent``...
MOST_MISSED = 0.05
#: ... with this confidence.
CONFIDENCE = 0.95
#: From this probability a second category is named. Chosen by hand, not measured yet.
_SECONDARY = 0.25
#: With ``--encoder auto`` the encoder is asked below this n-gram confidence
#: (docs/decisions/0005-model.md has the trade).
_DOUBT = 0.65
_LEVEL_STEPS = np.arange(2.0, 99.0, 1.0)
#: Times each cut is moved; three settle on every set of texts that was tried.
_ROUNDS = 10


def fit_calibration(
    probabilities: Floats, answers: Answers, expected_mix: Mapping[str, float]
) -> Calibration:
    """Choose the temperature that makes held-out labels most likely, then add the prior.

    The prior is half the log of expected over observed share: texts carry the rest themselves
    (docs/decisions/0005-model.md: the whole shift loses the rare categories).
    """
    labels = answers.head.labels
    known = np.flatnonzero(answers.codes >= 0)
    codes = answers.codes[known]
    none = (0.0,) * len(labels)

    def loss(log_temperature: float) -> float:
        one = Calibration(float(np.exp(log_temperature)), none)
        right = calibrate(probabilities[known], one)[np.arange(len(known)), codes]
        return float(-np.log(np.maximum(right, 1e-9)).mean())

    best = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return Calibration(
        round(float(np.exp(best.x)), 4), _prior_shift(codes, labels, expected_mix) or none
    )


def choose_thresholds(
    probabilities: Mapping[str, Floats],
    answers: Mapping[str, Answers],
    fold_of: NDArray[np.int64],
    expected_mix: Mapping[str, float],
) -> Thresholds:
    """Choose where held-out, calibrated probabilities become decisions."""
    category = probabilities["category"]
    hit = category.argmax(axis=1) == answers["category"].codes
    weight = mix_weights(answers["category"], expected_mix)
    levels, urgent = (25.0, 50.0, 75.0), 0.0
    if "urgency" in probabilities and len(answers["urgency"].head.labels) == 4:
        codes = answers["urgency"].codes
        known = np.flatnonzero(codes >= 0)
        score = urgency_score(probabilities["urgency"][known].astype(np.float64))
        levels = level_cuts(score, codes[known])
        p_urgent = probabilities["urgency"][known, 2:].sum(axis=1).astype(np.float64)
        urgent = urgent_threshold(p_urgent, codes[known] >= 2)
    return Thresholds(
        urgency_levels=levels,
        urgent=urgent,
        review=review_threshold(category.max(axis=1), hit, fold_of, weight),
        secondary=_SECONDARY,
        doubt=_DOUBT,
    )


def review_threshold(
    confidence: NDArray[np.float32],
    hit: NDArray[np.bool_],
    fold_of: NDArray[np.int64],
    weight: NDArray[np.float64],
) -> float:
    """Return the confidence above which `SENT_ON_ACCURACY` of the tickets are right.

    Each fold gives its own answer; the median of them is taken, so that one batch of texts
    that were written to be hard does not send every ticket to review.

    :param weight: How much each text counts: its category's expected over its observed share.
    """
    found = []
    for fold in np.unique(fold_of):
        order = np.flatnonzero(fold_of == fold)
        order = order[np.argsort(-confidence[order], kind="stable")]
        right = np.cumsum(hit[order] * weight[order]) / np.cumsum(weight[order])
        last_of_tie = np.append(np.diff(confidence[order]) != 0, True)
        good = np.flatnonzero((right >= SENT_ON_ACCURACY) & last_of_tie)
        found.append(float(confidence[order][good[-1]]) if len(good) else 1.0)
    return float(np.floor(np.median(found) * 1e4) / 1e4)


def level_cuts(score: NDArray[np.float64], truth: NDArray[np.int64]) -> tuple[float, float, float]:
    """Choose the scores from which a ticket is normal, high and critical.

    The three cuts with the highest quadratic kappa, each moved in turn until none gains.
    """
    cuts = [25.0, 50.0, 75.0]

    def kappa(place: int, cut: float) -> float:
        said = np.searchsorted([*cuts[:place], cut, *cuts[place + 1 :]], score, side="right")
        return quadratic_kappa(truth, said, 4)

    for _ in range(_ROUNDS):
        before = list(cuts)
        for place in range(3):
            low, high = [0.0, *cuts, 100.0][place], [0.0, *cuts, 100.0][place + 2]
            inside = [float(step) for step in _LEVEL_STEPS if low < step < high]
            cuts[place] = max(inside, key=lambda cut, place=place: kappa(place, cut))  # type: ignore[misc]
        if cuts == before:
            break
    return cuts[0], cuts[1], cuts[2]


def urgent_threshold(p_urgent: NDArray[np.float64], urgent: NDArray[np.bool_]) -> float:
    """Return the ``p_urgent`` below which at most `MOST_MISSED` of urgent tickets lie.

    The largest threshold for which the upper `CONFIDENCE` bound of the share missed (Clopper
    and Pearson 1934) stays below: conformal risk control for a loss of 0 or 1 on held-out
    tickets that are like those to come (Bates et al. 2021). 0 when there are too few.

    >>> p = np.linspace(0.001, 1, 1000)
    >>> urgent_threshold(p, np.ones(1000, dtype=bool))  # 38 of 1000 may be missed
    0.039
    """
    found = np.sort(p_urgent[urgent])
    missed = np.arange(len(found))
    bound = beta.ppf(CONFIDENCE, missed + 1, np.maximum(len(found) - missed, 1e-9))
    good = np.flatnonzero(bound <= MOST_MISSED)
    return float(np.floor(found[good[-1]] * 1e4) / 1e4) if len(good) else 0.0


def mix_weights(answers: Answers, expected_mix: Mapping[str, float]) -> NDArray[np.float64]:
    """Return expected over observed share of each text's category; 1 without a mix."""
    if not expected_mix:
        return np.ones(len(answers.codes))
    observed = np.bincount(answers.codes, minlength=len(answers.head.labels)) / len(answers.codes)
    expected = np.array([expected_mix.get(label, 0.0) for label in answers.head.labels])
    weight: NDArray[np.float64] = (expected / np.maximum(observed, 1e-9))[answers.codes]
    return weight


def _prior_shift(
    codes: NDArray[np.int64], labels: tuple[str, ...], expected_mix: Mapping[str, float]
) -> tuple[float, ...]:
    if not expected_mix:
        return ()
    observed = np.bincount(codes, minlength=len(labels)) / len(codes)
    expected = np.array([expected_mix.get(label, 0.0) for label in labels])
    shift = 0.5 * np.log(np.maximum(expected, 1e-3) / np.maximum(observed, 1e-3))
    return tuple(round(float(one), 4) for one in shift)
