"""What people read about a model: the table in the terminal and card.md."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipeline.model.store import Model


def table(metrics: Mapping[str, Any]) -> str:
    """Return the numbers of `metrics.evaluate` as lines for a terminal."""
    category = metrics["category"]
    lines = [f"{'tickets':<34}{metrics['tickets']:>8,}"]
    rows = [
        ("macro-F1", category["macro_f1"]),
        ("accuracy", category["accuracy"]),
        ("accuracy among complaints", category.get("accuracy_among_complaints")),
        ("  when the second category counts", category.get("accuracy_counting_secondary")),
        ("reason accuracy", metrics.get("reason_accuracy")),
        ("calibration error", metrics["calibration_error"]),
    ]
    if "review" in metrics:
        rows += [
            ("sent on without review", metrics["review"]["coverage"]),
            ("  of these right", metrics["review"]["accuracy_sent_on"]),
        ]
    if "urgency" in metrics:
        urgency = metrics["urgency"]
        rows += [
            ("urgency quadratic kappa", urgency["quadratic_kappa"]),
            ("urgent tickets found", urgency["urgent_recall"]),
            ("  at this share flagged", urgency["flagged"]),
        ]
    if "language" in metrics:
        rows.append(("language accuracy", metrics["language"]["accuracy"]))
    lines += [f"{name:<34}{value:>8.3f}" for name, value in rows if value is not None]
    lines += ["", f"{'category':<14}{'tickets':>8}{'precision':>11}{'recall':>8}{'F1':>7}"]
    lines += [
        f"{label:<14}{one['tickets']:>8,}{one['precision']:>11.2f}{one['recall']:>8.2f}"
        f"{one['f1']:>7.2f}"
        for label, one in category["by_label"].items()
    ]
    if metrics.get("by_language"):
        lines += ["", f"{'language':<14}{'tickets':>8}{'macro-F1':>11}{'accuracy':>10}"]
        lines += [
            f"{lang:<14}{one['tickets']:>8,}{one['macro_f1']:>11.2f}{one['accuracy']:>10.2f}"
            for lang, one in metrics["by_language"].items()
        ]
    return "\n".join(lines)


def card(model: Model, tickets: pd.DataFrame, metrics: Mapping[str, Any]) -> str:
    """Return card.md: what the model is, what it learnt from, how good it is, its limits."""
    notes = model.notes
    counts = "\n".join(f"- {name}: {n:,}" for name, n in notes["trained_on"]["categories"].items())
    parts = [
        "# Model card",
        f"Heads: {', '.join(f'{h.name} ({len(h.labels)})' for h in model.heads)}. "
        f"N-gram columns: {len(model.vocabulary.idf):,}. "
        f"Sentence encoder: {model.encoder_name or 'none'}.",
        "## Learnt from",
        f"{len(tickets):,} labelled tickets (SHA-256 of texts and labels: "
        f"`{notes['trained_on']['sha256'][:16]}`).",
        counts,
        "## How good, on texts held out in training",
        *(
            f"With `--encoder {mode}`:\n\n```\n{table(one)}\n```"
            for mode, one in metrics["held_out"].items()
        ),
        "Temperatures and thresholds were chosen on the same held-out texts; for them alone the"
        " numbers are a little too good.",
    ]
    if "test" in metrics:
        parts += ["## How good, on the test file", f"```\n{table(metrics['test'])}\n```"]
    parts += [
        "## Limits",
        "Labels are one reading of a text. The numbers hold for texts like those it was measured"
        " on; measure on your own with `python -m pipeline evaluate MODEL FILE`.",
    ]
    return "\n\n".join(parts) + "\n"
