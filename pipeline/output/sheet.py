"""One output table, written in all of its formats at once."""

from collections.abc import Callable, Sequence
from typing import IO, Final, Protocol

import pyarrow as pa

from pipeline.output import csv_text, json_text, layout
from pipeline.output.atomic import Drafts
from pipeline.output.line_file import LineFile
from pipeline.output.parquet_file import ParquetFile
from pipeline.output.xlsx_file import XlsxFile


class _File(Protocol):
    """Takes typed rows."""

    def write(self, batch: pa.RecordBatch, /) -> None: ...
    def close(self) -> None: ...


class _JsonlFile:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = LineFile(file)

    def write(self, batch: pa.RecordBatch) -> None:
        self._file.write(json_text.lines(batch))

    def close(self) -> None:
        self._file.close()


#: Format: opens its file. A new format is a row here and in `layout.FORMATS`.
_OPEN: Final[dict[str, Callable[[Drafts, str, Sequence[str]], _File]]] = {
    "jsonl": lambda drafts, name, columns: _JsonlFile(drafts.open(name)),
    "parquet": lambda drafts, name, columns: ParquetFile(drafts.path(name), layout.schema(columns)),
    "xlsx": lambda drafts, name, columns: XlsxFile(drafts.path(name), columns, sheet="tickets"),
}


class Sheet:
    """The table `name` with `columns`, as `name`.csv, `name`.xlsx ..."""

    def __init__(
        self, drafts: Drafts, name: str, columns: Sequence[str], formats: Sequence[str]
    ) -> None:
        self._columns = list(columns)
        self._csv: LineFile | None = None
        if "csv" in formats:
            self._csv = LineFile(drafts.open(f"{name}.csv"), csv_text.header(columns))
        self._files = [
            _OPEN[form](drafts, f"{name}.{form}", columns) for form in formats if form != "csv"
        ]

    def write(
        self, batch: pa.RecordBatch, cells: pa.RecordBatch, keep: pa.Array | None = None
    ) -> None:
        """Append the rows of `batch` that `keep` marks; `cells` are the same rows for CSV."""
        lines = None
        if self._csv:
            lines = csv_text.lines(_chosen(cells, self._columns, keep), self._columns)
        typed = _chosen(batch, self._columns, keep) if self._files else None
        self.write_lines(lines, typed)

    def write_lines(self, lines: pa.Array | None, typed: pa.RecordBatch | None) -> None:
        """Append rows that are rendered already, and the same rows typed for other formats."""
        if self._csv and lines is not None:
            self._csv.write(lines)
        for file in self._files:
            file.write(typed)

    def close(self) -> None:
        """Finish all files."""
        for file in [self._csv, *self._files]:
            if file is not None:
                file.close()


def _chosen(batch: pa.RecordBatch, columns: Sequence[str], keep: pa.Array | None) -> pa.RecordBatch:
    batch = batch.select(list(columns))
    return batch if keep is None else batch.filter(keep)
