"""What is found, and refused, before anything is learnt."""

import pandas as pd
import pytest

from pipeline.errors import TrainingError
from pipeline.learn import looks
from pipeline.learn.copies import near_duplicates


def _tickets(texts, categories, languages="en"):
    return pd.DataFrame(
        {"text": texts, "_clean": texts, "category": categories, "language": languages}
    )


@pytest.fixture
def history(rows_of_corpus):
    """30 texts of each category in six languages; `extra` adds words to those of a category."""

    def make(extra=None):
        rows = rows_of_corpus(5)
        texts = [row["text"] + (extra or {}).get(row["category"], "") for row in rows]
        return _tickets(texts, [row["category"] for row in rows])

    return make


@pytest.mark.parametrize(
    "tags",
    [
        {"logistics": " [RC-17]", "quality": " [RC-22]", "policy": " [RC-31]"},
        {"policy": " 结案码：A-7"},
        {"service": " #resolved:refund_42"},
    ],
)
def test_a_planted_leak_is_refused(history, tags):
    with pytest.raises(TrainingError, match="give their category away"):
        looks.refuse_leaks(history(tags))


def test_ordinary_words_are_no_leak(history):
    looks.refuse_leaks(history())


@pytest.mark.parametrize(
    "header", ["Resolution", "agent_reply", "处理结果", "客服回复内容", "対応内容", "Respuesta"]
)  # fmt: skip
def test_a_column_that_is_written_afterwards_is_no_text(header):
    with pytest.raises(TrainingError, match="written when a ticket is solved"):
        looks.refuse_late_columns({"text": header})


@pytest.mark.parametrize(
    "header", ["投诉内容", "message", "Beschreibung", "问题描述", "text", "内容"]
)
def test_customers_columns_are(header):
    looks.refuse_late_columns({"text": header})


def test_few_examples_and_torn_labels_are_told():
    texts = ["the parcel has still not arrived at my house, please help"] * 2
    texts += [f"Сломалось на {i} день, что делать дальше {i * 31}" for i in range(30)]
    tickets = _tickets(texts, ["late", "service", *["broken"] * 30])
    group = near_duplicates(tickets["_clean"], tickets["language"])
    told = looks.findings(tickets, group)
    assert told[0].startswith("32 labelled tickets, 3 categories")
    assert any("few examples: 'late' (1), 'service' (1)" in line for line in told)
    assert any("different categories" in line and "late and service" in line for line in told)
