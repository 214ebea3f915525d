"""Batches come back whole and in order, whoever wrote them and whenever."""

import pickle

import pandas as pd
import pytest

from pipeline import ticket
from pipeline.errors import OutputError
from pipeline.output import Counts, Spool


@pytest.fixture
def spool(tmp_path):
    return Spool.create(tmp_path / "out" / ".work")


def test_narrow_gives_batches_in_order_with_their_dtypes(spool, tickets):
    frame = tickets(10)
    for number in (3, 1, 2):  # as processes finish
        part = frame.iloc[{1: slice(0, 4), 2: slice(4, 9), 3: slice(9, 10)}[number]]
        pickle.loads(pickle.dumps(spool)).write(number, part.reset_index(drop=True))
    columns = ["text", "created_at", "csat", "needs_review", "_text_key", "ticket_id"]
    pd.testing.assert_frame_equal(spool.narrow(columns), frame[columns])


def test_rejected_rows_stay_with_their_batch(spool, tickets, rejected):
    spool.write(2, tickets(3), rejected(1))
    spool.write(1, tickets(0), rejected(2))
    assert [row["line"] for b in spool.rejected() for row in b.to_pylist()] == [2, 3, 2]
    assert spool.counts == Counts(accepted=3, rejected=3)


def test_half_written_batch_does_not_count(spool, tickets):
    spool.write(1, tickets(2))
    (spool.folder / "batch-000002.77.part").write_bytes(b"half")
    (spool.folder / "batch-of-mine.arrow").write_bytes(b"not ours")
    assert spool.numbers() == [1]


def test_missing_batch_is_refused(spool, tickets):
    for number in (1, 2, 5):
        spool.write(number, tickets(1))
    with pytest.raises(OutputError, match=r"lacks batch 3 \(2 missing"):
        list(spool.batches())


def test_empty_spool(spool):
    assert spool.counts == Counts(0, 0)
    assert list(spool.narrow(["text", "created_at"]).dtypes.astype(str)) == ["str", ticket.TIME]


def test_create_removes_what_was_there_and_remove_leaves_nothing(spool, tickets):
    spool.write(1, tickets(2))
    assert Spool.create(spool.folder).numbers() == []
    spool.remove()
    assert not spool.folder.exists()


def test_what_a_killed_run_left_is_removed_and_nothing_else(spool, tickets, rejected):
    spool.write(1, tickets(2), rejected(1))
    spool.note("{}")
    for name in ("batch-000002.part", "rejected-000003.77.part", "run.json.77.part", "notes.txt"):
        (spool.folder / name).write_text("x")
    for name in ("queue/bucket-000000.arrow", "drafts-x1/queues/b.csv", "letters/a.txt"):
        (spool.folder / name).parent.mkdir(parents=True)
        (spool.folder / name).write_text("x")
    Spool.create(spool.folder)
    assert sorted(path.name for path in spool.folder.iterdir()) == ["letters", "notes.txt"]
    spool.remove()
    assert (spool.folder / "letters" / "a.txt").read_text() == "x"


@pytest.mark.parametrize("name", ["notes.txt", "queue/a.txt", "drafts-1/a.txt", "batch-1.arrow"])
def test_a_folder_of_someone_else_is_refused(tmp_path, name):
    path = tmp_path / ".work" / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(OutputError, match=r"\.work was not made by this program \(it holds"):
        Spool.create(tmp_path / ".work")
    assert path.read_text() == "mine"


def test_a_file_or_a_link_in_the_place_of_the_folder_is_refused(tmp_path, spool, tickets):
    spool.write(1, tickets(2))
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(spool.folder)
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link", "broken"):
        with pytest.raises(OutputError, match="was not made by this program"):
            Spool.create(tmp_path / name)
    assert spool.numbers() == [1]


def test_processes_draft_under_names_of_their_own(spool, tickets, monkeypatch):
    """A worker that outlives its killed run must not write into the file of the next one."""
    from pipeline.output import spool as module

    drafts, plain = set(), module.pa.ipc.new_file

    def new_file(path, *args, **kwargs):
        drafts.add(path)
        return plain(path, *args, **kwargs)

    monkeypatch.setattr(module.pa.ipc, "new_file", new_file)
    for pid in (11, 12):
        monkeypatch.setattr(module.os, "getpid", lambda pid=pid: pid)
        spool.write(1, tickets(2))
    assert len(drafts) == 2


@pytest.mark.parametrize("kind", ["batch", "rejected"])
@pytest.mark.parametrize("damage", ["empty", "cut", "flipped"])
def test_a_damaged_batch_is_to_be_done_again(spool, tickets, rejected, kind, damage):
    for number in (0, 1, 2):
        spool.write(number, tickets(40), rejected(5))
    path = spool.folder / f"{kind}-000001.arrow"
    whole = path.read_bytes()
    middle, third = len(whole) // 2, len(whole) // 3
    # Enough to hit a text: a number that became another number cannot be told.
    garbage = whole[:third] + b"\xff" * third + whole[2 * third :]
    path.write_bytes({"empty": b"", "cut": whole[:middle], "flipped": garbage}[damage])
    assert spool.drop_damaged() == [1]
    assert spool.numbers() == [0, 2]
    spool.write(1, tickets(40), rejected(5))
    assert spool.drop_damaged() == []
    assert spool.counts == Counts(accepted=120, rejected=15)


def test_writing_into_a_folder_that_is_gone_says_so(spool, tickets):
    spool.remove()
    with pytest.raises(OutputError, match=r"Cannot write to .*--out"):
        spool.write(1, tickets(1))
