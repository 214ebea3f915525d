"""A whole export: nothing lost, the same bytes whichever way, and resumed where it broke off."""

import csv
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from pipeline import engine, ticket
from pipeline.engine import Run
from pipeline.errors import OutputError, PipelineError
from pipeline.model import store
from pipeline.model.heads import Head
from pipeline.rules.tables import SHIPPED
from tests.model.toy import HEADS, toy_model

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
COLUMNS = [column.name for column in ticket.COLUMNS]


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    """Models and rules are kept for the life of a process; each test is one of its own."""
    yield
    engine._scorer.cache_clear()
    engine._rules.cache_clear()


@pytest.fixture(scope="module")
def export(tmp_path_factory, rows_of_corpus):
    """150 tickets in two files, with rows to reject in between."""
    folder = tmp_path_factory.mktemp("exports")
    rows = rows_of_corpus(3, ("en", "zh-Hant", "ja", "ru", "ar", "th", "ko", "de", "pt", "vi"))
    halves = rows[:100], rows[100:]
    for name, half in zip(("a.csv", "b.csv"), halves, strict=True):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["ticket_id", "created_at", "country", "status", "order_value", "text"])
            for i, row in enumerate(half):
                time = f"2026-11-{1 + i % 20:02d}T08:00:00Z"
                state = ("open", "solved", "new")[i % 3]
                text = "" if i % 25 == 7 else row["text"]
                writer.writerow([f"{name[0]}{i}", time, "", state, i, text])
    return folder


@pytest.fixture
def run(export, tiny_model, tmp_path, monkeypatch):
    """A run of the export in six batches."""
    monkeypatch.setattr(engine, "BATCH_ROWS", 30)
    return Run([export], tmp_path / "out", NOW, tiny_model, encoder="off")


@pytest.fixture(scope="module")
def undisturbed(export, tiny_model, tmp_path_factory):
    """The files of that run in one go."""
    out = tmp_path_factory.mktemp("runs") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "BATCH_ROWS", 30)
        engine.classify(Run([export], out, NOW, tiny_model, encoder="off"))
    return contents(out)


def contents(out: Path) -> dict[str, bytes]:
    """All files of a run; of the summary, what may not differ between two runs."""
    files = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    summary = json.loads(files.pop("summary.json"))
    summary.pop("timings")
    return files | {"summary": json.dumps(summary).encode()}


def assert_same(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    assert sorted(found) == sorted(expected)
    assert [name for name in found if found[name] != expected[name]] == []


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


# --- What comes out --------------------------------------------------------------------------


def test_the_sample_gives_the_columns_of_the_contract_in_order(tiny_model, tmp_path):
    seen = []
    engine.classify(Run([SAMPLE], tmp_path, NOW, tiny_model, encoder="off"), progress=seen.append)
    header, *rows = read_csv(tmp_path / "triaged.csv")
    assert header == COLUMNS
    _, *rejected = read_csv(tmp_path / "rejected.csv")
    lines = len(read_csv(SAMPLE / "tickets.csv")) - 1
    lines += len((SAMPLE / "helpdesk.jsonl").read_text(encoding="utf-8").splitlines())
    assert len(rows) + len(rejected) == lines == sum(seen)
    assert len(rows) > 100


def test_rows_in_are_rows_out_and_rejected(run, export):
    summary = engine.classify(run)
    stage = summary["counts"]["stage"]
    _, *rows = read_csv(run.out / "triaged.csv")
    _, *rejected = read_csv(run.out / "rejected.csv")
    written = [read_csv(export / name)[1:] for name in ("a.csv", "b.csv")]
    assert len(rows) + len(rejected) == sum(map(len, written)) == 150
    assert (stage["accepted"], stage["rejected"]) == (len(rows), len(rejected))
    assert len(rejected) == sum(row[-1] == "" for part in written for row in part) == 6
    kept = [row[0] for part in written for row in part if row[-1]]
    assert [row[0] for row in rows] == kept


def test_raw_text_comes_out_as_it_went_in(run, export):
    engine.classify(run)
    written = {row[0]: row[-1] for name in ("a", "b") for row in read_csv(export / f"{name}.csv")}
    frame = pd.DataFrame(read_csv(run.out / "triaged.csv")[1:], columns=COLUMNS)
    for number, text in zip(frame["ticket_id"], frame["text"], strict=True):
        assert text.lstrip("'") == written[number].lstrip("'")


def test_the_work_folder_is_gone(run):
    engine.classify(run)
    assert [path.name for path in run.out.iterdir() if path.name.startswith(".")] == []


def test_every_format_holds_every_ticket(run):
    engine.classify(replace(run, formats=("csv", "jsonl", "parquet")))
    rows = len(read_csv(run.out / "triaged.csv")) - 1
    lines = (run.out / "triaged.jsonl").read_text(encoding="utf-8").splitlines()
    table = pd.read_parquet(run.out / "triaged.parquet")
    assert rows == len(lines) == len(table)
    assert list(table.columns) == list(json.loads(lines[0])) == COLUMNS


def test_labels_of_your_own_have_columns_of_their_own(export, tmp_path):
    heads = (Head("category", ("退货", "物流", "其他")), *HEADS[1:])
    store.save(toy_model(heads=heads, reason_category={}), tmp_path / "model")
    engine.classify(Run([export], tmp_path / "out", NOW, tmp_path / "model"))
    header, *rows = read_csv(tmp_path / "out" / "triaged.csv")
    place = header.index("p_退货")
    assert header[place : place + 3] == ["p_退货", "p_物流", "p_其他"]
    assert set(header) - set(COLUMNS) == {"p_退货", "p_物流", "p_其他"}
    assert {row[header.index("category")] for row in rows} <= {"退货", "物流", "其他"}


@pytest.mark.parametrize(("content", "rejected"), [("id,text\n", 0), ("id,text\n1,\n2, \n", 2)])
def test_an_export_without_tickets_gives_empty_files(content, rejected, tiny_model, tmp_path):
    (tmp_path / "e.csv").write_text(content, encoding="utf-8")
    run = Run([tmp_path / "e.csv"], tmp_path / "out", NOW, tiny_model, encoder="off")
    stage = engine.classify(run)["counts"]["stage"]
    assert (stage["accepted"], stage["rejected"]) == (0, rejected)
    assert read_csv(tmp_path / "out" / "triaged.csv") == [COLUMNS]


# --- The same bytes --------------------------------------------------------------------------


def test_two_processes_write_the_same_bytes(run, undisturbed):
    engine.classify(replace(run, jobs=2))
    assert_same(contents(run.out), undisturbed)


@pytest.mark.parametrize("rows", [1000, 7])
def test_the_size_of_batches_does_not_show(run, undisturbed, monkeypatch, rows):
    monkeypatch.setattr(engine, "BATCH_ROWS", rows)
    engine.classify(run)
    assert_same(contents(run.out), undisturbed)


def test_the_time_zone_and_locale_do_not_show(run, undisturbed, monkeypatch):
    import time

    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    time.tzset()
    try:
        engine.classify(run)
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert_same(contents(run.out), undisturbed)


def test_force_replaces_a_run_and_nothing_else(run, undisturbed):
    engine.classify(run)
    with pytest.raises(OutputError, match=r"already holds a run.*--force"):
        engine.classify(run)
    (run.out / "notes.txt").write_text("mine", encoding="utf-8")
    engine.classify(replace(run, force=True))
    assert (run.out / "notes.txt").read_text(encoding="utf-8") == "mine"
    (run.out / "notes.txt").unlink()
    assert_same(contents(run.out), undisturbed)


def test_results_are_not_read_as_exports(run):
    """The second run would triage its own triaged.csv."""
    engine.classify(run)
    before = contents(run.out)
    for exports in (
        [run.out],
        [run.out / "triaged.csv"],
        [*run.exports, f"{run.out.parent}/*/*.csv"],
    ):
        with pytest.raises(OutputError, match="inside the output folder"):
            engine.classify(replace(run, exports=exports, force=True))
    assert_same(contents(run.out), before)


# --- Broken off and resumed ------------------------------------------------------------------


@pytest.fixture
def broken(run, monkeypatch):
    """A run that was broken off while its third batch was triaged."""
    plain = engine._triage_and_park

    def breaks(number, *rest):
        if number == 2:
            raise KeyboardInterrupt
        return plain(number, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "_triage_and_park", breaks)
        with pytest.raises(KeyboardInterrupt):
            engine.classify(run)
    assert not (run.out / "summary.json").exists()
    return replace(run, resume=True)


def test_a_resumed_run_writes_the_same_bytes_and_does_no_work_twice(
    broken, undisturbed, monkeypatch
):
    plain, numbers = engine._triage_and_park, []

    def counts(number, *rest):
        numbers.append(number)
        return plain(number, *rest)

    monkeypatch.setattr(engine, "_triage_and_park", counts)
    engine.classify(broken)
    assert numbers == [2, 3, 4, 5]
    assert_same(contents(broken.out), undisturbed)


def test_a_resumed_run_keeps_the_clock_of_its_first_part(broken, undisturbed):
    engine.classify(replace(broken, now=datetime(2027, 1, 1, tzinfo=UTC)))
    assert_same(contents(broken.out), undisturbed)


def test_what_was_broken_off_is_not_thrown_away_unasked(broken, undisturbed):
    with pytest.raises(OutputError, match=r"unfinished run\. Add --resume .*--force"):
        engine.classify(replace(broken, resume=False))
    engine.classify(broken)
    assert_same(contents(broken.out), undisturbed)


def test_force_starts_anew(broken, undisturbed, monkeypatch):
    plain, numbers = engine._triage_and_park, []

    def counts(number, *rest):
        numbers.append(number)
        return plain(number, *rest)

    monkeypatch.setattr(engine, "_triage_and_park", counts)
    engine.classify(replace(broken, resume=False, force=True))
    assert numbers == [0, 1, 2, 3, 4, 5]
    assert_same(contents(broken.out), undisturbed)


@pytest.mark.parametrize("resume", [False, True])
def test_a_run_that_had_done_nothing_yet_is_begun_anew(run, undisturbed, monkeypatch, resume):
    """No batch is lost, so there is nothing to ask for; not even the options must be the same."""

    def breaks(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(engine, "_triage_and_park", breaks)
        with pytest.raises(KeyboardInterrupt):
            engine.classify(replace(run, encoding="utf-8"))
    engine.classify(replace(run, resume=resume))
    assert_same(contents(run.out), undisturbed)


def test_resume_without_anything_to_resume_is_an_ordinary_run(run, undisturbed):
    engine.classify(replace(run, resume=True))
    assert_same(contents(run.out), undisturbed)
    with pytest.raises(OutputError, match="already holds a run"):
        engine.classify(replace(run, resume=True))


def test_resuming_with_another_model_is_refused(broken, tmp_path):
    store.save(toy_model(), tmp_path / "other")
    with pytest.raises(OutputError, match=r"with other model\. Give the same as then, or --force"):
        engine.classify(replace(broken, model=tmp_path / "other"))


def test_resuming_with_other_rules_is_refused(broken, tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    text = (SHIPPED / "sla.toml").read_text(encoding="utf-8")
    (rules / "sla.toml").write_text(text + "\n# changed\n", encoding="utf-8")
    with pytest.raises(OutputError, match="unfinished run with other rules"):
        engine.classify(replace(broken, rules=rules))


def test_resuming_with_a_changed_export_is_refused(broken, export, tmp_path):
    shutil.copytree(export, tmp_path / "copy")
    with pytest.raises(OutputError, match="unfinished run with other exports"):
        engine.classify(replace(broken, exports=[tmp_path / "copy"]))


@pytest.mark.parametrize(
    "change", [{"encoder": "auto"}, {"encoding": "utf-8"}, {"columns": {"text": "text"}}]
)
def test_resuming_with_other_options_is_refused(broken, change):
    with pytest.raises(OutputError, match="unfinished run with other options"):
        engine.classify(replace(broken, **change))


@pytest.mark.parametrize(("name", "value"), [("BATCH_ROWS", 45), ("__version__", "0.0.9")])
def test_resuming_with_another_program_is_refused(broken, monkeypatch, name, value):
    """After an update the batches that are done may hold other rows, or other decisions."""
    monkeypatch.setattr(engine, name, value)
    with pytest.raises(OutputError, match="unfinished run with other program"):
        engine.classify(broken)


def test_resuming_with_another_format_is_refused(broken):
    with pytest.raises(OutputError, match="unfinished run with other options"):
        engine.classify(replace(broken, formats=("csv", "jsonl")))
    # The same formats, said twice, are the same.
    engine.classify(replace(broken, formats=("csv", "csv")))


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"\xff\x00", b'{"identity": [], "now": "2026-11-21T09:00:00Z"}', None],
)
def test_a_run_whose_manifest_is_damaged_needs_force(broken, undisturbed, content):
    """A machine that lost its power leaves files that are empty."""
    manifest = broken.out / ".work" / "run.json"
    if content is None:
        manifest.unlink()
    else:
        manifest.write_bytes(content)
    with pytest.raises(OutputError, match=r"cannot be resumed.*--force"):
        engine.classify(broken)
    engine.classify(replace(broken, resume=False, force=True))
    assert_same(contents(broken.out), undisturbed)


@pytest.mark.parametrize("size", [0, 500])
def test_a_damaged_batch_is_done_again(broken, undisturbed, size):
    batch = broken.out / ".work" / "batch-000001.arrow"
    batch.write_bytes(batch.read_bytes()[:size])
    engine.classify(broken)
    assert_same(contents(broken.out), undisturbed)


def test_drafts_of_a_killed_run_are_gone_in_the_end(broken, undisturbed):
    for name in ("batch-000002.4711.part", "drafts-abc/queues/.xlsx-1.part/rows", "queue/x.arrow"):
        draft = broken.out / ".work" / name
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(b"half")
    engine.classify(broken)
    assert_same(contents(broken.out), undisturbed)
    assert not (broken.out / ".work").exists()


# --- What belongs to others ------------------------------------------------------------------


def test_a_work_folder_of_someone_else_is_left_alone(run):
    (run.out / ".work").mkdir(parents=True)
    (run.out / ".work" / "thesis.txt").write_text("mine", encoding="utf-8")
    for change in ({}, {"resume": True}, {"force": True}):
        with pytest.raises(OutputError, match="was not made by this program"):
            engine.classify(replace(run, **change))
    assert (run.out / ".work" / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_force_leaves_queues_of_others(run, undisturbed):
    engine.classify(run)
    mine = run.out / "queues" / "mine.csv"
    mine.write_text("mine", encoding="utf-8")
    engine.classify(replace(run, force=True))
    assert mine.read_text(encoding="utf-8") == "mine"
    mine.unlink()
    assert_same(contents(run.out), undisturbed)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text elsewhere")
def test_a_file_whose_name_is_no_text(run, tmp_path):
    """Such names come out of archives made on Windows."""
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xcd\xb6\xcb\xdf.csv"))
    odd.write_text("id,text\n1,llegó roto\n", encoding="utf-8")
    engine.classify(replace(run, exports=[odd]))
    summary = json.loads((run.out / "summary.json").read_text(encoding="utf-8"))
    assert summary["sources"][0]["file"] == str(odd)
    assert "Language" in (run.out / "report.html").read_text(encoding="utf-8")


# --- Models and rules that change ------------------------------------------------------------


def test_a_model_that_changes_during_the_run_stops_it(tiny_model):
    with pytest.raises(PipelineError, match="changed while the run was going on"):
        engine._scorer(tiny_model, "another fingerprint", "off")


def test_rules_that_change_during_the_run_stop_it():
    with pytest.raises(PipelineError, match="changed while the run was going on"):
        engine._rules(None, "another fingerprint")


def test_a_model_that_was_trained_again_is_read_again(run, tiny_model, tmp_path):
    shutil.copytree(tiny_model, tmp_path / "model")
    first = engine.classify(replace(run, model=tmp_path / "model"))
    store.save(toy_model(), tmp_path / "model")
    second = engine.classify(replace(run, model=tmp_path / "model", force=True))
    assert first["model"]["fingerprint"] != second["model"]["fingerprint"]


def test_rules_that_were_edited_are_read_again(run, tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    text = (SHIPPED / "routing.toml").read_text(encoding="utf-8")
    (rules / "routing.toml").write_text(text, encoding="utf-8")
    engine.classify(replace(run, rules=rules))
    assert "unsure" in (run.out / "triaged.csv").read_text(encoding="utf-8")
    renamed = text.replace('id = "unsure"', 'id = "not_sure"')
    assert renamed != text
    (rules / "routing.toml").write_text(renamed, encoding="utf-8")
    engine.classify(replace(run, rules=rules, force=True))
    found = {row[COLUMNS.index("routing_rule")] for row in read_csv(run.out / "triaged.csv")}
    assert "unsure" not in found


def test_what_people_decided_is_taken_over_from_run_to_run(run, tmp_path):
    engine.classify(run)
    review = run.out / "review.csv"
    header, *rows = csv.reader(review.open(encoding="utf-8-sig", newline=""))
    ticket_id = rows[0][header.index("ticket_id")]
    rows[0][header.index("right_category")] = "policy"
    rows[0][header.index("right_team")] = "policy_desk"
    with review.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    for folder in ("second", "third"):
        previous, run = run.out, replace(run, previous=run.out, out=tmp_path / folder)
        engine.classify(run)
        triaged = pd.read_csv(run.out / "triaged.csv").set_index("ticket_id").loc[ticket_id]
        assert triaged[["category", "team", "corrected"]].tolist() == [
            "policy",
            "policy_desk",
            "category; team",
        ]
        assert not triaged["needs_review"]
    kept = pd.read_csv(run.out / "corrections.csv", keep_default_na=False)
    assert kept[["ticket_id", "category"]].to_numpy().tolist() == [[ticket_id, "policy"]]
    assert kept["text"][0] == triaged["text"]
    assert (previous / "corrections.csv").read_bytes() == (run.out / "corrections.csv").read_bytes()


def test_corrections_that_fit_no_ticket_are_said(run, tmp_path):
    engine.classify(run)
    with (run.out / "corrections.csv").open("a", encoding="utf-8") as file:
        file.write("nobody,policy,,,,,\n")
    summary = engine.classify(replace(run, out=tmp_path / "second", previous=run.out))
    assert len(summary["notes"]) == 1
    assert "Corrections of nobody: not made" in summary["notes"][0]
    kept = pd.read_csv(tmp_path / "second" / "corrections.csv")
    assert kept["ticket_id"].tolist() == ["nobody"]


def test_a_run_is_not_resumed_with_other_corrections(run, monkeypatch, tmp_path):
    engine.classify(run)
    second = replace(run, out=tmp_path / "second", previous=run.out)
    monkeypatch.setattr(engine.dispatch, "arrange", _break)
    with pytest.raises(RuntimeError):
        engine.classify(second)
    with (run.out / "corrections.csv").open("a", encoding="utf-8") as file:
        file.write("a1,policy,,,,,\n")
    with pytest.raises(OutputError, match="other corrections"):
        engine.classify(replace(second, resume=True))


def _break(*_, **__):
    raise RuntimeError
