"""Words of urgency.toml, found in many scripts."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import RulesError
from pipeline.rules import urgency
from pipeline.text.cues import mark_cues

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "urgency_cues.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


def marked(*texts: str, rules: urgency.UrgencyRules | None = None) -> pd.DataFrame:
    frame = pd.DataFrame({"_clean": pd.array(texts, dtype="str")})
    return mark_cues(frame, rules or urgency.load())


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            marks=[pytest.mark.xfail(strict=True)] if case.get("expect") == "fail" else [],
            id=case["input"] or "empty",
        )
        for case in CASES
    ],
)
def test_cases(case: dict[str, str]) -> None:
    found = marked(case["input"])
    assert found["_cue"].tolist() == [case["expected"]]
    assert (found["_floor"] > 0).tolist() == [bool(case["expected"])]


def test_the_strongest_cue_is_named() -> None:
    weak = urgency.Cue("weak", 50.0, urgency.word_pattern(["late"]))
    strong = urgency.Cue("strong", 80.0, urgency.word_pattern(["fire"]))
    found = marked("late, and on fire", "late", rules=urgency.UrgencyRules((weak, strong)))
    assert found["_cue"].tolist() == ["strong", "weak"]
    assert found["_floor"].tolist() == [80.0, 50.0]


def test_no_ticket_no_cue() -> None:
    assert marked().empty


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('[[cue]]\nid = "a"\nat_least = 200\nwords = ["x"]', "from 0 to 100. Got 200"),
        ('[[cue]]\nid = "a"\nat_least = 50\nwords = []', "a list of words"),
        ('[[cue]]\nid = "a"\nat_least = 50\nword = ["x"]', "Did you mean 'words'?"),
        ("[[cues]]\n", "Did you mean 'cue'?"),
    ],
)
def test_a_wrong_table_is_refused_in_words(tmp_path: Path, table: str, message: str) -> None:
    (tmp_path / "urgency.toml").write_text(table, encoding="utf-8")
    with pytest.raises(RulesError) as refused:
        urgency.load(tmp_path)
    assert message in str(refused.value)
