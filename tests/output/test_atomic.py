"""The output folder: refused when taken, unchanged when a run fails, whole when it ends."""

import pytest

from pipeline.errors import OutputError
from pipeline.output.atomic import Drafts, prepare_out


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


def test_leftovers_of_a_killed_run_are_removed(tmp_path):
    left = tmp_path / "queues" / ".x.csv.part"
    left.parent.mkdir()
    left.write_text("half")
    (tmp_path / ".xlsx-abc.part").mkdir()
    prepare_out(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["queues"]


def test_publish_replaces_a_run_and_nothing_else(tmp_path):
    (tmp_path / "queues").mkdir()
    for name in ("summary.json", "triaged.xlsx", "queues/old team.csv", "notes.txt"):
        (tmp_path / name).write_text("old")
    with Drafts(tmp_path) as drafts:
        for name in ("triaged.csv", "summary.json", "queues/b.csv"):
            drafts.path(name).write_text("new")
        assert (tmp_path / "summary.json").read_text() == "old"
        drafts.publish()
    found = {p.relative_to(tmp_path).as_posix(): p for p in tmp_path.rglob("*") if p.is_file()}
    assert {name: path.read_text() for name, path in found.items()} == {
        "notes.txt": "old",
        "queues/b.csv": "new",
        "summary.json": "new",
        "triaged.csv": "new",
    }


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
