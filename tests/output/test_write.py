"""The whole folder: every row once, in its place, the same bytes however it was cut."""

import csv
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline import ticket
from pipeline.errors import OutputError
from pipeline.output import csv_text, layout, write_all

TEAM_CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "output_team_files.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


def read_csv(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def run(tmp_path, spooled, arranged, info):
    """Writes `frame` and returns the folder and the summary."""

    def go(frame, *, size=7, name="s", order=None, **options):
        spool = spooled(frame, size, name=name)
        order = arranged(frame) if order is None else order
        options = {"summary_info": info} | options
        found = write_all(tmp_path / name, spool, order, **options)
        spool.remove()
        return tmp_path / name, found

    return go


@pytest.fixture
def frame(tickets):
    return tickets(60)


def test_triaged_has_every_ticket_in_input_order_with_the_columns_of_the_contract(run, frame):
    out, _ = run(frame)
    rows = read_csv(out / "triaged.csv")
    assert list(rows[0]) == [column.name for column in ticket.COLUMNS]
    assert [csv_text.original(row["text"]) for row in rows] == list(frame["text"])
    assert [row["ticket_id"] for row in rows] == list(frame["ticket_id"])
    assert rows[0]["needs_review"] == "false"
    assert re.fullmatch(r"2026-11-\d\dT\d\d:\d\d:\d\dZ", rows[0]["created_at"])
    assert re.fullmatch(r"0(\.\d{1,4})?", rows[0]["p_quality"])
    assert re.fullmatch(r"\d+(\.\d)?", rows[0]["urgency"])


def test_queue_and_teams_hold_the_open_tickets_by_rank(run, frame, arranged):
    order = arranged(frame)
    out, found = run(frame, order=order)
    rows = read_csv(out / "queue.csv")
    assert tuple(rows[0]) == layout.QUEUE_COLUMNS
    expected = frame["ticket_id"][order["rank"].dropna().sort_values().index]
    assert [row["ticket_id"] for row in rows] == list(expected)
    assert [int(row["rank"]) for row in rows] == list(
        range(1, found["counts"]["stage"]["open"] + 1)
    )
    files = {path.stem: read_csv(path) for path in (out / "queues").iterdir()}
    assert set(files) == {"logistics_desk", "returns_and_exchanges_centre", "物流组", "escape"}
    for name, team in (("物流组", "物流组"), ("escape", "../escape")):
        assert files[name] == [row for row in rows if row["team"] == team]


def test_queue_spanning_several_buckets(run, frame, monkeypatch):
    whole, _ = run(frame, name="whole")
    monkeypatch.setattr("pipeline.output.order.BUCKET_ROWS", 5)
    parts, _ = run(frame, name="parts")
    assert contents(whole) == contents(parts)


def test_review_and_followup(run, frame):
    out, _ = run(frame)
    review = read_csv(out / "review.csv")
    assert [row["ticket_id"] for row in review] == list(frame["ticket_id"][frame["needs_review"]])
    called = read_csv(out / "followup.csv")
    solved = frame["status"].isin(["solved", "closed"])
    let_down = frame["urgency_level"].isin(["critical", "high"]) | (frame["csat"] <= 2)
    wanted = frame[solved & let_down]
    assert [row["ticket_id"] for row in called] == list(wanted["ticket_id"])
    by = pd.to_datetime(pd.Series([row["follow_up_by"] for row in called]), utc=True)
    expected = wanted["resolved_at"].reset_index(drop=True) + pd.Timedelta(days=3)
    pd.testing.assert_series_equal(by, expected, check_names=False, check_dtype=False)


def test_rejected_rows_are_neutralised_too(run, frame):
    out, found = run(frame)
    rows = read_csv(out / "rejected.csv")
    assert rows[1] == {
        "file": "導出.csv",
        "line": "3",
        "reason": "created_at is no date: 1",
        "raw": '\'@cmd,"x"',
    }
    stage = found["counts"]["stage"]
    assert (stage["read"], stage["accepted"], stage["rejected"]) == (63, 60, 3)
    assert found["counts"]["rejected_reason"] == {"created_at is no date": 3}


def contents(out: Path) -> dict[str, bytes]:
    found = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    kept = json.loads(found["summary.json"])
    kept.pop("timings")
    return {**found, "summary.json": json.dumps(kept).encode()}


def test_same_bytes_whatever_the_batches(run, frame, monkeypatch):
    monkeypatch.setattr(layout, "GROUP_ROWS", 16)
    formats = ["csv", "jsonl", "parquet", "xlsx"]
    one, _ = run(frame, size=60, name="one", formats=formats)
    two, _ = run(frame, size=7, name="two", formats=formats)
    assert contents(one) == contents(two)


def test_all_formats_hold_the_same(run, frame):
    out, found = run(frame, formats=["jsonl", "parquet"])
    assert not (out / "triaged.csv").exists()
    assert "triaged.jsonl" in found["files"]
    table = parquet.read_table(out / "triaged.parquet")
    assert table.schema.field("created_at").type == pa.timestamp("us", "UTC")
    assert table.schema.field("rank").type == pa.int64()
    lines = (out / "triaged.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["text"] for row in rows] == table["text"].to_pylist() == list(frame["text"])
    assert [row["p_urgent"] for row in rows] == table["p_urgent"].to_pylist()


def test_another_label_set_brings_its_own_probabilities(run, frame):
    other = frame.drop(columns=list(ticket.PROBABILITY_COLUMNS))
    other = other.assign(p_退款=0.25, p_billing=0.75, category="billing")
    out, found = run(other)
    names = list(read_csv(out / "triaged.csv")[0])
    assert names[names.index("secondary_category") + 1 :][:3] == ["p_退款", "p_billing", "reason"]
    assert found["counts"]["category"] == {"billing": 60}


def test_nothing_at_all_still_gives_every_file(run, tickets):
    out, found = run(tickets(0))
    assert read_csv(out / "triaged.csv") == read_csv(out / "queue.csv") == []
    assert "no open tickets" in (out / "report.html").read_text(encoding="utf-8")
    assert found["counts"]["stage"]["read"] == 3


def test_summary_counts(run, frame):
    out, found = run(frame)
    assert json.loads((out / "summary.json").read_text(encoding="utf-8")) == found
    assert found["counts"]["language"] == dict(sorted(Counter(frame["language"]).items()))
    # 60 tickets, 4 levels in turn; the most urgent comes first
    levels = {"critical": 15, "high": 15, "normal": 15, "low": 15}
    assert list(found["counts"]["urgency_level"].items()) == list(levels.items())
    # every fourth ticket has one reason, every fourth has two
    assert found["counts"]["review_reason"] == {
        "too_short": 15,
        "words_unknown": 15,
        "suspicious": 15,
    }
    assert found["incidents"] == {"count": 1, "tickets": 7, "largest": {"incident-1": 7}}
    assert found["timings"]["read"] == 1.235


def test_a_format_given_twice_is_written_once(run, frame):
    once, _ = run(frame, formats=["jsonl", "xlsx"], name="once")
    twice, _ = run(frame, formats=["jsonl", "xlsx", "jsonl", "xlsx"], name="twice")
    names = [sorted(p.name for p in out.rglob("*") if p.is_file()) for out in (once, twice)]
    assert names[0] == names[1]
    assert (once / "triaged.jsonl").read_bytes() == (twice / "triaged.jsonl").read_bytes()


def test_names_that_are_no_text_are_written_escaped(run, frame, info):
    r"""A file called b"\xff.csv" has half a character in its name, in Python and on disk."""
    odd = replace(info, sources=[{"file": "坏\udcff.csv", "mapping": {"\ud83d": "text"}}])
    out, found = run(frame, summary_info=odd)
    text = (out / "summary.json").read_text(encoding="utf-8")
    assert "坏\\udcff.csv" in text
    assert json.loads(text) == found
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "坏\\udcff.csv" in page
    assert "\\ud83d</bdi> → text" in page


def test_failure_leaves_nothing_behind(run, frame, arranged, tmp_path):
    with pytest.raises(OutputError, match="60 tickets are spooled but 59 are in order"):
        run(frame, order=arranged(frame).iloc[:59], name="bad")
    files = [p.name for p in (tmp_path / "bad").rglob("*") if p.is_file() and ".work" not in str(p)]
    assert files == []


def test_missing_column_is_named(run, frame):
    with pytest.raises(ValueError, match="lack the columns emotion"):
        run(frame.drop(columns="emotion"))


@pytest.mark.parametrize("case", TEAM_CASES, ids=lambda case: case["comment"])
def test_team_file_names(case):
    from pipeline.output.queues import file_names

    assert list(file_names(case["input"]).values()) == case["expected"]
