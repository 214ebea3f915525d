"""An Excel workbook, written row by row in bounded memory.

Text stays text: never a formula, a link or a number. Times are dates in UTC. A sheet holds at most
1,048,576 rows, so long tables continue on further sheets.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
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
#: Level: background and text colour, dark enough on light for a contrast of 7 to 1.
_LEVELS: Final = {
    "critical": ("#F8CBC6", "#6B0F08"),
    "high": ("#FCE2BF", "#5C3A00"),
    "normal": ("#E2EFDA", "#1E4620"),
    "low": ("#EDEDED", "#3B3B3B"),
}
#: Characters; the rest are 14 wide.
_WIDTHS: Final = {"text": 80, "explanation": 60, "raw": 80, "suggested_action": 40, "reason": 20}


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
        self._head = self._book.add_format({"bold": True, "bottom": 1})
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._levels = {
            level: self._book.add_format({"bg_color": back, "font_color": front})
            for level, (back, front) in _LEVELS.items()
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
        for at, column in enumerate(self._columns):
            self._sheet.set_column(at, at, _WIDTHS.get(column, 14))
        for at, column in enumerate(self._columns):
            self._sheet.write_string(0, at, column, self._head)
        self._row = 1

    def _end_sheet(self) -> None:
        self._sheet.autofilter(0, 0, self._row - 1, len(self._columns) - 1)

    def _writer(self, field: pa.Field) -> Callable[[int, int, Any], None]:
        if field.name == "urgency_level":
            return self._write_level
        if pa.types.is_timestamp(field.type):
            return self._write_time
        if pa.types.is_boolean(field.type):
            return lambda row, at, value: self._sheet.write_boolean(row, at, value)
        if pa.types.is_large_string(field.type):
            return lambda row, at, value: self._sheet.write_string(row, at, _fitting(value))
        return lambda row, at, value: self._sheet.write_number(row, at, value)

    def _write_level(self, row: int, at: int, value: str) -> None:
        self._sheet.write_string(row, at, _fitting(value), self._levels.get(value))

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
