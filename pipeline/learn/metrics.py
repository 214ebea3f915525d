"""How good a model is, on labelled tickets it has not seen."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.ticket import LEVELS

#: A language or category with fewer tickets than this gets no number of its own.
_FEWEST = 20
_CALIBRATION_BINS = 10


def evaluate(
    scored: pd.DataFrame, labels: pd.DataFrame, *, urgent_from: float = 0.0
) -> dict[str, Any]:
    """Compare the model's columns in `scored` with the labels of the same tickets.

    `labels` has ``category`` and, where known, ``secondary``, ``reason``, ``urgency`` (names
    of the levels) and ``lang``. Numbers are in 0..1 but for counts; see docs/reference. What a
    model does not decide (it was not trained on urgency, say) is left out, and a share of
    nothing is None.

    :param urgent_from: The ``p_urgent`` from which the model promises to find urgent tickets.
    """
    truth, said = labels["category"].to_numpy(), scored["category"].to_numpy()
    result: dict[str, Any] = {"tickets": len(labels), "category": categories(truth, said)}
    result["category"] |= _against_complaints(scored, labels)
    hit = truth == said
    confidence = scored["category_confidence"].to_numpy()
    result["calibration_error"] = calibration_error(confidence, hit)
    result["review"] = review(scored["needs_review"].to_numpy(), hit)
    if (labels["urgency"] != "").any() and (scored["urgency_level"] != "").all():
        result["urgency"] = urgency(scored, labels, urgent_from)
    if (labels["reason"] != "").any() and (scored["reason"] != "").any():
        known = (labels["reason"] != "").to_numpy()
        same = (labels["reason"] == scored["reason"]).to_numpy()
        result["reason_accuracy"] = float(same[known].mean())
    if (labels["lang"] != "").any():
        result["language"] = languages(scored["language"], labels["lang"])
        result["by_language"] = {
            str(lang): {
                "tickets": len(rows),
                "macro_f1": macro_f1(truth[rows], said[rows]),
                "accuracy": float(hit[rows].mean()),
                "calibration_error": calibration_error(confidence[rows], hit[rows]),
            }
            for lang, rows in sorted(labels.groupby("lang").indices.items())
            if lang and len(rows) >= _FEWEST
        }
    return result


def categories(truth: NDArray[Any], said: NDArray[Any]) -> dict[str, Any]:
    """Macro-F1, accuracy, and precision, recall and F1 of each label."""
    labels = sorted(set(truth))
    each = {str(label): _precision_recall(truth == label, said == label) for label in labels}
    return {
        "macro_f1": float(np.mean([one["f1"] for one in each.values()])),
        "accuracy": float((truth == said).mean()),
        "by_label": each,
    }


def macro_f1(truth: NDArray[Any], said: NDArray[Any]) -> float:
    """Mean F1 over the labels that occur.

    >>> macro_f1(np.array(["a", "a", "b"]), np.array(["a", "b", "b"])).__round__(3)
    0.667
    """
    return float(categories(truth, said)["macro_f1"])


def calibration_error(confidence: NDArray[np.float64], hit: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bins of equal width (Naeini et al. 2015).

    >>> calibration_error(np.array([0.9, 0.9]), np.array([True, False])).__round__(3)
    0.4
    """
    bins = np.minimum((confidence * _CALIBRATION_BINS).astype(int), _CALIBRATION_BINS - 1)
    gap = np.bincount(bins, weights=confidence - hit, minlength=_CALIBRATION_BINS)
    return float(np.abs(gap).sum() / max(len(hit), 1))


def review(needs_review: NDArray[np.bool_], hit: NDArray[np.bool_]) -> dict[str, float | None]:
    """Of the tickets sent on without review: how many there are, how many are right."""
    sent_on = ~needs_review
    return {
        "coverage": float(sent_on.mean()),
        "accuracy_sent_on": float(hit[sent_on].mean()) if sent_on.any() else None,
    }


#: The load at which the ranking by ``p_urgent`` is judged: a third of all tickets.
_LOAD = 0.35


def urgency(
    scored: pd.DataFrame, labels: pd.DataFrame, urgent_from: float
) -> dict[str, float | None]:
    """Quadratic kappa of the levels; how many urgent tickets are found at which load.

    ``urgent_recall`` at ``flagged`` is of the levels high and critical; ``found_safely`` at
    ``load_safely`` of ``p_urgent >= urgent_from``; ``found_at_35`` of the 35 % with the highest
    ``p_urgent``, cues of rules/urgency.toml first.
    """
    known = (labels["urgency"] != "").to_numpy()
    index = {level: i for i, level in enumerate(LEVELS)}
    truth = labels["urgency"][known].map(index).to_numpy(dtype=int)
    said = scored["urgency_level"][known].map(index).to_numpy(dtype=int)
    urgent, flagged = truth >= 2, said >= 2
    p_urgent = scored["p_urgent"][known].to_numpy()
    safely = (p_urgent >= urgent_from) | flagged
    first = np.argsort(-p_urgent - (said == len(LEVELS) - 1), kind="stable")
    at_35 = urgent[first[: int(_LOAD * len(first))]].sum()
    any_urgent = bool(urgent.any())
    return {
        "quadratic_kappa": quadratic_kappa(truth, said, len(LEVELS)),
        "urgent_recall": float(flagged[urgent].mean()) if any_urgent else None,
        "flagged": float(flagged.mean()),
        "found_at_35": float(at_35 / urgent.sum()) if any_urgent else None,
        "found_safely": float(safely[urgent].mean()) if any_urgent else None,
        "load_safely": float(safely.mean()),
        "urgent": float(urgent.mean()),
        "urgent_tickets": int(urgent.sum()),
    }


def quadratic_kappa(truth: NDArray[np.integer], said: NDArray[np.integer], n: int) -> float:
    """Cohen's kappa with quadratic weights (Cohen 1968): 1 is full agreement, 0 is chance.

    >>> quadratic_kappa(np.array([0, 1, 2]), np.array([0, 1, 2]), 3)
    1.0
    """
    table = np.zeros((n, n))
    np.add.at(table, (truth, said), 1)
    weight = np.subtract.outer(np.arange(n), np.arange(n)) ** 2
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(table.sum(), 1)
    expected = (weight * chance).sum()
    return float(1 - (weight * table).sum() / expected) if expected else 1.0


def languages(said: pd.Series, truth: pd.Series) -> dict[str, Any]:
    """Accuracy of the language; a label ``zh`` accepts either variant of Chinese."""
    plain = said.where(truth.str.contains("-"), said.str.split("-").str[0])
    hit = (plain == truth)[truth != ""]
    by_language = hit.groupby(truth[truth != ""]).agg(["mean", "size"])
    return {
        "accuracy": float(hit.mean()),
        "by_language": {
            str(lang): {"accuracy": float(row["mean"]), "tickets": int(row["size"])}
            for lang, row in by_language.iterrows()
        },
    }


def _against_complaints(scored: pd.DataFrame, labels: pd.DataFrame) -> dict[str, float]:
    """Accuracy among the complaints alone, ``other`` aside, and when the second one counts."""
    if "other" not in set(labels["category"]) or "p_other" not in scored:
        return {}
    columns = [str(column) for column in scored.columns]
    names = [name[2:] for name in columns if name.startswith("p_")]
    names = [name for name in names if name not in ("urgent", "other")]
    complaint = (labels["category"] != "other").to_numpy()
    if not complaint.any():
        return {}
    best = scored[[f"p_{name}" for name in names]].to_numpy()[complaint].argmax(axis=1)
    said = np.array(names, dtype=object)[best]
    first = said == labels["category"].to_numpy()[complaint]
    second = said == labels["secondary"].to_numpy()[complaint]
    return {
        "accuracy_among_complaints": float(first.mean()),
        "accuracy_counting_secondary": float((first | second).mean()),
    }


def _precision_recall(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> dict[str, float]:
    both = int((truth & said).sum())
    precision, recall = both / max(int(said.sum()), 1), both / max(int(truth.sum()), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return {"precision": precision, "recall": recall, "f1": f1, "tickets": int(truth.sum())}
