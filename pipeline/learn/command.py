"""What ``train`` and ``evaluate`` do, from files to files."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline import __version__, intake
from pipeline.errors import OutputError, TrainingError
from pipeline.learn.card import card, table
from pipeline.learn.labelled import check_labels, read_labelled
from pipeline.learn.metrics import evaluate as measure
from pipeline.learn.training import Settings, held_out_metrics
from pipeline.learn.training import train as learn
from pipeline.model import store
from pipeline.model.scoring import Scorer
from pipeline.rules import load as rules_load
from pipeline.rules.tables import check_known
from pipeline.text import encoder as encoders
from pipeline.text.encoder import Mode, UniversalSentenceEncoder
from pipeline.triage import decide

#: What a model cannot do that was trained without these labels.
_LOST = {
    "reason": "the model gives no reason, so no first action is suggested",
    "urgency": "the model gives no level: rules on critical and high tickets will not fire, and the"
    " queue goes by waiting time",
    "emotion": "the model gives no emotion",
}


def train(
    labelled: Sequence[str],
    out: Path,
    *,
    rules_dir: Path | None,
    columns: Mapping[str, str],
    encoding: str | None,
    test: Sequence[str],
    mix: Mapping[str, float],
    encoder: Mode,
    jobs: int,
    force: bool,
    tell: Callable[[str], None],
) -> str:
    """Learn a model from `labelled`, write its folder, and return what to show.

    :raises OutputError: `out` already holds a model and `force` is not given.
    """
    if (out / "model.json").exists() and not force:
        raise OutputError(f"{out} already holds a model. Add --force to replace it.")
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is not a folder. Give --out a folder for the model.")
    intake.find(test)  # a missing test file must not show after the training
    rules = rules_load.load(rules_dir)
    now = datetime.now(UTC)
    tickets = read_labelled(labelled, rules, now=now, overrides=columns, encoding=encoding)
    check_labels(tickets)
    _check_mix(mix, tickets)
    for name, without in _LOST.items():
        if not (tickets[name] != "").any():
            tell(f"no {name} in the labelled tickets: {without}")
    for what, count in tickets.attrs["left_out"].items():
        tell(f"left out: {count:,} rows: {what}")
    tell(f"{len(tickets):,} labelled tickets, {tickets['category'].nunique()} categories")
    settings = Settings(expected_mix=mix, jobs=jobs)
    sentence_encoder = None
    if encoder != "off":
        sentence_encoder = encoders.load(UniversalSentenceEncoder.name)
    model, held_out = learn(tickets, encoder=sentence_encoder, settings=settings)
    metrics: dict[str, Any] = {"held_out": held_out_metrics(model, held_out, tickets)}
    model = replace(model, notes=_notes(tickets, settings, metrics["held_out"]))
    store.save(model, out)
    if test:
        metrics["test"] = evaluate_files(
            out, test, rules_dir=rules_dir, columns=columns, encoding=encoding, encoder=encoder
        )
    _write_json(out / "metrics.json", metrics)
    (out / "card.md").write_text(card(model, tickets, metrics), encoding="utf-8")
    shown = metrics.get("test") or metrics["held_out"].get("auto") or metrics["held_out"]["off"]
    return table(shown) + (
        f"\nThe model is in {out}. Use it: python classify.py EXPORT --model {out} --out out"
    )


def evaluate(
    model: Path,
    labelled: Sequence[str],
    out: Path | None,
    *,
    rules_dir: Path | None,
    columns: Mapping[str, str],
    encoding: str | None,
    encoder: Mode,
) -> str:
    """Score labelled files, write the numbers to `out` if given, and return what to show."""
    metrics = evaluate_files(
        model, labelled, rules_dir=rules_dir, columns=columns, encoding=encoding, encoder=encoder
    )
    if out is not None:
        _write_json(out, metrics)
    return table(metrics)


def evaluate_files(
    model: Path,
    labelled: Sequence[str],
    *,
    rules_dir: Path | None,
    columns: Mapping[str, str],
    encoding: str | None,
    encoder: Mode,
) -> dict[str, Any]:
    """Return the metrics of a model folder on labelled files."""
    scorer = Scorer(store.load(model), encoder)
    rules = rules_load.load(rules_dir)
    now = datetime.now(UTC)
    labels = read_labelled(labelled, rules, now=now, overrides=columns, encoding=encoding)
    names = ("category", "secondary", "reason", "urgency", "emotion", "source", "lang")
    tickets = labels.drop(columns=list(names))
    scored = decide(tickets, scorer, rules, now=now)
    return measure(scored, labels) | {"encoder": encoder, "model": scorer.model.fingerprint}


def _check_mix(mix: Mapping[str, float], tickets: pd.DataFrame) -> None:
    labels = sorted(set(tickets["category"]))
    for label in mix:
        check_known(label, labels, where="--mix", kind="category")
    missing = [label for label in labels if label not in mix]
    if mix and missing:
        raise TrainingError(f"--mix lacks {', '.join(missing)}: give every category its share.")


def _notes(tickets: pd.DataFrame, settings: Settings, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Say where the model comes from: no clock, no machine, so that two builds are equal."""
    digest = hashlib.sha256()
    for name in ("text", "category", "secondary", "reason", "urgency", "emotion"):
        digest.update("\x1e".join(tickets[name]).encode())
    plain = asdict(settings)
    return {
        "program": __version__,
        "trained_on": {
            "tickets": len(tickets),
            "sha256": digest.hexdigest(),
            "categories": _counts(tickets["category"]),
            "languages": _counts(tickets["language"]),
        },
        "settings": {key: value for key, value in plain.items() if key != "jobs"},
        "held_out": metrics,
    }


def _counts(column: pd.Series) -> dict[str, int]:
    counts = column.value_counts().sort_index()
    return {str(name): int(n) for name, n in counts.items()}


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True)
    draft = path.with_name(f".{path.name}.part")
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)
