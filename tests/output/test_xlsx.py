"""Workbooks: text stays text, dates are dates, long tables and cells fit."""

from datetime import datetime

import openpyxl
import pyarrow as pa
import pytest

from pipeline.output import write_all
from pipeline.output.xlsx_file import XlsxFile


@pytest.fixture
def frame(tickets):
    return tickets(24)


@pytest.fixture
def book(tmp_path, spooled, frame, arranged, info):
    write_all(
        tmp_path / "s", spooled(frame), arranged(frame), formats=["csv", "xlsx"], summary_info=info
    )
    return openpyxl.load_workbook(tmp_path / "s" / "triaged.xlsx")


def test_cells_have_their_types_and_no_cell_is_a_formula_or_a_link(book, frame):
    sheet = book["tickets"]
    head = {cell.value: cell.column - 1 for cell in sheet[1]}
    rows = list(sheet.iter_rows(min_row=2))
    assert [row[head["text"]].value or "" for row in rows] == list(frame["text"])
    assert not any(cell.data_type == "f" or cell.hyperlink for row in rows for cell in row)
    created = [row[head["created_at"]] for row in rows]
    assert all(cell.is_date for cell in created if cell.value is not None)
    assert isinstance(created[0].value, datetime)
    assert isinstance(rows[0][head["urgency"]].value, float)
    assert rows[0][head["needs_review"]].value is False
    colours = {
        row[head["urgency_level"]].value: row[head["urgency_level"]].fill.fgColor.rgb
        for row in rows
    }
    assert len(set(colours.values())) == 4


def test_deadlines_have_colours_and_every_time_is_a_date(book, frame):
    """Text on colour can be read: 7 to 1, WCAG 2.2 AAA."""
    sheet = book["tickets"]
    head = {cell.value: cell.column for cell in sheet[1]}
    pairs = {
        (cell.fill.fgColor.rgb, cell.font.color.rgb)
        for name in ("urgency_level", "sla_state")
        for (cell,) in sheet.iter_rows(min_row=2, min_col=head[name], max_col=head[name])
        if cell.fill.fill_type
    }
    assert len(pairs) == 4
    assert all(_contrast(*pair) >= 7 for pair in pairs)
    for name in [name for name in head if name.endswith("_at")]:
        cells = [cell for (cell,) in sheet.iter_rows(2, None, head[name], head[name])]
        known = frame[name].notna() if name in frame else [False] * len(cells)
        assert [cell.is_date for cell in cells if cell.value is not None] == [True] * sum(known)


def _contrast(one: str, two: str) -> float:
    """Of two ARGB colours, as WCAG has it."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (2, 4, 6)]
        red, green, blue = (
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    a, b = sorted((light(one), light(two)))
    return (b + 0.05) / (a + 0.05)


def test_print_set_up(book):
    sheet = book["tickets"]
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.page_setup.fitToHeight == 0


def test_header_is_frozen_and_filtered(book):
    sheet = book["tickets"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:{sheet.cell(1, sheet.max_column).coordinate[:-1]}25"


def test_lists_are_workbooks_too(book, tmp_path):
    names = {path.name for path in (tmp_path / "s").rglob("*.xlsx")}
    assert names >= {"queue.xlsx", "review.xlsx", "followup.xlsx", "rejected.xlsx", "物流组.xlsx"}
    sheet = openpyxl.load_workbook(tmp_path / "s" / "queue.xlsx").active
    # of 7 statuses in turn 5 are open: 18 of 24 tickets
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == list(range(1, 19))


def test_long_tables_go_on_and_long_cells_are_cut(tmp_path):
    path = tmp_path / "x.xlsx"
    file = XlsxFile(path, ["text", "created_at"], sheet="tickets", rows_per_sheet=3)
    old = datetime(1850, 5, 6, 7, 8, 9)
    rows = pa.RecordBatch.from_arrays(
        [
            pa.array(
                ["坏" * 40_000, "=1", "http://example.org", "\x00\x1b", "e"], pa.large_string()
            ),
            pa.array([old, None, None, None, None], pa.timestamp("us", "UTC")),
        ],
        names=["text", "created_at"],
    )
    file.write(rows)
    file.close()
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["tickets", "tickets 2", "tickets 3"]
    first = book["tickets"]
    assert first["A2"].value == "坏" * 32_766 + "…"
    assert first["B2"].value == "1850-05-06T07:08:09Z"
    assert first["A3"].value == "=1"
    assert [sheet["A1"].value for sheet in book] == ["text"] * 3


def test_numbers_that_excel_does_not_know_are_empty_cells(tmp_path):
    """The writer stopped the whole run at the first of them."""
    path = tmp_path / "x.xlsx"
    file = XlsxFile(path, ["order_value"], sheet="tickets")
    numbers = [float("inf"), float("-inf"), float("nan"), 1.5]
    file.write(pa.RecordBatch.from_pydict({"order_value": numbers}))
    file.close()
    rows = openpyxl.load_workbook(path)["tickets"].iter_rows(min_row=2, values_only=True)
    # empty rows at the top are read as such, for the fourth has a cell
    assert list(rows) == [(None,), (None,), (None,), (1.5,)]
