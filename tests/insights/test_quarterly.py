"""The quarterly report: what it holds, and what the public one must not."""

import re

import openpyxl
import pandas as pd
import pytest

from pipeline.insights import quarterly, quarterly_files
from pipeline.insights.history import History
from pipeline.insights.quarterly_words import _WORDS, Words
from pipeline.rules import reasons

NOW = pd.Timestamp("2026-11-20T00:00Z")


def complaint(n, **more):
    came = pd.Timestamp("2026-11-01T00:00Z") + pd.Timedelta(hours=n)
    row = {"ticket_id": f"T{n}", "created_at": came, "category": "quality", "reason": "defective"}
    solved = {"status": "solved", "resolved_at": came + pd.Timedelta(hours=10)}
    answered = {"first_response_at": came + pd.Timedelta(hours=2), "language": "de"}
    return row | answered | (solved if n % 2 else {"status": "open"}) | more


@pytest.fixture
def made(tickets_from):
    def make(rows, language="en", **options):
        history = History(tickets_from(rows), NOW, {})
        return quarterly.report(history, reasons.load(), Words(language), **options)

    return make


def test_types_results_and_times(made):
    rows = [complaint(n) for n in range(60)]
    rows += [complaint(n, category="policy", reason="warranty") for n in range(60, 80)]
    found = made(rows)
    assert found.title == "Complaints, quarter 4 of 2026, so far, to 2026-11-20"
    assert found.quarter == "2026Q4"
    assert "from 2026-10-01 to 2026-11-20" in found.about
    section = found.sections[1]
    assert [name for name, _ in section.columns[:3]] == ["Type", "Complaints", "Share"]
    # 60 of 80, half of them solved after 10 hours (open ones wait for weeks), answered after 2.
    quality = section.rows[0]
    assert quality[:6] == ["Quality", 60, 0.75, 30, 30, 0.5]
    assert quality[6] == 2
    assert section.rows[1][0].strip() == "defective"
    assert [row[0] for row in section.rows] == [
        "Quality", "    defective", "Policy", "    warranty", "All"
    ]  # fmt: skip


def test_another_quarter_is_not_in_it(made):
    rows = [complaint(n) for n in range(20)]
    rows += [complaint(n, created_at=pd.Timestamp("2026-09-30T23:59Z")) for n in range(7)]
    assert made(rows).sections[1].rows[-1][1] == 20
    before = made(rows, quarter="2026Q3")
    assert before.sections[1].rows[-1][1] == 7
    assert before.title == "Complaints, quarter 3 of 2026"
    assert "from 2026-07-01 to 2026-09-30" in before.about


def test_public_hides_small_counts_teams_and_channels(made):
    rows = [complaint(n, team="escalation_desk", channel="app") for n in range(60)]
    rows += [complaint(n, reason="unsafe", language="uk") for n in range(60, 63)]
    rows += [complaint(n, reason="counterfeit") for n in range(63, 80)]
    found = made(rows, public=True)
    page = quarterly_files.page(found)
    assert "escalation" not in page
    assert "By team" not in page
    unsafe = next(row for row in found.sections[1].rows if row[0].strip() == "unsafe")
    assert unsafe[1:] == [None] * 7
    # 80 in all and 60 and 17 would tell the 3, so one of these is hidden too.
    shown = [row[1] for row in found.sections[1].rows if row[0].startswith("  ")]
    assert shown.count(None) == 2


def test_a_hidden_total_stands_nowhere_else(made):
    """Three complaints: no number may be said, so neither how many were counted or answered."""
    found = made([complaint(n) for n in range(3)], public=True)
    assert found.about.startswith("Few complaints")
    assert found.sections[0].rows
    for _, value, n, _, met in found.sections[0].rows:
        assert (value, n, met) == (None, None, None)


def test_public_times_are_what_is_shown(made):
    odd = pd.Timedelta(minutes=127)
    rows = [complaint(n) for n in range(60)]
    rows = [row | {"first_response_at": row["created_at"] + odd} for row in rows]
    assert made(rows).sections[1].rows[0][6] == pytest.approx(127 / 60)
    assert made(rows, public=True).sections[1].rows[0][6] == 2.1


def test_both_languages_have_every_word(made):
    for english, chinese in _WORDS.values():
        assert english
        assert re.search("[\u4e00-\u9fff]", chinese)
        assert re.findall(r"{\w+}", english).sort() == re.findall(r"{\w+}", chinese).sort()
    page = quarterly_files.page(made([complaint(n) for n in range(20)], language="zh-Hans"))
    assert "2026年第4季度投诉报告" in page
    assert "故障损坏" in page


def test_hostile_names_stay_text(made, tmp_path):
    hostile = "=HYPERLINK(1)<script>alert(1)</script>"
    found = made([complaint(n, channel=hostile) for n in range(20)])
    html, xlsx = quarterly_files.write(found, tmp_path, "q")
    assert "<script" not in html.read_text(encoding="utf-8")
    sheet = openpyxl.load_workbook(xlsx)["By channel"]
    assert sheet["A2"].value == hostile
    assert sheet["A2"].data_type == "s"
    assert sheet["B2"].value == 20
    assert sheet.freeze_panes == "B2"


def test_the_same_report_is_the_same_bytes(made):
    rows = [complaint(n) for n in range(20)]
    assert quarterly_files.workbook(made(rows)) == quarterly_files.workbook(made(rows))


def test_command_on_the_sample(out, run_cli, tmp_path):
    code, printed, errors = run_cli("quarterly", out, "--out", tmp_path, "--public")
    assert code == 0, errors
    assert len(printed.split()) == 2
    page = (tmp_path / "quarterly-2026Q4-public.html").read_text(encoding="utf-8")
    tickets = pd.read_csv(out / "triaged.csv", dtype=str, keep_default_na=False)
    for column in ("ticket_id", "customer_id", "order_id", "sku", "seller_id", "text"):
        for value in set(tickets[column]) - {""}:
            assert value not in page, f"{column} {value}"
    again = run_cli("quarterly", out, "--out", tmp_path, "--public")
    assert again[0] == 1
    assert "--force" in again[2]


@pytest.mark.parametrize(
    ("given", "said"),
    [("2026-4", "must be like 2026Q4"), ("1999Q1", "no complaint of 1999Q1")],
)
def test_a_wrong_quarter_is_an_error_in_words(out, run_cli, tmp_path, given, said):
    code, _, errors = run_cli("quarterly", out, "--out", tmp_path, "--quarter", given)
    assert code == 1
    assert said in errors
