"""The output folder: refused when taken, unchanged when a run fails, whole when it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.output.atomic import Drafts, alone, prepare_out

ROOT = Path(__file__).parents[2]


def test_new_folder_is_made(tmp_path):
    out = prepare_out(tmp_path / "a" / "结果")
    assert out.is_dir()
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["summary.json", "triaged.parquet", "queues/物流组.csv"])
def test_folder_with_a_run_is_refused_without_force(tmp_path, name):
    (tmp_path / "queues").mkdir()
    (tmp_path / name).write_text("x")
    with pytest.raises(OutputError, match=r"already holds a run.*--force"):
        prepare_out(tmp_path)
    assert prepare_out(tmp_path, force=True) == tmp_path
    assert (tmp_path / name).read_text() == "x"


def test_foreign_files_do_not_matter(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    prepare_out(tmp_path)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "f").write_text("x")
    for out in (tmp_path / "f", tmp_path / "f" / "deeper"):
        with pytest.raises(OutputError, match="is not a folder"):
            prepare_out(out)


def everything(folder):
    """All files and folders below `folder` with their content."""
    paths = sorted(folder.rglob("*"))
    return {p.relative_to(folder).as_posix(): p.is_file() and p.read_text() for p in paths}


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("force", [True, False])
def test_hidden_files_of_others_are_left_alone(tmp_path, taken, force):
    """Browsers and rsync call their unfinished files so too."""
    for name in (".film.mkv.part", ".probe.part", "queues/.x.csv.part", ".backup.part/letter.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    if taken:
        (tmp_path / "triaged.csv").write_text("mine")
    before = everything(tmp_path)
    if taken and not force:
        with pytest.raises(OutputError, match="already holds a run"):
            prepare_out(tmp_path, force=force)
    else:
        prepare_out(tmp_path, force=force)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("name", ["triaged.csv", "summary.json", "queue.xlsx"])
def test_a_folder_in_the_place_of_a_file_is_refused_early(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(OutputError, match=f"{name} is a folder"):
        prepare_out(tmp_path, force=True)


def write_and_publish(out, *names):
    with Drafts(out) as drafts:
        for name in names:
            drafts.path(name).write_text("new")
        drafts.publish()


@pytest.mark.parametrize("name", ["triaged.csv", "queues/b.csv", "queues"])
def test_a_folder_in_the_place_of_a_file_stops_before_anything_is_replaced(tmp_path, name):
    """Half of the files were new and half old, and the summary gone."""
    (tmp_path / "summary.json").write_text("old")
    if name == "queues":
        (tmp_path / name).write_text("a file where a folder must be")
    else:
        (tmp_path / name).mkdir(parents=True)
    before = everything(tmp_path)
    with pytest.raises(OutputError, match=r"is a folder|Cannot write"):
        write_and_publish(tmp_path, "queue.csv", "queues/b.csv", "summary.json", "triaged.csv")
    assert everything(tmp_path) == before


def test_publish_replaces_a_run_and_nothing_else(tmp_path):
    (tmp_path / "queues").mkdir()
    theirs = ("notes.txt", "queues/mine.csv", "report.html", "queues/deeper/a.csv")
    ours = ("triaged.xlsx", "queues/old team.csv", "queues/物流组.xlsx")
    (tmp_path / "queues" / "deeper").mkdir()
    for name in theirs + ours:
        (tmp_path / name).write_text("old")
    # The summary says what its run wrote; a name that no run writes is not believed.
    listed = [*ours, "notes.txt", "../outside.txt", "queues/deeper/a.csv", 7, "summary.json"]
    summary = json.dumps({"files": listed})
    (tmp_path / "summary.json").write_text(summary)
    with Drafts(tmp_path) as drafts:
        for name in ("triaged.csv", "summary.json", "queues/b.csv"):
            drafts.path(name).write_text("new")
        assert (tmp_path / "summary.json").read_text() == summary
        drafts.publish()
    found = {p.relative_to(tmp_path).as_posix(): p for p in tmp_path.rglob("*") if p.is_file()}
    assert {name: path.read_text() for name, path in found.items()} == {
        **dict.fromkeys(theirs, "old"),
        "queues/b.csv": "new",
        "summary.json": "new",
        "triaged.csv": "new",
    }


@pytest.mark.parametrize("summary", ["", "[]", "{}", '{"files": 1}', "\x00", None])
def test_without_a_list_only_fixed_names_are_replaced(tmp_path, summary):
    (tmp_path / "queues").mkdir()
    for name in ("triaged.xlsx", "queues/mine.csv"):
        (tmp_path / name).write_text("old")
    if summary is not None:
        (tmp_path / "summary.json").write_text(summary)
    with Drafts(tmp_path) as drafts:
        drafts.path("queue.csv").write_text("new")
        drafts.publish()
    assert everything(tmp_path) == {"queue.csv": "new", "queues": False, "queues/mine.csv": "old"}


def write_and_fail(out, error):
    with Drafts(out) as drafts:
        drafts.path("summary.json").write_text("new")
        raise error


def test_failure_leaves_the_folder_as_it_was(tmp_path):
    (tmp_path / "summary.json").write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_and_fail(tmp_path, ZeroDivisionError())
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("summary.json", "old")]


def test_full_disk_is_one_line_with_a_remedy(tmp_path):
    with pytest.raises(OutputError, match=r"No space left on device\. Free space"):
        write_and_fail(tmp_path, OSError(28, "No space left on device"))
    assert list(tmp_path.iterdir()) == []


HOLD = """
import sys, time
from pathlib import Path
from pipeline.output.atomic import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_two_runs_at_once_into_one_folder_are_refused(tmp_path):
    out = tmp_path / "出力"
    held = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert held.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match="Another run is writing into"), alone(out):
            pass
    finally:
        held.kill()
        held.wait()
    with alone(out):  # a killed run holds nothing
        assert (out / ".lock").exists()
    assert list(out.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_left_to_those_who_say_why(tmp_path):
    (tmp_path / "file").write_text("")
    with alone(tmp_path / "file"):
        pass
