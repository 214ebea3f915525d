from pathlib import Path

import pytest

from pipeline.errors import MissingColumnError, RulesError
from pipeline.intake.headers import header_test, match
from pipeline.intake.rows import Row, Table
from pipeline.rules import columns
from tests.intake.intake_cases import cases

RULES = columns.load()


def table(*headers, rows=()):
    return Table(Path("a.csv"), "csv", headers, lambda: (Row(2, cells) for cells in rows))


@pytest.mark.parametrize("case", cases("headers"))
def test_known_systems(case):
    opened = table(*case["headers"])
    places = match(opened, RULES, overrides={})
    assert {field: opened.headers[place] for field, place in places.items()} == case["expected"]


def test_the_earlier_name_of_the_list_wins():
    assert match(table("id", "body", "ticket_id"), RULES, overrides={})["ticket_id"] == 2


def test_the_users_word_beats_the_table():
    places = match(table("id", "text", "subject", "讲述"), RULES, overrides={"text": "讲述"})
    assert places == {"ticket_id": 0, "text": 3}


def test_labels_are_read_only_on_request():
    opened = table("text", "类别", "緊急度", "custom")
    assert match(opened, RULES, overrides={}) == {"text": 0}
    extra = ("category", "urgency", "custom", "lang")
    places = match(opened, RULES, overrides={}, extra=extra)
    assert places == {"text": 0, "category": 1, "urgency": 2, "custom": 3}


def test_no_text_column_names_the_nearest():
    with pytest.raises(MissingColumnError) as caught:
        match(table("id", "mesage", "created"), RULES, overrides={})
    assert "Found: id, mesage, created" in str(caught.value)
    assert '--column "text=mesage"' in str(caught.value)


def test_no_text_column_names_the_longest():
    opened = table("id", "词句", rows=[("1", "快递三天没到，客服也不回")])
    with pytest.raises(MissingColumnError, match='--column "text=词句"'):
        match(opened, RULES, overrides={})


def test_unknown_override():
    with pytest.raises(MissingColumnError, match=r"no column 'bdy' for text.* text=body"):
        match(table("id", "body"), RULES, overrides={"text": "bdy"})


def test_header_row_is_told_from_titles_and_prose():
    is_header = header_test(RULES, {})
    assert is_header(["No", "お問い合わせ内容"])
    assert not is_header(["Export of tickets", "", "2026-11-20"])
    assert not is_header(["the text of the complaint", "my message"])
    assert header_test(RULES, {"text": "讲述"})(["id", "讲述"])


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('[fields]\ntxt = ["a"]', "unknown field 'txt'. Did you mean 'text'?"),
        ('[fields]\ntext = "a"', "must be a list of names"),
        ('[fields]\ntext = ["a"]\nsku = ["A"]', "'A' stands under 'text' and under 'sku'"),
        ('[status]\nopn = ["a"]', "Did you mean 'open'?"),
        ('[reading]\ntimezone = "Mars"', "unknown timezone 'Mars'"),
        ('[reading]\nmonth_first_countries = ["usa"]', "'usa' is not an ISO 3166 code"),
        ('[reading]\ndate_order = "year"', "unknown date_order 'year'"),
        ("[reading.zones]\nXST = 30", "zone 'XST' must be -12 to 14 hours"),
        ("[colour]\n", "unknown section 'colour'"),
    ],
)
def test_rules_are_validated(toml, message, tmp_path):
    (tmp_path / "columns.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        columns.load(tmp_path)
    assert message in str(caught.value)
    assert str(tmp_path / "columns.toml") in str(caught.value)
