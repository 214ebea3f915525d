"""What people read about a model: the table in the terminal and card.md."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.learn import compare
from pipeline.learn.curve import told
from pipeline.learn.search import Tried
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
            ("  of the 35 % most urgent", urgency["found_at_35"]),
            ("  by the safe threshold", urgency["found_safely"]),
            ("  which flags", urgency["load_safely"]),
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


def card(
    model: Model,
    tickets: pd.DataFrame,
    metrics: Mapping[str, Any],
    *,
    split: str,
    tried: Sequence[Tried],
) -> str:
    """Return card.md: what the model is, what it learnt from, how good it is, its limits.

    :param split: What it was judged on, in words.
    :param tried: Settings that were compared on the way.
    """
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
        *_by_language_and_month(metrics),
        "## How it was judged",
        f"On {split}.",
    ]
    if "test" in metrics:
        parts += [f"```\n{table(metrics['test'])}\n```", *_intervals(metrics["test"])]
    parts += [
        "Out of fold, in the training part:",
        *(
            f"With `--encoder {mode}`:\n\n```\n{table(one)}\n```"
            for mode, one in metrics["held_out"].items()
        ),
        "Settings, temperatures and thresholds were chosen on the same held-out texts; for them"
        " alone the numbers are a little too good.",
        *_against_baseline(metrics),
        "## How it was made",
        _made(notes["settings"], tried),
        "## What to label next",
        told(metrics.get("learning_curve", {})),
        "`python -m pipeline label EXPORT --model DIR` picks the tickets that would teach most.",
        "## Limits",
        "Labels are one reading of a text. The numbers hold for texts like those it was measured"
        " on; measure on your own with `python -m pipeline evaluate MODEL FILE`. Categories with"
        " fewer than 20 tickets, and languages with fewer than 20, say little.",
    ]
    return "\n\n".join(parts) + "\n"


def _by_language_and_month(metrics: Mapping[str, Any]) -> list[str]:
    data = metrics.get("data", {})
    return [
        f"By {name}: " + ", ".join(f"{key or 'unknown'} {n:,}" for key, n in data[name].items())
        for name in ("language", "month")
        if name in data
    ]


def _intervals(metrics: Mapping[str, Any]) -> list[str]:
    found = metrics.get("intervals")
    if not found:
        return []
    named = (f"{name} {low:.3f} to {high:.3f}" for name, (low, high) in sorted(found.items()))
    return [f"95 % intervals: {', '.join(named)}."]


def _against_baseline(metrics: Mapping[str, Any]) -> list[str]:
    if "baseline" not in metrics:
        return []
    return ["## Against the model before", f"```\n{compare.shown(metrics['baseline'])}\n```"]


def _made(settings: Mapping[str, Any], tried: Sequence[Tried]) -> str:
    kept = (
        f"C of the n-grams {settings['sparse_strength']:g}, blanked {settings['blanked']:g}; "
        f"C of the encoder {settings['dense_strength']:g}; "
        f"epochs of its tuning {settings['recipe']['epochs']}."
    )
    if not tried:
        return f"With the settings that ship: {kept}"
    rows = "\n".join(f"| {t.name} | {t.value} | {t.loss:.4f} | {t.accuracy:.4f} |" for t in tried)
    return (
        f"{kept} Chosen among (mean log loss and accuracy on held-out folds):\n\n"
        f"| knob | value | loss | right |\n|---|---|---|---|\n{rows}"
    )
