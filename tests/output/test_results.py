"""What a run wrote can be read back as it was, from each format."""

import pandas as pd
import pytest

from pipeline import ticket
from pipeline.errors import OutputError
from pipeline.output import results, write_all


@pytest.fixture
def out(tmp_path, tickets, spooled, arranged, info):
    frame = tickets(40)
    formats = ("csv", "jsonl", "parquet")
    write_all(tmp_path / "out", spooled(frame), arranged(frame), formats=formats, summary_info=info)
    return tmp_path / "out"


def test_every_format_gives_the_same_tickets(out, tickets):
    frames = []
    for form in results.READABLE:
        frames.append(results.read_triaged(out))
        (out / f"triaged.{form}").unlink()
    for other in frames[1:]:
        pd.testing.assert_frame_equal(frames[0], other)
    expected = {column.name: column.dtype for column in ticket.COLUMNS}
    assert {name: str(dtype) for name, dtype in frames[0].dtypes.items()} == expected
    assert frames[0]["text"].tolist() == tickets(40)["text"].tolist()


def test_only_some_columns(out):
    assert list(results.read_triaged(out, ["team", "ticket_id"])) == ["team", "ticket_id"]
    with pytest.raises(OutputError, match="no column 'colour'"):
        results.read_triaged(out, ["colour"])


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(OutputError, match="holds no complete run"):
        results.read_summary(tmp_path)
    with pytest.raises(OutputError, match=r"has no triaged\.csv"):
        results.read_triaged(tmp_path)


def test_a_damaged_file_is_named(out):
    for form in results.READABLE:
        (out / f"triaged.{form}").write_bytes(b"\xff\xfe{broken")
        with pytest.raises(OutputError, match=rf"triaged\.{form} cannot be read"):
            results.read_triaged(out)
        (out / f"triaged.{form}").unlink()
