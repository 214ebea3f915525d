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
    (spool.folder / "batch-000002.part").write_bytes(b"half")
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


def test_writing_into_a_folder_that_is_gone_says_so(spool, tickets):
    spool.remove()
    with pytest.raises(OutputError, match=r"Cannot write to .*--out"):
        spool.write(1, tickets(1))
