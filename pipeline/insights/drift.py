"""Have the tickets changed since the model was trained, and how good is it likely to be today?

Nobody labels tonight's tickets, so accuracy is estimated: a calibrated model that says 0.8 is
right in 80 % of such cases, and the mean of its confidences is the accuracy to expect (average
confidence; Guillory et al. 2021 compare it with others). That holds as far as the calibration
does, so the calibration error that was measured in training widens the interval. It does *not*
see a world in which the model is confidently wrong: label two hundred tickets and evaluate.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from pipeline.errors import ModelError
from pipeline.insights.survival import Estimate, Z

#: Population stability index: below 0.1 the mix is stable, from 0.25 on it has shifted
#: (Siddiqi 2006, the rule of thumb of credit scoring).
_STABLE, _SHIFTED = 0.1, 0.25
#: A share of 0 has no logarithm.
_LEAST_SHARE: Final = 1e-4
#: Fewer tickets of a language give no estimate of their own.
_FEWEST: Final = 20


class Drift(NamedTuple):
    """How today's tickets differ from those the model learnt from."""

    mix: pd.DataFrame
    """``kind`` (language, category), ``value``, ``tickets``, ``share``, ``share_in_training``;
    the largest differences first. A language that training lacks has 0 there."""
    stability: dict[str, tuple[float, str]]
    """For each kind the population stability index and stable, moderate or shifted."""
    accuracy: pd.DataFrame
    """``language`` ("" for all), ``tickets``, ``estimate``, ``low``, ``high`` of today's accuracy,
    and ``in_training``, as it was measured; NaN where it was not."""


def drift(tickets: pd.DataFrame, measured: Mapping[str, Any]) -> Drift:
    """Compare tickets with what was measured in training.

    :param tickets: ``language``, ``category``, ``category_confidence``.
    :param measured: The part of the model's metrics.json for the mode that was used
        (`measured_in_training`).
    """
    trained = {
        "language": _counts(measured.get("by_language", {})),
        "category": _counts(measured.get("category", {}).get("by_label", {})),
    }
    mixes = {
        kind: mix(tickets[kind].value_counts(), counts)
        for kind, counts in trained.items()
        if len(counts)
    }
    frames = [frame.assign(kind=kind) for kind, frame in mixes.items()]
    columns = ["kind", "value", "tickets", "share", "share_in_training"]
    whole = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    return Drift(
        whole[columns],
        {kind: _judged(stability_index(frame)) for kind, frame in mixes.items()},
        _accuracies(tickets, measured),
    )


def measured_in_training(model: Path, encoder: str) -> Mapping[str, Any]:
    """What metrics.json of a model says about the mode ``auto``, ``on`` or ``off``.

    :raises ModelError: The folder has no metrics of that mode.
    """
    try:
        metrics = json.loads((model / "metrics.json").read_text(encoding="utf-8"))["held_out"]
        found: Mapping[str, Any] = metrics.get(encoder) or metrics["off"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{model}/metrics.json says nothing about training, so drift cannot be told. Give "
            "--model the folder of the model that made these results."
        ) from error
    return found


def mix(now: pd.Series, before: pd.Series) -> pd.DataFrame:
    """Shares of two counts side by side, the largest difference first."""
    both = pd.DataFrame({"tickets": now, "before": before}).fillna(0)
    both = both[both.index != ""].rename_axis("value").reset_index()
    both["share"] = both["tickets"] / max(both["tickets"].sum(), 1)
    both["share_in_training"] = both["before"] / max(both["before"].sum(), 1)
    both["tickets"] = both["tickets"].astype("int64")
    difference = (both["share"] - both["share_in_training"]).abs()
    order = both.assign(d=-difference).sort_values(["d", "value"]).index
    return both.loc[order].drop(columns="before").reset_index(drop=True)


def stability_index(mixed: pd.DataFrame) -> float:
    """The population stability index of two mixes: 0 when they are equal.

    >>> stability_index(pd.DataFrame({"share": [0.5, 0.5], "share_in_training": [0.5, 0.5]}))
    0.0
    >>> halves = pd.DataFrame({"share": [0.8, 0.2], "share_in_training": [0.5, 0.5]})
    >>> round(stability_index(halves), 3)  # 0.3 ln(1.6) - 0.3 ln(0.4)
    0.416
    """
    now = mixed["share"].clip(lower=_LEAST_SHARE)
    before = mixed["share_in_training"].clip(lower=_LEAST_SHARE)
    return float(((now - before) * np.log(now / before)).sum())


def expected_accuracy(confidence: pd.Series, calibration_error: float) -> Estimate:
    """The accuracy to expect of tickets with these calibrated confidences.

    The interval adds chance (each ticket is right with its confidence) and the calibration error.
    """
    p = confidence.dropna().to_numpy()
    if not len(p):
        return Estimate(np.nan, np.nan, np.nan)
    half = Z * float(np.sqrt((p * (1 - p)).sum())) / len(p) + calibration_error
    mean = float(p.mean())
    return Estimate(mean, max(0.0, mean - half), min(1.0, mean + half))


def _accuracies(tickets: pd.DataFrame, measured: Mapping[str, Any]) -> pd.DataFrame:
    by_language = measured.get("by_language", {})
    whole = {
        "accuracy": measured.get("category", {}).get("accuracy", np.nan),
        "calibration_error": measured.get("calibration_error", 0.0),
    }
    rows = [("", len(tickets), tickets["category_confidence"], whole)]
    for language, inside in tickets.groupby("language"):
        if len(inside) >= _FEWEST:
            # What was not measured is not better than the worst that was.
            worst = max((one["calibration_error"] for one in by_language.values()), default=0.0)
            unknown = {"accuracy": np.nan, "calibration_error": worst}
            known = by_language.get(language, unknown)
            rows.append((str(language), len(inside), inside["category_confidence"], known))
    return pd.DataFrame(
        [
            (
                language,
                n,
                *expected_accuracy(confidence, known["calibration_error"]),
                known["accuracy"],
            )
            for language, n, confidence, known in rows
        ],
        columns=["language", "tickets", "estimate", "low", "high", "in_training"],
    )


def _counts(by_name: Mapping[str, Mapping[str, Any]]) -> pd.Series:
    return pd.Series({name: one["tickets"] for name, one in by_name.items()}, dtype="float64")


def _judged(index: float) -> tuple[float, str]:
    word = "stable" if index < _STABLE else "moderate" if index < _SHIFTED else "shifted"
    return index, word
