"""A folder is replaced whole or not at all, wherever the program is cut short."""

import contextlib
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.model import swap

OURS = frozenset(("model.json", "card.md"))


def _read(folder):
    return {path.name: path.read_bytes() for path in swap.whole(folder).iterdir()}


def test_the_old_files_go_and_those_of_others_stay(tmp_path):
    folder = tmp_path / "modèle 模型"
    swap.publish({"model.json": b"1", "card.md": b"old"}, folder, ours=OURS)
    (folder / "notes.txt").write_bytes(b"mine")
    (folder / "drafts").mkdir()
    (folder / "drafts" / "a").write_bytes(b"too")
    swap.publish({"model.json": b"2"}, folder, ours=OURS)
    assert (folder / "drafts" / "a").read_bytes() == b"too"
    assert {p.name for p in folder.iterdir()} == {"model.json", "notes.txt", "drafts"}
    assert [p.name for p in tmp_path.iterdir()] == [folder.name]


@pytest.mark.parametrize("cut_at", range(1, 6))
def test_cut_short_at_any_step_the_old_or_the_new_folder_is_whole(tmp_path, monkeypatch, cut_at):
    """The process dies at the n-th change of the disk: nothing after it is done."""
    folder = tmp_path / "model"
    swap.publish({"model.json": b"old", "card.md": b"old"}, folder, ours=OURS)
    steps = [0]

    class Killed(BaseException):
        pass

    def counting(function):
        def step(*args, **kwargs):
            steps[0] += 1
            if steps[0] >= cut_at:
                raise Killed
            return function(*args, **kwargs)

        return step

    with monkeypatch.context() as patched:
        patched.setattr(swap, "_write", counting(swap._write))
        patched.setattr(Path, "rename", counting(Path.rename))
        patched.setattr(swap.shutil, "rmtree", lambda *a, **k: None)
        with contextlib.suppress(Killed):
            swap.publish({"model.json": b"new", "card.md": b"new"}, folder, ours=OURS)
    found = _read(folder)
    assert found in ({"model.json": b"old", "card.md": b"old"},
                     {"model.json": b"new", "card.md": b"new"})  # fmt: skip
    swap.publish({"model.json": b"third"}, folder, ours=OURS)
    assert _read(folder) == {"model.json": b"third"}


def test_a_full_disk_leaves_the_old_folder_and_says_so(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    swap.publish({"model.json": b"old"}, folder, ours=OURS)

    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(swap, "_write", full)
    with pytest.raises(OutputError, match="No space left on device"):
        swap.publish({"model.json": b"new"}, folder, ours=OURS)
    assert _read(folder) == {"model.json": b"old"}
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_through_a_link_the_folder_behind_it_is_replaced(tmp_path):
    swap.publish({"model.json": b"old"}, tmp_path / "real", ours=OURS)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    swap.publish({"model.json": b"new"}, tmp_path / "link", ours=OURS)
    assert (tmp_path / "link").is_symlink()
    assert _read(tmp_path / "real") == {"model.json": b"new"}
