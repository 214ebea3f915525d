"""An Excel workbook, written row by row in bounded memory.

Text stays text: never a formula, a link or a number. Times are dates in UTC. A sheet holds at most
1,048,576 rows, so long tables continue on further sheets.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa

from pipeline.output.json_text import finite

#: Excel's limit, header included.
_ROWS: Final = 1_048_576
#: Excel's limit for one cell, in UTF-16 units.
_CELL: Final = 32_767
#: Excel knows no earlier day.
_FIRST_DAY: Final = datetime(1900, 1, 1)
#: Files must be the same for the same tickets, so the moment of writing is not in them.
_CREATED: Final = datetime(2000, 1, 1)

_WORKBOOK: Final = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_RED: Final = ("#F8CBC6", "#6B0F08")
_ORANGE: Final = ("#FCE2BF", "#5C3A00")
_GREEN: Final = ("#E2EFDA", "#1E4620")
_GREY: Final = ("#EDEDED", "#3B3B3B")
_LEVELS: Final = {"critical": _RED, "high": _ORANGE, "normal": _GREEN, "low": _GREY}
#: Column and value: background and text colour, dark enough on light for a contrast of 7 to 1.
_COLOURS: Final = {
    "urgency_level": _LEVELS,
    "highest_level": _LEVELS,
    "sla_state": {"breached": _RED, "missed": _RED, "at_risk": _ORANGE, "met": _GREEN},
}
_HEAD: Final = {"bold": True, "bottom": 1, "bg_color": "#DCE6F2", "valign": "top"}
#: Characters; the rest are 14 wide.
_WIDTHS: Final = {
    "rank": 7,
    "priority": 8,
    "ticket_id": 16,
    "created_at": 19,
    "first_response_due_at": 19,
    "resolution_due_at": 19,
    "next_step_due_at": 19,
    "first_response_at": 19,
    "resolved_at": 19,
    "follow_up_by": 19,
    "reason": 20,
    "team": 20,
    "keywords": 30,
    "missing_information": 30,
    "priority_parts": 40,
    "suggested_action": 40,
    "explanation": 60,
    "text": 80,
    "raw": 80,
}


class XlsxFile:
    """Appends batches of rows to a workbook."""

    def __init__(
        self, path: Path, columns: Sequence[str], *, sheet: str, rows_per_sheet: int = _ROWS
    ) -> None:
        from xlsxwriter import Workbook

        # The writer parks rows in files of its own; on the disk that must hold the result anyway.
        self._parked = TemporaryDirectory(prefix=".xlsx-", suffix=".part", dir=path.parent)
        self._book = Workbook(str(path), {**_WORKBOOK, "tmpdir": self._parked.name})
        self._book.set_properties({"created": _CREATED})
        self._columns = list(columns)
        self._name, self._limit, self._sheets = sheet, rows_per_sheet, 0
        self._head = self._book.add_format(_HEAD)
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        paints = {
            pair: self._book.add_format({"bg_color": pair[0], "font_color": pair[1]})
            for pair in (_RED, _ORANGE, _GREEN, _GREY)
        }
        self._colours = {
            column: {value: paints[pair] for value, pair in values.items()}
            for column, values in _COLOURS.items()
        }
        self._start_sheet()

    def write(self, batch: pa.RecordBatch) -> None:
        """Append the rows of `batch`, which has the columns of this workbook in order."""
        columns = [_python(column) for column in batch.columns]
        writers = [self._writer(field) for field in batch.schema]
        for row in zip(*columns, strict=True):
            if self._row >= self._limit:
                self._end_sheet()
                self._start_sheet()
            for at, (value, write) in enumerate(zip(row, writers, strict=True)):
                if value is not None and value != "":
                    write(self._row, at, value)
            self._row += 1

    def close(self) -> None:
        """Finish the last sheet and write the file.

        :raises OSError: The file cannot be written.
        """
        from xlsxwriter.exceptions import XlsxFileError

        self._end_sheet()
        try:
            self._book.close()
        except XlsxFileError as error:
            raise OSError(str(error)) from error
        self._parked.cleanup()

    def _start_sheet(self) -> None:
        self._sheets += 1
        name = self._name if self._sheets == 1 else f"{self._name} {self._sheets}"
        self._sheet = self._book.add_worksheet(name)
        self._sheet.freeze_panes(1, 0)
        # On paper: sideways, all columns on one page, the header on each.
        self._sheet.set_landscape()
        self._sheet.fit_to_pages(1, 0)
        self._sheet.repeat_rows(0)
        for at, column in enumerate(self._columns):
            self._sheet.set_column(at, at, _WIDTHS.get(column, 14))
        for at, column in enumerate(self._columns):
            self._sheet.write_string(0, at, column, self._head)
        self._row = 1

    def _end_sheet(self) -> None:
        # An order number is text on purpose; no warning in every cell of it.
        from xlsxwriter.utility import xl_rowcol_to_cell

        last = xl_rowcol_to_cell(max(self._row - 1, 1), len(self._columns) - 1)
        self._sheet.ignore_errors({"number_stored_as_text": f"A1:{last}"})
        self._sheet.autofilter(0, 0, self._row - 1, len(self._columns) - 1)

    def _writer(self, field: pa.Field) -> Callable[[int, int, Any], None]:
        if field.name in self._colours:
            return partial(self._write_coloured, self._colours[field.name])
        if pa.types.is_timestamp(field.type):
            return self._write_time
        if pa.types.is_boolean(field.type):
            return lambda row, at, value: self._sheet.write_boolean(row, at, value)
        if pa.types.is_large_string(field.type):
            return lambda row, at, value: self._sheet.write_string(row, at, _fitting(value))
        return lambda row, at, value: self._sheet.write_number(row, at, value)

    def _write_coloured(self, colours: Mapping[str, Any], row: int, at: int, value: str) -> None:
        self._sheet.write_string(row, at, _fitting(value), colours.get(value))

    def _write_time(self, row: int, at: int, value: datetime) -> None:
        if value < _FIRST_DAY:
            self._sheet.write_string(row, at, f"{value:%Y-%m-%dT%H:%M:%SZ}")
        else:
            self._sheet.write_datetime(row, at, value, self._time)


def _python(column: pa.Array) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        # Excel has no time zones: UTC wall time, whole seconds.
        column = column.cast(pa.timestamp("s"), safe=False)
    return finite(column).to_pylist()


def _fitting(text: str) -> str:
    """`text`, cut where Excel would call the file damaged.

    >>> _fitting("坏了"), len(_fitting("x" * 40_000)), len(_fitting("😡" * 40_000))
    ('坏了', 32767, 16384)
    """
    if len(text) <= _CELL // 2:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * _CELL:
        return text
    return units[: 2 * (_CELL - 1)].decode("utf-16-le", errors="ignore") + "…"
