"""A run with --redact: no file holds what was replaced, whichever way the batches ran."""

import csv
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import engine
from pipeline.engine import Run
from pipeline.errors import OutputError

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SECRETS = (
    "carol.w@post.example", "anna.k@post.example", "202-555-0142", "4111 1111 1111 1111", "DE89370400440532013000",
    "11010519491231002X", "X1234567", "tommy_alder99", "48 Maple Street", "Whitman", "王小明", "+442079460018",
    "Ada Quill",
)  # fmt: skip
HEADER = [
    "ticket_id",
    "created_at",
    "country",
    "customer_id",
    "order_id",
    "agent",
    "status",
    "text",
    "extra",
]
ROWS = [
    ["t1", "2026-11-20T08:00:00Z", "US", "carol.w@post.example", "114-1234567-1234567", "", "open",
     "My name is Carol Whitman, the lamp broke. Call 202-555-0142 or carol.w@post.example", ""],
    ["t2", "2026-11-20T09:00:00Z", "US", "CAROL.W@post.example", "4111222233334444", "", "open",
     "You charged card 4111 1111 1111 1111 twice! Order 4111222233334444, $1,299.00", ""],
    ["t3", "2026-11-20T10:00:00Z", "DE", "+442079460018", "A-3", "anna.k@post.example", "open",
     "Geld bitte auf DE89370400440532013000, Bestellung A-3, kaputt", ""],
    ["t4", "2026-11-20T11:00:00Z", "CN", "c4", "A-4", "", "open",
     "我叫王小明，身份证11010519491231002X，快递一直没到", ""],
    ["t5", "2026-11-20T12:00:00Z", "US", "Ada Quill", "A-5", "", "solved",
     "passport no X1234567, Instagram: tommy_alder99, send it to 48 Maple Street, Springfield", ""],
    ["carol.w@post.example", "2026-13-77", "US", "c6", "A-6", "", "open", "mail anna.k@post.example", ""],
    ["t7", "carol.w@post.example", "US", "c7", "A-7", "", "open", "late", ""],
    ["t8", "2026-11-20", "US", "c8", "A-8", "", "202-555-0142", "late", ""],
]  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh_caches():
    yield
    engine._scorer.cache_clear()
    engine._rules.cache_clear()


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *ROWS])
    return path


@pytest.fixture
def run(export, tiny_model, tmp_path):
    return Run(
        [export], tmp_path / "out", NOW, tiny_model, encoder="off",
        formats=("csv", "jsonl", "parquet", "xlsx"), redact=True,
    )  # fmt: skip


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def words_of(out: Path) -> dict[str, str]:
    """Everything that can be read in the files of a run, by file."""
    import pandas as pd

    words = {}
    for path in out.rglob("*"):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                words[path.name] = "".join(
                    book.read(name).decode("utf-8", "replace") for name in book.namelist()
                )
        elif path.suffix == ".parquet":
            words[path.name] = pd.read_parquet(path).to_csv()
        elif path.is_file():
            words[path.relative_to(out).as_posix()] = path.read_text(encoding="utf-8")
    return words


def found(out: Path) -> list[tuple[str, str]]:
    return [
        (name, secret)
        for name, words in words_of(out).items()
        for secret in SECRETS
        if secret.casefold() in words.casefold()
    ]


def test_no_output_holds_what_was_replaced(run):
    engine.classify(run)
    assert len(words_of(run.out)) >= 10
    assert found(run.out) == []


def test_without_the_option_everything_is_kept(run):
    engine.classify(replace(run, redact=False))
    assert {secret for _, secret in found(run.out)} == set(SECRETS)
    rows = read_csv(run.out / "triaged.csv")
    assert rows[0]["text"] == ROWS[0][7]


def test_orders_prices_and_dates_stay(run):
    engine.classify(run)
    rows = {row["ticket_id"]: row for row in read_csv(run.out / "triaged.csv")}
    assert rows["t1"]["order_id"] == "114-1234567-1234567"
    assert rows["t2"]["order_id"] == "4111222233334444"
    assert rows["t2"]["text"] == "You charged card [card] twice! Order 4111222233334444, $1,299.00"


def test_the_same_customer_stays_the_same(run):
    """Repeat contacts are found although the id was an e-mail address, in two spellings."""
    engine.classify(run)
    rows = {row["ticket_id"]: row for row in read_csv(run.out / "triaged.csv")}
    assert rows["t1"]["customer_id"] == rows["t2"]["customer_id"] == "[email 1]"
    assert rows["t3"]["customer_id"] == "[phone 1]"
    assert rows["t5"]["customer_id"] == "[name 1]"
    assert rows["t2"]["repeat_contacts"] == "1"


def test_rejected_rows_say_why_without_the_data(run):
    engine.classify(run)
    rejected = read_csv(run.out / "rejected.csv")
    assert [row["line"] for row in rejected] == ["7", "8"]
    assert rejected[1]["reason"] == "bad created_at: '[email]' is not a date"
    assert "[email],2026-13-77" in rejected[0]["raw"]


def test_raw_rows_with_a_column_of_names_are_withheld(run, export):
    text = export.read_text(encoding="utf-8").replace("status,text,extra", "status,text,full name")
    export.write_text(text, encoding="utf-8")
    engine.classify(run)
    raw = {row["raw"] for row in read_csv(run.out / "rejected.csv")}
    assert raw == {"[row withheld: it may hold personal data]"}


def test_workers_and_batches_give_the_same_bytes(run, tmp_path, monkeypatch):
    engine.classify(run)
    monkeypatch.setattr(engine, "BATCH_ROWS", 2)
    other = replace(run, out=tmp_path / "other", jobs=2)
    engine.classify(other)
    for name in ("triaged.csv", "queue.csv", "rejected.csv", "review.csv", "triaged.jsonl"):
        assert (run.out / name).read_bytes() == (other.out / name).read_bytes()


def test_a_run_is_not_resumed_with_the_other_choice(run, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(engine.dispatch, "arrange", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            engine.classify(run)
    manifest = run.out / engine.output.WORK / engine.output.MANIFEST
    assert json.loads(manifest.read_text())["identity"]["redact"] is True
    with pytest.raises(OutputError, match="unfinished run with other redact"):
        engine.classify(replace(run, redact=False, resume=True))
    engine.classify(replace(run, resume=True))
    assert found(run.out) == []
