"""Labelled history: what is read, what is refused, and how it is said."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from pipeline.errors import InputError, MissingColumnError, TrainingError
from pipeline.learn.labelled import check_labels, read_labelled

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def read(all_rules, tmp_path):
    def read_text(text, name="history.csv", **options):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read_labelled([path], all_rules, now=NOW, **options)

    return read_text


def test_labels_and_texts_come_together(read):
    found = read("text,category,reason,urgency,emotion\n快递还没到, logistics ,delayed,2,angry\n")
    row = found.iloc[0]
    assert row[["category", "reason", "urgency", "emotion"]].tolist() == [
        "logistics", "delayed", "high", "angry",
    ]  # fmt: skip
    assert (row["_clean"], row["language"]) == ("快递还没到", "zh-Hans")
    assert (row["secondary"], row["lang"]) == ("", "")
    assert row["source"].endswith("history.csv")


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ("0", "low"), ("1", "normal"), ("2.0", "high"), ("3", "critical"), ("Critical", "critical"),
        (" high ", "high"), ("4", ""), ("-1", ""), ("urgent", ""), ("", ""), ("1.5", ""),
    ],
)  # fmt: skip
def test_urgency_is_a_number_or_a_name(read, given, level):
    found = read(f"text,category,urgency\nне работает,quality,{given}\n")
    assert found["urgency"].tolist() == [level]


def test_rows_without_a_category_are_left_out(read):
    found = read("text,category\nroto,quality\nhola,\ngracias,  \nperdido,logistics\n")
    assert found["category"].tolist() == ["quality", "logistics"]
    assert found.index.tolist() == [0, 1]
    assert found.attrs["left_out"] == {"without a category": 2}


def test_what_is_left_out_is_counted_by_why(read):
    given = "id,text,category\n1,roto,quality\n2,,quality\n3, ,quality\n4,坏了,\n1,roto,quality\n"
    assert read(given).attrs["left_out"] == {
        "duplicate row": 1, "empty text": 2, "without a category": 1,
    }  # fmt: skip
    assert read("text,category\nroto,quality\n").attrs["left_out"] == {}


def test_a_column_can_be_named(read):
    given = "投诉内容,类别\n快递还没到,物流\n"
    found = read(given, overrides={"text": "投诉内容", "category": "类别"})
    assert found["category"].tolist() == ["物流"]
    assert found["text"].tolist() == ["快递还没到"]


def test_no_category_at_all_says_how_to_name_it(read):
    with pytest.raises(TrainingError, match=r"history\.csv.*no row has a category.*--column"):
        read("text,kind\nroto,quality\n")


def test_errors_of_the_intake_reach_the_user(read, all_rules, tmp_path):
    with pytest.raises(MissingColumnError):
        read("body_of_evidence_x,category\n1,quality\n")
    with pytest.raises(InputError, match="no such file"):
        read_labelled([tmp_path / "none.csv"], all_rules, now=NOW)


def _labels(**counts):
    return pd.DataFrame({"category": [label for label, n in counts.items() for _ in range(n)]})


def test_two_categories_with_five_examples_each_will_do():
    check_labels(_labels(quality=5, logistics=5))


def test_one_category_is_refused():
    with pytest.raises(TrainingError, match=r"All 9 rows .* 'quality'.*at least two"):
        check_labels(_labels(quality=9))


def test_rare_categories_are_named_with_their_numbers():
    with pytest.raises(TrainingError, match=r"'物流' \(4\), 'service' \(1\).*at least 5"):
        check_labels(_labels(quality=9, 物流=4, service=1))


def test_a_category_whose_column_is_taken_is_refused():
    """p_urgent is the probability of a high or critical level."""
    with pytest.raises(TrainingError, match=r"'urgent'.*p_urgent.*Rename"):
        check_labels(_labels(urgent=9, usual=9))
