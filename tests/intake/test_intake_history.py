"""Histories of tickets, in the forms and words that exports have."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pipeline.history import parse
from pipeline.intake.history import histories
from pipeline.rules import columns

CASES = Path(__file__).parents[1] / "cases" / "intake_histories.jsonl"
ROWS = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
RULES = columns.load()


def read(*cells):
    found, left_out = histories(pd.Series(cells, dtype="str"), RULES)
    return list(zip(found.tolist(), left_out.tolist(), strict=True))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["comment"])
def test_a_history(row):
    assert read(row["input"]) == [tuple(row["expected"])]


def test_all_at_once_gives_the_same():
    assert read(*(row["input"] for row in ROWS)) == [tuple(row["expected"]) for row in ROWS]


def test_what_was_read_is_read_the_same_again():
    for text, _ in read(*(row["input"] for row in ROWS)):
        assert read(text) == [(text, False)]
        assert all(event.kind for event in parse(text))
