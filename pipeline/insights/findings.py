"""All insights about one history, as one bundle of tables: what the command prints and writes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pipeline.insights.drift import Drift, drift, measured_in_training
from pipeline.insights.frequent import frequent
from pipeline.insights.history import History
from pipeline.insights.kpi import kpis
from pipeline.insights.rising import rising
from pipeline.insights.volume import busy_days


class Findings(NamedTuple):
    """Each field is what the module of that name returns."""

    frequent: pd.DataFrame
    rising: pd.DataFrame
    busy_days: pd.DataFrame
    kpis: pd.DataFrame
    drift: Drift


def find(history: History, *, model: Path | None = None, days: int = 7) -> Findings:
    """Everything there is to say about `history`.

    :param model: The folder of the model that made it; default: the one its summary names.
    :param days: Length of the period for frequent issues.
    :raises ModelError: The model's folder says nothing about its training.
    """
    tickets = history.tickets
    about = history.summary.get("model", {})
    folder = model or Path(about.get("folder", "models/default"))
    measured = measured_in_training(folder, about.get("encoder", "off"))
    return Findings(
        frequent=frequent(tickets, days=days),
        rising=rising(tickets),
        busy_days=busy_days(tickets),
        kpis=kpis(tickets, history.now),
        drift=drift(tickets, measured),
    )


def to_json(findings: Findings, history: History) -> str:
    """The findings as JSON text: lists of objects, dates as text, null for what is not known."""
    found: dict[str, Any] = {
        "now": f"{history.now:%Y-%m-%dT%H:%M:%SZ}",
        "tickets": len(history.tickets),
        "frequent": _rows(findings.frequent),
        "rising": _rows(findings.rising),
        "busy_days": _rows(findings.busy_days),
        "kpis": _rows(findings.kpis),
        "drift": {
            "stability": {
                kind: {"index": round(index, 4), "verdict": word}
                for kind, (index, word) in findings.drift.stability.items()
            },
            "mix": _rows(findings.drift.mix),
            "accuracy": _rows(findings.drift.accuracy),
        },
    }
    return json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _rows(frame: pd.DataFrame) -> list[Mapping[str, Any]]:
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return round(float(value), 6) if np.isfinite(value) else None
    return value
