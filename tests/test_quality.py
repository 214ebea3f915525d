"""The model that ships, judged on a batch of texts that it has never seen (data/heldout).

The floors are what the model reached when they were set, less the noise of so few texts: they
catch a broken feature or a lost category, not a change of a few tickets. Each failure lists the
tickets behind it. The batch was written without sight of the corpus; real messages are harder
(docs/decisions/0005-model.md).
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from pipeline.learn.command import score
from pipeline.learn.labelled import read_labelled
from pipeline.learn.metrics import evaluate
from pipeline.model import store
from pipeline.rules import load as rules_load

ROOT = Path(__file__).parents[1]
HELD_OUT = ROOT / "data/heldout"
MODEL = ROOT / "models/default"
NOW = datetime(2026, 11, 21, tzinfo=UTC)

#: By ``--encoder``: macro-F1, accuracy among complaints, quadratic kappa of the urgency.
FLOORS = {"off": (0.84, 0.87, 0.78), "on": (0.85, 0.86, 0.82)}
#: F1 of each category and accuracy in each language, with the encoder.
CATEGORIES = {"quality": 0.86, "logistics": 0.80, "other": 0.84, "policy": 0.80, "service": 0.80}
LANGUAGES = {
    "ar": 0.79, "de": 0.83, "en": 0.87, "es": 0.79, "fr": 0.87, "hi": 0.58, "id": 0.83, "it": 0.75,
    "ja": 0.87, "ko": 0.87, "ms": 0.66, "nl": 0.66, "pl": 0.83, "pt": 0.87, "ru": 0.87, "th": 0.83,
    "tr": 0.87, "uk": 0.70, "vi": 0.83, "zh-Hans": 0.83, "zh-Hant": 0.79,
}  # fmt: skip


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    return read_labelled([str(HELD_OUT)], rules_load.load(None), now=NOW)


@pytest.fixture(scope="module", params=["off", "on"])
def judged(request, labels):
    scored = score(store.load(MODEL), labels, rules_load.load(None), request.param, NOW)
    return request.param, scored, evaluate(scored, labels)


def misses(labels, scored, rows):
    wrong = (labels["category"] != scored["category"]) & rows
    shown = labels[wrong].assign(said=scored["category"])
    lines = (
        f"{one.lang}: {one.category}, said {one.said}: {one.text[:80]}"
        for one in shown.itertuples()
    )
    return "\n" + "\n".join(lines)


def test_it_is_as_good_as_it_was(judged, labels):
    mode, scored, found = judged
    reached = (
        found["category"]["macro_f1"],
        found["category"]["accuracy_among_complaints"],
        found["urgency"]["quadratic_kappa"],
    )
    assert all(a >= b for a, b in zip(reached, FLOORS[mode], strict=True)), (
        f"{reached} with --encoder {mode}, floors {FLOORS[mode]}"
        + misses(labels, scored, labels["category"] != "")
    )


@pytest.mark.parametrize("category", list(CATEGORIES))
def test_no_category_is_lost(judged, labels, category):
    mode, scored, found = judged
    if mode == "on":
        f1 = found["category"]["by_label"][category]["f1"]
        assert f1 >= CATEGORIES[category], misses(labels, scored, labels["category"] == category)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_no_language_is_lost(judged, labels, language):
    mode, scored, found = judged
    if mode == "on":
        accuracy = found["by_language"][language]["accuracy"]
        assert accuracy >= LANGUAGES[language], misses(labels, scored, labels["lang"] == language)


def test_it_knows_when_it_does_not_know(judged):
    mode, _, found = judged
    assert found["calibration_error"] < 0.12, f"with --encoder {mode}"
    assert found["review"]["accuracy_sent_on"] > found["category"]["accuracy"]


def test_none_of_it_was_learnt_from():
    def keys(folder):
        return {
            re.sub(r"\W+", "", json.loads(line)["text"].casefold())
            for path in folder.rglob("*.jsonl")
            for line in path.read_text(encoding="utf-8").splitlines()
        }

    # Texts of a few letters ("ok", "差评") are nobody's.
    shared = {key for key in keys(HELD_OUT) & keys(ROOT / "data/corpus") if len(key) > 8}
    assert not shared
