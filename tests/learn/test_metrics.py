"""Every number in metrics.json, worked out by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from pipeline.learn import metrics
from pipeline.learn.card import table


def array(text):
    return np.array(text.split(), dtype=object)


def scored(**columns):
    n = len(columns["category"])
    plain = {
        "category_confidence": [0.5] * n, "needs_review": [False] * n, "language": ["en"] * n,
        "reason": [""] * n, "urgency_level": [""] * n,
        "p_urgent": [0.0] * n,
    }  # fmt: skip
    return pd.DataFrame(plain | columns)


def labels(**columns):
    n = len(columns["category"])
    plain = {name: [""] * n for name in ("secondary", "reason", "urgency", "lang")}
    return pd.DataFrame(plain | columns)


def test_precision_recall_and_f1_of_each_label():
    """a is right twice of three times it is meant and of two times it is said."""
    found = metrics.categories(array("a a a b"), array("a a b b"))
    a, b = found["by_label"]["a"], found["by_label"]["b"]
    assert (a["precision"], a["recall"], a["f1"]) == pytest.approx((1, 2 / 3, 0.8))
    assert (b["precision"], b["recall"], b["f1"]) == pytest.approx((1 / 2, 1, 2 / 3))
    assert (a["tickets"], b["tickets"]) == (3, 1)
    assert found["accuracy"] == 0.75
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)


def test_a_label_that_is_never_said_has_f1_zero():
    assert metrics.macro_f1(array("退货 物流"), array("物流 物流")) == pytest.approx(
        (0 + 2 / 3) / 2
    )


def test_calibration_error():
    """Bin 0.9: said 0.95, right 1 of 2, gap 0.45 of 2; bin 0.2: said 0.2, right 0 of 2."""
    confidence = np.array([0.95, 0.95, 0.2, 0.2])
    hit = np.array([True, False, False, False])
    assert metrics.calibration_error(confidence, hit) == pytest.approx((2 * 0.45 + 2 * 0.2) / 4)
    assert metrics.calibration_error(np.array([1.0]), np.array([True])) == 0
    assert metrics.calibration_error(np.array([]), np.array([], dtype=bool)) == 0


def test_review_is_coverage_and_accuracy_of_the_rest():
    needs = np.array([True, True, False, False])
    hit = np.array([False, False, True, False])
    assert metrics.review(needs, hit) == {"coverage": 0.5, "accuracy_sent_on": 0.5}
    assert metrics.review(~(needs & False), hit) == {"coverage": 0.0, "accuracy_sent_on": None}


def test_quadratic_kappa():
    """Two levels swapped: as wrong as can be. 0 0 1 1 against 0 1 1 1: 1 - 1 / 2."""
    assert metrics.quadratic_kappa(np.array([0, 1]), np.array([1, 0]), 2) == -1
    assert metrics.quadratic_kappa(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2) == 0.5
    far = metrics.quadratic_kappa(np.array([0, 1, 2, 3]), np.array([3, 1, 2, 3]), 4)
    near = metrics.quadratic_kappa(np.array([0, 1, 2, 3]), np.array([1, 1, 2, 3]), 4)
    assert far < near < 1
    assert metrics.quadratic_kappa(np.array([2, 2]), np.array([2, 2]), 4) == 1


def test_urgency_counts_the_labelled_rows_alone():
    """Urgent are high and critical: two of them, one found; two of four flagged."""
    truth = labels(category=["a"] * 5, urgency=["low", "high", "critical", "normal", ""])
    said = scored(
        category=["a"] * 5,
        urgency_level=["low", "critical", "normal", "high", "low"],
        p_urgent=[0.1, 0.6, 0.4, 0.5, 0.9],
    )
    found = metrics.urgency(said, truth, urgent_from=0.4)
    assert (found["urgent_recall"], found["flagged"], found["urgent"]) == (0.5, 0.5, 0.5)
    # From 0.4 on: both urgent ones and a normal one. The one highest of four is urgent.
    assert (found["found_safely"], found["load_safely"], found["found_at_35"]) == (1, 0.75, 0.5)


def test_languages_accept_either_chinese_for_zh():
    said = pd.Series(["zh-Hans", "zh-Hant", "zh-Hans", "pt", "en", "und"])
    truth = pd.Series(["zh", "zh", "zh-Hant", "pt", "de", ""])
    found = metrics.languages(said, truth)
    assert found["accuracy"] == 3 / 5
    assert found["by_language"]["zh"] == {"accuracy": 1.0, "tickets": 2}
    assert found["by_language"]["zh-Hant"] == {"accuracy": 0.0, "tickets": 1}
    assert "" not in found["by_language"]


def test_complaints_alone_and_when_the_second_category_counts():
    """other is the likeliest of the first, yet among complaints its quality is."""
    said = scored(
        category=["other", "service", "other"],
        p_quality=[0.4, 0.3, 0.1],
        p_service=[0.1, 0.6, 0.1],
        p_other=[0.5, 0.1, 0.8],
        p_urgent=[1.0, 1.0, 1.0],
    )
    truth = labels(category=["quality", "quality", "other"], secondary=["", "service", ""])
    found = metrics.evaluate(said, truth)["category"]
    assert found["accuracy_among_complaints"] == 0.5
    assert found["accuracy_counting_secondary"] == 1.0
    assert found["accuracy"] == pytest.approx(1 / 3)


def test_the_reason_counts_where_there_is_a_label():
    said = scored(category=["a"] * 3, reason=["x", "y", "z"])
    truth = labels(category=["a"] * 3, reason=["x", "x", ""])
    assert metrics.evaluate(said, truth)["reason_accuracy"] == 0.5


def test_languages_with_few_tickets_have_no_numbers_of_their_own():
    lang = ["en"] * 20 + ["th"] * 19 + [""] * 30
    said, truth = scored(category=["a"] * 69), labels(category=["a"] * 69, lang=lang)
    found = metrics.evaluate(said, truth)["by_language"]
    assert list(found) == ["en"]
    assert (found["en"]["tickets"], found["en"]["accuracy"]) == (20, 1.0)


def test_what_the_model_does_not_decide_is_left_out():
    """A model without urgency and reasons, measured on a file that has both."""
    truth = labels(category=["a", "b"], urgency=["low", "high"], reason=["x", "y"])
    found = metrics.evaluate(scored(category=["a", "b"]), truth)
    assert "urgency" not in found
    assert "reason_accuracy" not in found


def test_the_numbers_are_json_and_can_be_shown():
    truth = labels(category=["other", "other"], urgency=["low", "low"], lang=["en", "en"])
    said = scored(
        category=["other", "a"],
        urgency_level=["low", "low"],
        needs_review=[True, True],
        p_a=[0.1, 0.6],
        p_other=[0.9, 0.4],
    )
    found = metrics.evaluate(said, truth)
    json.dumps(found, allow_nan=False)
    assert "macro-F1" in table(found)
    assert "nan" not in table(found)
