"""Frequent issues, busy days, drift, and the command that prints all of it."""

import json

import pandas as pd
import pytest

from pipeline.insights import history
from pipeline.insights.drift import drift
from pipeline.insights.frequent import frequent
from pipeline.insights.volume import busy_days

LAST = pd.Timestamp("2026-11-20T12:00Z")


def complaint(day, **more):
    row = {"created_at": LAST - pd.Timedelta(days=day), "category": "quality"}
    return row | {"reason": "defective", "language": "en"} | more


def test_frequent_issues_against_the_period_before(tickets_from):
    rows = [complaint(1, sku="A", text="the zip broke") for _ in range(6)]
    rows += [complaint(2, sku="B", reason="lost", text="parcel gone") for _ in range(2)]
    rows += [complaint(8, sku="A", text="the zip is stuck") for _ in range(2)]
    rows += [complaint(9, sku="B", reason="lost", text="parcel gone") for _ in range(6)]
    found = frequent(tickets_from(rows)).set_index(["kind", "value", "reason"])
    issue = found.loc[("sku", "A", "defective")]
    assert (issue["tickets"], issue["before"], issue["share"]) == (6, 2, 0.75)
    assert issue["times"] == pytest.approx((6.5 / 8) / (2.5 / 8))
    assert issue["low"] < issue["times"] < issue["high"]
    # 6 of 8 are defective, 6 of 8 are about A, so 4.5 would be both by chance.
    assert issue["lift"] == pytest.approx(6 / 4.5)
    assert "zip" in issue["words"]
    assert ("sku", "B", "lost") in found.index


def test_words_are_told_for_each_language(tickets_from):
    rows = [complaint(1, text="拉链坏了，完全拉不上", language="zh-Hans") for _ in range(4)]
    rows += [complaint(1, text="молния сломалась", language="ru") for _ in range(3)]
    rows += [complaint(1, reason="lost", text="посылка пропала", language="ru") for _ in range(5)]
    found = frequent(tickets_from(rows))
    words = found.loc[(found["reason"] == "defective") & (found["kind"] == ""), "words"].item()
    chinese, russian = words.split("; ")
    assert chinese.startswith("zh-Hans: ")
    assert "拉链" in chinese
    assert set(russian.removeprefix("ru: ").split(", ")) == {"молния", "сломалась"}


def test_a_busy_monday_is_no_news_but_a_busy_thursday_is(tickets_from):
    def shop(extra_on):
        rows = []
        for day in range(56):
            monday = (LAST - pd.Timedelta(days=day)).weekday() == 0
            n = 30 if monday else 10
            rows += [complaint(day, country="MX")] * (n + (30 if day == extra_on else 0))
        return busy_days(tickets_from(rows))

    assert shop(None).empty
    found = shop(1)  # the 19th of November 2026 is a Thursday
    assert set(found["day"].dt.strftime("%a")) == {"Thu"}
    assert set(found["kind"]) == {"all", "country", "language", "category"}
    assert found["expected"].iloc[0] == pytest.approx(10, rel=0.05)


def test_drift_of_the_mix_and_accuracy_to_expect(tickets_from):
    rows = [complaint(1, language="ja", category_confidence=0.9)] * 30
    rows += [complaint(1, language="en", category_confidence=0.6)] * 70
    measured = {
        "calibration_error": 0.02,
        "category": {"accuracy": 0.7, "by_label": {"quality": {"tickets": 5}}},
        "by_language": {
            "en": {"tickets": 90, "accuracy": 0.65, "calibration_error": 0.05},
            "ja": {"tickets": 10, "accuracy": 0.85, "calibration_error": 0.05},
        },
    }
    found = drift(tickets_from(rows), measured)
    # 0.2 ln(0.3 / 0.1) - 0.2 ln(0.7 / 0.9) = 0.2197 + 0.0503
    index, verdict = found.stability["language"]
    assert index == pytest.approx(0.27, abs=0.001)
    assert verdict == "shifted"
    assert found.stability["category"] == (0.0, "stable")
    assert found.mix.iloc[0][["value", "tickets"]].tolist() == ["en", 70]
    whole = found.accuracy.set_index("language").loc[""]
    assert whole["estimate"] == pytest.approx(0.3 * 0.9 + 0.7 * 0.6)
    assert whole["low"] < whole["estimate"] - 0.02


# --- the command -------------------------------------------------------------------------------


def test_insights_of_the_sample(out, run_cli, tmp_path):
    target = tmp_path / "found.json"
    code, printed, errors = run_cli("insights", out, "--json", target, "--by", "team")
    assert code == 0, errors
    for heading in (
        "Rising",
        "Frequent",
        "How complaints are handled",
        "since training",
        "By team",
    ):
        assert heading in printed
    found = json.loads(target.read_text(encoding="utf-8"))
    assert found["tickets"] == 144
    assert {row["kpi"] for row in found["kpis"]} >= {"satisfaction", "first_response_median"}


def test_words_are_not_cut_in_a_pipe(out, run_cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    wide = run_cli("insights", out)[1]
    monkeypatch.setenv("COLUMNS", "40")
    narrow = run_cli("insights", out)[1]
    assert [line.split() for line in narrow.splitlines() if "─" not in line] == [
        line.split() for line in wide.splitlines() if "─" not in line
    ]


def test_a_ticket_of_two_nights_counts_once(out):
    twice = history.read([out, out])
    assert len(twice.tickets) == 144


def test_a_folder_without_a_run_is_an_error_in_words(run_cli, tmp_path):
    code, _, errors = run_cli("insights", tmp_path)
    assert code == 1
    assert errors.startswith("error: ")
    assert "summary.json" in errors
    assert "Traceback" not in errors
