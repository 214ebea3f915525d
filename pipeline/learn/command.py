"""What ``train``, ``evaluate`` and ``model compare`` do, from files to files."""

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline import __version__, intake
from pipeline.errors import OutputError, TrainingError
from pipeline.learn import borrow, compare, curve, issues, looks, splits
from pipeline.learn.card import card, table
from pipeline.learn.held_out import held_out_metrics
from pipeline.learn.labelled import check_labels, read_labelled
from pipeline.learn.metrics import evaluate as measure
from pipeline.learn.request import Request
from pipeline.learn.settings import Settings
from pipeline.learn.training import Trained, refit
from pipeline.learn.training import train as learn
from pipeline.model import store
from pipeline.model.scoring import Scorer
from pipeline.output.table import to_csv
from pipeline.rules import load as rules_load
from pipeline.rules.load import Rules
from pipeline.rules.tables import check_known
from pipeline.text import encoder as encoders
from pipeline.text.encoder import Encoder, Mode, UniversalSentenceEncoder
from pipeline.triage import decide

#: What a model cannot do that was trained without these labels.
_LOST = {
    "reason": "the model gives no reason, so no first action is suggested",
    "urgency": "the model gives no level: rules on critical and high tickets will not fire, and the"
    " queue goes by waiting time",
    "emotion": "the model gives no emotion",
}
#: Columns of labels; a ticket to be scored must not carry them.
_LABELS = ("category", "secondary", "reason", "urgency", "emotion", "source", "lang")
#: Tickets scored at once.
_BATCH = 4096


class _Data(NamedTuple):
    """The tickets to learn from, and those to be judged on (None: by cross-validation)."""

    training: pd.DataFrame
    fold: NDArray[np.int64]
    test: pd.DataFrame | None
    split: str
    """How the two were told apart, for card.md."""


def train(request: Request) -> str:
    """Learn a model, write its folder, and return what to show.

    :raises OutputError: ``out`` already holds a model and ``force`` is not given.
    :raises TrainingError: The labelled tickets cannot make a model, or give their labels away.
    """
    _check_out(request)
    rules, now = rules_load.load(request.rules_dir), datetime.now(UTC)
    tickets = _read(request, rules, now)
    data = _apart(tickets, request, rules, now)
    encoder = None if request.encoder == "off" else encoders.load(UniversalSentenceEncoder.name)
    settings = Settings(expected_mix=request.mix, jobs=request.jobs)
    trained = _known(_learn(data.training, data.fold, encoder, settings, request), data.training)
    metrics: dict[str, Any] = {
        "held_out": held_out_metrics(trained.model, trained.held_out, data.training)
    }
    judging = trained  # its held-out probabilities are those of data.training
    _tell_confusion(trained, request)
    said = ""
    if data.test is not None:
        saved = _as_saved(trained.model)
        judged = score(saved, data.test, rules, request.encoder, now)
        metrics["test"] = measure(judged, data.test) | {
            "intervals": _intervals(judged, data.test),
            "encoder": request.encoder,
            "model": saved.fingerprint,
        }
        if request.baseline is not None:
            found, said = _against_baseline(request, data.test, judged, rules, now)
            metrics["baseline"] = found
        if not request.test:  # the settings are judged: now the latest tickets may teach too
            trained = _known(_again(tickets, trained, encoder, settings, request), tickets)
    metrics["learning_curve"] = curve.learning_curve(data.training, judging)
    metrics["data"] = looks.counts(tickets)
    model = replace(trained.model, notes=_notes(tickets, trained, metrics["held_out"]))
    ranked = issues.rank(data.training, judging, model)
    told = card(model, tickets, metrics, split=data.split, tried=trained.tried)
    store.save(
        model,
        request.out,
        {
            store.METRICS: _json(metrics),
            store.CARD: told.encode(),
            store.ISSUES: to_csv(ranked),
        },
    )
    shown = metrics.get("test") or metrics["held_out"].get("auto") or metrics["held_out"]["off"]
    doubtful = int((ranked["likely_wrong"] != "").sum())
    return (
        f"Judged on: {data.split}\n{table(shown)}\n{said}"
        f"\n{doubtful:,} labels are probably wrong: {request.out / store.ISSUES}, worst first."
        f"\nThe model is in {request.out}. Use it: python classify.py EXPORT --model "
        f"{request.out} --out out"
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
        draft = out.with_name(f".{out.name}.part")
        draft.write_bytes(_json(metrics))
        draft.replace(out)
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
    """Return the metrics of a model folder on labelled files.

    :raises TrainingError: No ticket has a category that the model knows.
    """
    loaded, rules, now = store.load(model), rules_load.load(rules_dir), datetime.now(UTC)
    labels = read_labelled(labelled, rules, now=now, overrides=columns, encoding=encoding)
    _check_known_labels(loaded, labels, model)
    scored = score(loaded, labels, rules, encoder, now)
    views = Scorer(loaded, encoder).views
    metrics = measure(scored, labels, urgent_from=loaded.thresholds[views].urgent)
    return metrics | {"encoder": encoder, "model": loaded.fingerprint}


def compare_models(
    old: Path,
    new: Path,
    labelled: Sequence[str],
    *,
    rules_dir: Path | None,
    columns: Mapping[str, str],
    encoding: str | None,
    encoder: Mode,
    max_loss: float,
) -> tuple[str, bool]:
    """Compare two model folders on labelled files; return what to show, and whether `new` may be
    called better."""
    rules, now = rules_load.load(rules_dir), datetime.now(UTC)
    models = [store.load(folder) for folder in (old, new)]
    tickets = read_labelled(labelled, rules, now=now, overrides=columns, encoding=encoding)
    for model, folder in zip(models, (old, new), strict=True):
        _check_known_labels(model, tickets, folder)
    known = _learnt(models, tickets)
    if known.any():
        tickets = tickets[~known].reset_index(drop=True)
        if tickets.empty:
            raise TrainingError(
                "One of the models has learnt from every one of these tickets. Give labelled "
                "tickets that are new to both."
            )
    first, second = (score(model, tickets, rules, encoder, now) for model in models)
    found = compare.compare(tickets, first, second, max_loss=max_loss)
    found["unseen"] = True
    text = compare.shown(found, compare.changes(tickets, first, second))
    left = f"{int(known.sum()):,} tickets left out: one of the models has learnt from them\n"
    return (left if known.any() else "") + text, bool(found["gate"]["passed"])


def score(
    model: store.Model, tickets: pd.DataFrame, rules: Rules, encoder: Mode, now: datetime
) -> pd.DataFrame:
    """Decide prepared, labelled tickets as a run would that has not seen their labels."""
    scorer = Scorer(model, encoder)
    bare = tickets.drop(columns=[name for name in _LABELS if name in tickets])
    parts = [
        decide(bare.iloc[i : i + _BATCH].reset_index(drop=True), scorer, rules, now=now)
        for i in range(0, len(bare), _BATCH)
    ]
    return pd.concat(parts, ignore_index=True)


def _check_out(request: Request) -> None:
    out = request.out
    if (out / "model.json").exists() and not request.force:
        raise OutputError(f"{out} already holds a model. Add --force to replace it.")
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is not a folder. Give --out a folder for the model.")
    intake.find(request.test)  # a missing test file must not show after the training
    if request.baseline is not None:
        store.fingerprint(request.baseline)


def _read(request: Request, rules: Rules, now: datetime) -> pd.DataFrame:
    """Read the labelled tickets, tell what was found, refuse what cannot be learnt from."""
    tickets = read_labelled(
        request.labelled,
        rules,
        now=now,
        overrides=request.columns,
        encoding=request.encoding,
        mapping=request.mapping,
    )
    check_labels(tickets)
    _check_mix(request.mix, tickets)
    if not request.keep_leaks:
        looks.refuse_leaks(tickets)
    for name, without in _LOST.items():
        if not (tickets[name] != "").any():
            request.tell(f"no {name} in the labelled tickets: {without}")
    for what, count in tickets.attrs["left_out"].items():
        request.tell(f"left out: {count:,} rows: {what}")
    return tickets


def _apart(tickets: pd.DataFrame, request: Request, rules: Rules, now: datetime) -> _Data:
    """Settle what is learnt from and what is judged on."""
    if request.test:
        test = read_labelled(
            request.test,
            rules,
            now=now,
            overrides=request.columns,
            encoding=request.encoding,
            mapping=request.mapping,
        )
        both = pd.concat([tickets, test], ignore_index=True)
        group = splits.groups_of(both, "random")
        mine = ~np.isin(group[: len(tickets)], group[len(tickets) :])
        if not mine.all():
            request.tell(f"left out: {int((~mine).sum()):,} rows: stand in the test file too")
            tickets = tickets[mine].reset_index(drop=True)
            check_labels(tickets)
        group = group[: len(mine)][mine]
        _tell_looks(tickets, group, request)
        return _Data(tickets, splits.folds_of(tickets, group), test, "the test file")
    group = splits.groups_of(tickets, request.split)
    _tell_looks(tickets, group, request)
    if request.split == "auto" and not splits.has_dates(tickets) and request.baseline is None:
        how = "five folds in turn; near-duplicates, customers and orders stay in one"
        return _Data(tickets, splits.folds_of(tickets, group), None, how)
    found = splits.split(tickets, group, request.split)
    training = tickets[~found.test].reset_index(drop=True)
    test = tickets[found.test].reset_index(drop=True)
    try:
        check_labels(training)
    except TrainingError as error:
        raise TrainingError(f"Without the part kept apart for judging: {error}") from error
    if test.empty:
        raise TrainingError(
            "No ticket is left to judge on: all of them share customers or texts. Give --test "
            "FILE, or --split random."
        )
    fold = splits.folds_of(training, pd.factorize(group[~found.test])[0].astype(np.int64))
    return _Data(training, fold, test, f"{len(test):,} tickets kept apart: {found.note}")


def _learn(
    tickets: pd.DataFrame,
    fold: NDArray[np.int64],
    encoder: Encoder | None,
    settings: Settings,
    request: Request,
) -> Trained:
    shipped = store.load(request.shipped) if request.shipped is not None else None
    if shipped is not None and borrow.fits(tickets, shipped):
        return borrow.train_from(
            tickets,
            shipped,
            encoder=encoder,
            settings=settings,
            fold_of=fold,
            tell=request.tell,
        )
    return learn(
        tickets,
        encoder=encoder,
        settings=settings,
        fold=fold,
        budget=request.budget,
        tell=request.tell,
    )


def _again(
    tickets: pd.DataFrame,
    trained: Trained,
    encoder: Encoder | None,
    settings: Settings,
    request: Request,
) -> Trained:
    """Learn from all tickets as was judged; what starts from the shipped model takes seconds."""
    if trained.borrowed:
        return _learn(tickets, splits.folds_of(tickets), encoder, settings, request)
    return trained._replace(model=refit(tickets, trained, encoder))


def _known(trained: Trained, tickets: pd.DataFrame) -> Trained:
    """Note in the model which texts it has learnt from."""
    learnt = np.unique(store.digests_of(tickets["_clean"]))
    return trained._replace(model=replace(trained.model, learnt=learnt))


def _against_baseline(
    request: Request, test: pd.DataFrame, judged: pd.DataFrame, rules: Rules, now: datetime
) -> tuple[dict[str, Any], str]:
    assert request.baseline is not None
    baseline = store.load(request.baseline)
    _check_known_labels(baseline, test, request.baseline)
    fresh = ~_learnt([baseline], test)
    if not fresh.any():
        raise TrainingError(
            f"{request.baseline} has learnt from every ticket of the test part, so it cannot be "
            "compared with. Give --test FILE with newer tickets."
        )
    test, judged = test[fresh].reset_index(drop=True), judged[fresh].reset_index(drop=True)
    before = score(baseline, test, rules, request.encoder, now)
    found = compare.compare(test, before, judged, max_loss=request.max_loss)
    found |= {"model": baseline.fingerprint, "unseen": True, "learnt_before": int((~fresh).sum())}
    text = compare.shown(found, compare.changes(test, before, judged))
    return found, f"\nAgainst {request.baseline}:\n{text}\n"


def _learnt(models: Sequence[store.Model], tickets: pd.DataFrame) -> NDArray[np.bool_]:
    """Say which tickets one of the models has learnt from."""
    digests = store.digests_of(tickets["_clean"])
    found = np.zeros(len(tickets), dtype=bool)
    for model in models:
        if model.learnt is not None:
            found |= np.isin(digests, model.learnt)
    return found


def _as_saved(model: store.Model) -> store.Model:
    """Return the model with the rounded weights that its folder will hold."""
    with tempfile.TemporaryDirectory(prefix="train-") as folder:
        store.save(model, Path(folder) / "model")
        return store.load(Path(folder) / "model")


def _intervals(judged: pd.DataFrame, test: pd.DataFrame) -> dict[str, list[float]]:
    return compare.spread(
        test["category"].to_numpy(dtype=object), judged["category"].to_numpy(dtype=object)
    )


def _tell_looks(tickets: pd.DataFrame, group: NDArray[np.int64], request: Request) -> None:
    for line in looks.findings(tickets, group):
        request.tell(line)


def _tell_confusion(trained: Trained, request: Request) -> None:
    held_out, answers = trained.held_out, trained.answers["category"]
    seen = np.flatnonzero(held_out.fold >= 0)
    said = held_out.both["category"][seen].argmax(axis=1)
    for line in looks.mixed_up(answers.codes[seen], said, answers.head.labels):
        request.tell(line)


def _check_known_labels(model: store.Model, tickets: pd.DataFrame, folder: Path) -> None:
    """Refuse a comparison of apples and pears in words.

    :raises TrainingError: No ticket has a category that the model knows.
    """
    head = model.head("category")
    known = list(head.labels) if head else []
    found = sorted(set(tickets["category"]))
    if not set(found) & set(known):
        raise TrainingError(
            f"{folder} knows the categories {', '.join(known[:10])}; the labelled tickets have "
            f"{', '.join(found[:10])}. None is the same: give --map OURS=THEIRS to train, or "
            "another model."
        )


def _check_mix(mix: Mapping[str, float], tickets: pd.DataFrame) -> None:
    labels = sorted(set(tickets["category"]))
    for label in mix:
        check_known(label, labels, where="--mix", kind="category")
    missing = [label for label in labels if label not in mix]
    if mix and missing:
        raise TrainingError(f"--mix lacks {', '.join(missing)}: give every category its share.")


def _notes(tickets: pd.DataFrame, trained: Trained, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Say where the model comes from: no clock, no machine, so that two builds are equal."""
    digest = hashlib.sha256()
    for name in ("text", "category", "secondary", "reason", "urgency", "emotion"):
        digest.update("\x1e".join(tickets[name]).encode())
    plain = asdict(trained.settings)
    return {
        "program": __version__,
        "trained_on": {
            "tickets": len(tickets),
            "sha256": digest.hexdigest(),
            "categories": looks.counted(tickets["category"]),
            "languages": looks.counted(tickets["language"]),
        },
        "settings": {key: value for key, value in plain.items() if key != "jobs"},
        "held_out": metrics,
    }


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
