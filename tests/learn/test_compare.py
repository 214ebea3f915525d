"""Which of two models is better: by hand, and planted regressions."""

import numpy as np
import pandas as pd
import pytest

from pipeline.learn import compare


def _frame(categories, confidence=0.9, team="t"):
    return pd.DataFrame(
        {
            "category": categories, "category_confidence": confidence, "team": team,
            "keywords": "寄",
        }
    )  # fmt: skip


def _labels(n_each, languages=("en", "ja")):
    return pd.DataFrame(
        {
            "category": ["a", "b"] * (n_each * len(languages) // 2),
            "language": np.repeat(languages, n_each),
            "ticket_id": [f"T{i}" for i in range(n_each * len(languages))],
            "text": "テキスト",
        }
    )


def _wrong(labels, rows):
    said = labels["category"].copy()
    said.iloc[rows] = said.iloc[rows].map({"a": "b", "b": "a"})
    return said.tolist()


def test_a_model_that_gains_everywhere_is_better():
    labels = _labels(100)
    found = compare.compare(
        labels, _frame(_wrong(labels, slice(0, None, 3))), _frame(labels["category"].tolist())
    )
    assert found["gate"] == {"passed": True, "verdict": "better", "max_loss": 0.05, "reasons": []}
    assert found["accuracy"]["gained"] == 67
    assert found["accuracy"]["interval"][0] > 0.2


def test_a_regression_in_one_language_is_refused_though_the_whole_gains():
    """English gains 40 of 400, Japanese loses 12 of 100."""
    labels = pd.concat([_labels(400, ["en"]), _labels(100, ["ja"])], ignore_index=True)
    old, new = _wrong(labels, range(40)), _wrong(labels, range(400, 412))
    found = compare.compare(labels, _frame(old), _frame(new))
    assert found["accuracy"]["new"] > found["accuracy"]["old"]
    assert found["gate"]["verdict"] == "refused"
    assert (
        "language 'ja' loses 12.0% of recall (100.0% to 88.0% of 100"
        in (found["gate"]["reasons"][0])
    )
    allowed = compare.compare(labels, _frame(old), _frame(new), max_loss=0.15)
    assert allowed["gate"]["passed"]


def test_a_regression_in_one_category_is_refused():
    labels = _labels(200)
    new = labels["category"].tolist()
    for i in range(0, 60, 2):
        new[i] = "b"
    found = compare.compare(labels, _frame(labels["category"].tolist()), _frame(new))
    assert any("category 'a' loses 15.0%" in reason for reason in found["gate"]["reasons"])


def test_too_few_tickets_of_a_language_refuse_nothing():
    labels = pd.concat([_labels(400, ["en"]), _labels(20, ["ja"])], ignore_index=True)
    old, new = _wrong(labels, range(40)), _wrong(labels, range(400, 410))
    assert compare.compare(labels, _frame(old), _frame(new))["gate"]["passed"]


def test_equal_models_differ_by_chance_only():
    labels = _labels(50)
    same = _frame(_wrong(labels, range(5)))
    found = compare.compare(labels, same, same)
    assert found["gate"]["verdict"] == "no difference beyond chance"
    assert found["accuracy"]["interval"] == [0.0, 0.0]
    assert found["accuracy"]["p"] == 1.0


def test_the_surest_changes_come_first_and_changed_teams_count():
    labels = _labels(30)
    old, new = _frame(labels["category"].tolist()), _frame(_wrong(labels, range(50)))
    new["category_confidence"] = np.linspace(0.1, 0.7, 60)
    new.loc[59, "team"] = "other"
    found = compare.changes(labels, old, new)
    assert len(found) == compare.SHOWN
    assert found["ticket_id"].tolist()[:2] == ["T59", "T49"]
    assert found["sure"].is_monotonic_decreasing
    assert "t -> other" in compare.shown(compare.compare(labels, old, new), found)


@pytest.mark.parametrize(("gained", "lost", "p"), [(0, 5, 1 / 32), (5, 5, 638 / 1024), (0, 0, 1)])
def test_mcnemar_by_hand(gained, lost, p):
    """P(at most `gained` heads in gained + lost throws)."""
    assert compare._p(gained, gained + lost, "less") == pytest.approx(p)
