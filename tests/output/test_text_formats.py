"""CSV cells and JSON lines: what is written, and that it can be read back exactly."""

import csv
import io
import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.output import csv_text, json_text
from pipeline.output.line_file import LineFile

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "output_cells.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [case["input"] for case in CASES]
)


def batch_of(*columns: list[str]) -> pa.RecordBatch:
    arrays = [pa.array(column, pa.large_string()) for column in columns]
    return pa.RecordBatch.from_arrays(arrays, names=[f"c{n}" for n in range(len(arrays))])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["comment"])
def test_cell(case):
    assert csv_text.cells(batch_of([case["input"]])).to_pylist() == [{"c0": case["expected"]}]


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8))
def test_csv_reads_back_exactly_and_starts_no_formula(rows):
    batch = batch_of(*map(list, zip(*rows, strict=True)))
    written = "\n".join(csv_text.lines(csv_text.cells(batch), ["c0", "c1"]).to_pylist())
    read = list(csv.reader(io.StringIO(written + "\n", newline="")))
    # csv.reader gives nothing at all for a line of nothing; two columns leave their comma.
    assert [tuple(map(csv_text.original, row)) for row in read] == rows
    assert not any(re.match(r"[=+\-@\t\r＝＋－＠]", cell) for row in read for cell in row)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8))
def test_json_reads_back_exactly(rows):
    lines = json_text.lines(batch_of(*map(list, zip(*rows, strict=True)))).to_pylist()
    assert not any("\n" in line or "\r" in line for line in lines)
    assert [tuple(json.loads(line).values()) for line in lines] == rows


def test_values_other_than_text():
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array([80.0, None, 0.1234]),
            pa.array([True, False, None]),
            pa.array([3, None, -4], pa.int64()),
            # 2026-11-21T09:58:28.9Z: whole seconds, never rounded up into the future
            pa.array([1795255108_900000, None, 0], pa.timestamp("us", "UTC")),
        ],
        names=["f", "b", "i", "t"],
    )
    cells = csv_text.cells(batch)
    assert csv_text.lines(cells, ["t", "f", "b", "i"]).to_pylist() == [
        "2026-11-21T09:58:28Z,80,true,3",
        ",,false,",
        # a negative number is a number, not a formula
        "1970-01-01T00:00:00Z,0.1234,,-4",
    ]
    assert [json.loads(line) for line in json_text.lines(batch).to_pylist()] == [
        {"f": 80, "b": True, "i": 3, "t": "2026-11-21T09:58:28Z"},
        {"f": None, "b": False, "i": None, "t": None},
        {"f": 0.1234, "b": None, "i": -4, "t": "1970-01-01T00:00:00Z"},
    ]


def test_numbers_that_json_does_not_know_are_null():
    """Standard readers refuse the whole line else."""
    batch = pa.RecordBatch.from_pydict({"n": [float("inf"), float("-inf"), float("nan"), 1.5]})
    assert json_text.lines(batch).to_pylist() == [*['{"n": null}'] * 3, '{"n": 1.5}']


def test_line_file_writes_slices_and_nothing(tmp_path):
    path = tmp_path / "x.csv"
    file = LineFile(path.open("wb"), csv_text.header(["文"]))
    lines = pa.array(["a", "坏", "", "d"], pa.large_string())
    file.write(lines.slice(1, 2))
    file.write(lines.slice(0, 0))
    file.close()
    assert path.read_bytes() == "\ufeff文\n坏\n\n".encode()
