"""Open xlsx and Parquet exports: typed cells become the text they stand for."""

import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from pipeline.errors import InputError
from pipeline.intake.rows import HEADER_WITHIN, IsHeader, Row, Table, cell_text, header_place
from pipeline.intake.streams import ESCAPE, read_all

_PARQUET_ROWS: Final = 4096


def open_xlsx(path: Path, is_header: IsHeader) -> Table:
    """The first sheet that has a header, else the first that is not blank; held in memory."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(read_all(path)))
        sheets = [book.get_sheet_by_name(name) for name in book.sheet_names]
    except (CalamineError, OSError) as error:
        raise InputError(f"{path} is not a readable xlsx file: {_one_line(error)}.") from error
    headed = [(sheet, row) for sheet in sheets if (row := _sheet_header(sheet, is_header))]
    if not headed:
        return Table(path, "xlsx", (), lambda: iter(()))
    sheet, header = next((pair for pair in headed if is_header(pair[1].cells)), headed[0])
    headers = tuple(cell.strip() for cell in header.cells)

    def rows() -> Iterator[Row]:
        return (row for row in _sheet_rows(sheet) if row.line > header.line)

    return Table(path, "xlsx", headers, rows)


def _sheet_header(sheet: Any, is_header: IsHeader) -> Row | None:
    begin = list(islice(_sheet_rows(sheet), HEADER_WITHIN))
    return begin[header_place(begin, is_header)] if begin else None


def _sheet_rows(sheet: Any) -> Iterator[Row]:
    """Rows of a sheet that are not blank, numbered as the spreadsheet shows them."""
    for number, values in enumerate(sheet.iter_rows(), start=1):
        cells = [cell_text(value) for value in values]
        if any(cells):
            yield Row(number, cells)


def open_parquet(path: Path) -> Table:
    """Nested columns are named with dots; rows are numbered from 1."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def opened() -> Any:
        plain = path if not path.name.lower().endswith(".gz") else pa.BufferReader(read_all(path))
        try:
            return pq.ParquetFile(plain)
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                f"{path} is not a readable Parquet file: {_one_line(error)}."
            ) from error

    def flat(table: Any) -> Any:
        while any(pa.types.is_struct(column.type) for column in table.schema):
            table = table.flatten()
        return table

    def batches() -> Iterator[Any]:
        try:
            yield from opened().iter_batches(batch_size=_PARQUET_ROWS)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{path} is damaged: {_one_line(error)}. Export it again.") from error

    def rows() -> Iterator[Row]:
        number = 0
        for batch in batches():
            columns = [
                [cell_text(value) for value in _python_values(column)]
                for column in flat(pa.Table.from_batches([batch])).columns
            ]
            for cells in zip(*columns, strict=True):
                number += 1
                yield Row(number, cells)

    headers = tuple(flat(opened().schema_arrow.empty_table()).column_names)
    return Table(path, "parquet", headers, rows)


def _python_values(column: Any) -> list[Any]:
    """Values of an Arrow column; those Python cannot hold, as text that shows it."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz:
        column = column.cast(pa.timestamp(kind.unit, "UTC"))  # its zone may be one nobody knows
    try:
        return list(column.to_pylist())
    except (pa.ArrowException, ValueError, OverflowError):
        return [_python_value(value) for value in column]


def _python_value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError as error:
        return error.object.decode("utf-8", ESCAPE)
    except (ValueError, OverflowError):  # of times: before the year 1 or after 9999
        return f"out of range: {getattr(scalar, 'value', '')}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
