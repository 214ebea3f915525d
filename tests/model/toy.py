"""A model made by hand: each word has one column, so that every probability can be worked out.

A text with one known word has the value 1 in that word's column, so its scores are the word's
weights; weights are logarithms, so that exp(weight) are odds: the word "late" makes logistics
six times as likely as each other category, hence 6/8.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.model.heads import Calibration, Head, SparseView
from pipeline.model.store import Model, Thresholds
from pipeline.text.features import NgramSettings, Vocabulary, windows
from pipeline.text.tokens import fold
from pipeline.ticket import EMOTIONS, LEVELS

HEADS = (
    Head("category", ("quality", "logistics", "other")),
    Head("reason", ("defective", "delayed", "lost", "praise")),
    Head("urgency", LEVELS),
    Head("emotion", EMOTIONS),
)
#: Word: the odds of each label of each head (all others 1).
ODDS = {
    "late": {"logistics": 6, "delayed": 3},
    "broken": {"quality": 6, "defective": 3},
    "thanks": {"other": 4, "logistics": 3, "praise": 9, "satisfied": 6},
    "both": {"quality": 3, "logistics": 4},
    "fire": {"critical": 97, "quality": 2},
    "迟到": {"logistics": 6},
    "<money>": {"logistics": 3},
}
THRESHOLDS = Thresholds((25.0, 50.0, 75.0), urgent=0.1, review=0.6, secondary=0.25, doubt=0.7)
WORDS_ONLY = NgramSettings(char_min=9, char_max=2, word_max=1)


def toy_model(**changes: Any) -> Model:
    """The model; `changes` replace its fields."""
    labels = [label for head in HEADS for label in head.labels]
    found = windows(fold(list(ODDS), ["zh-Hans"] * len(ODDS)), WORDS_ONLY)
    assert len(found.column) == len(ODDS), "every toy word is one token"
    order = np.argsort(found.column)
    lookup = np.full(1 << WORDS_ONLY.bits, -1, dtype=np.int32)
    lookup[found.column[order]] = np.arange(len(order))
    odds = [[ODDS[word].get(label, 1) for label in labels] for word in ODDS]
    weights = np.log(np.array(odds, dtype=np.float32))[found.document[order]]
    even = {head.name: Calibration(1.0, (0.0,) * len(head.labels)) for head in HEADS}
    model = Model(
        heads=HEADS,
        settings=WORDS_ONLY,
        vocabulary=Vocabulary(lookup, np.ones(len(order), dtype=np.float32)),
        ngrams=SparseView(
            weights, np.ones(len(labels), np.float32), np.zeros(len(labels), np.float32)
        ),
        encoder=None,
        tuned=None,
        encoder_name="",
        calibration={"ngrams": even, "both": even},
        thresholds={"ngrams": THRESHOLDS, "both": THRESHOLDS},
        reason_category={
            "defective": "quality",
            "delayed": "logistics",
            "lost": "logistics",
            "praise": "other",
        },
        notes={},
        fingerprint="",
    )
    return replace(model, **changes)
