"""Scored batches parked on disk until the whole set is known.

Rank and incident need every ticket, so nothing can be written while batches are still coming.
Each batch is one Arrow IPC file. A batch counts as done when its file has its final name, so
several processes may write at once (one process for each number) and a killed run can see
what it has.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd
import pyarrow as pa

from pipeline import ticket
from pipeline.errors import OutputError
from pipeline.output import layout
from pipeline.output.atomic import cannot_write
from pipeline.output.batches import to_batch, to_frame

#: Halves the disk space for about 1 µs a row (measured on rows of 45 columns, 200 characters).
_COMPRESSION: Final = "lz4"


class Counts(NamedTuple):
    """Rows in a spool."""

    accepted: int
    rejected: int


@dataclass(frozen=True)
class Spool:
    """A folder of numbered batches; cheap to copy to another process."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> "Spool":
        """An empty spool in `folder`; what was there is removed.

        :raises OutputError: The folder cannot be made.
        """
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise cannot_write(folder, error) from error
        return cls(folder)

    def write(
        self, number: int, tickets: pd.DataFrame, rejected: pd.DataFrame | None = None
    ) -> None:
        """Park batch `number` (0 or more; no gaps in the end) and the rows it rejected.

        :raises OutputError: The disk is full or the folder is gone.
        """
        try:
            # The tickets come last: their file says that the batch is complete.
            if rejected is not None and len(rejected):
                _save(to_batch(rejected), self._path("rejected", number))
            _save(to_batch(tickets), self._path("batch", number))
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    def numbers(self) -> list[int]:
        """The batches that are complete, in order."""
        return sorted(int(path.stem.split("-")[1]) for path in self.folder.glob("batch-*.arrow"))

    def narrow(self, columns: Sequence[str]) -> pd.DataFrame:
        """Only `columns`, of all batches in order, in one frame: memory for the few columns."""
        parts = list(self.batches(columns))
        if not parts:
            parts = [pa.RecordBatch.from_pylist([], schema=layout.schema(columns))]
        return to_frame(pa.Table.from_batches(parts))

    @property
    def columns(self) -> list[str]:
        """The columns of the parked tickets; those of the contract when there is no batch."""
        paths = self._batch_paths()
        if not paths:
            return [column.name for column in ticket.COLUMNS]
        with pa.OSFile(str(paths[0])) as file:
            return list(pa.ipc.open_file(file).schema.names)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """All tickets with `columns` (None: all), batch by batch in order."""
        return _load_all(self._batch_paths(), columns)

    def rejected(self) -> Iterator[pa.RecordBatch]:
        """All rejected rows (file, line, reason, raw), batch by batch in order."""
        return _load_all(sorted(self.folder.glob("rejected-*.arrow"), key=_number))

    @property
    def counts(self) -> Counts:
        """How many rows are parked (reads one narrow column)."""
        accepted = sum(b.num_rows for p in self._batch_paths() for b in _load(p, ["status"]))
        rejected = sum(b.num_rows for b in self.rejected())
        return Counts(accepted, rejected)

    def remove(self) -> None:
        """Delete the spool; its rows are in the output files now."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, kind: str, number: int) -> Path:
        return self.folder / f"{kind}-{number:06d}.arrow"

    def _batch_paths(self) -> list[Path]:
        numbers = self.numbers()
        missing = set(range(numbers[0], numbers[-1])) - set(numbers) if numbers else set()
        if missing:
            raise OutputError(
                f"{self.folder} lacks batch {min(missing)} ({len(missing)} missing in all). "
                "Run again with --force instead of --resume."
            )
        return [self._path("batch", number) for number in numbers]


def _number(path: Path) -> int:
    return int(path.stem.split("-")[1])


def _save(batch: pa.RecordBatch, path: Path) -> None:
    draft = path.with_suffix(".part")
    options = pa.ipc.IpcWriteOptions(compression=_COMPRESSION)
    with pa.ipc.new_file(str(draft), batch.schema, options=options) as writer:
        writer.write_batch(batch)
    draft.replace(path)


def _load(path: Path, columns: Sequence[str] | None = None) -> list[pa.RecordBatch]:
    # Read, not memory-mapped: mapped pages would count as this process's memory.
    with pa.OSFile(str(path)) as file:
        reader = pa.ipc.open_file(file)
        if columns is not None:
            fields = [reader.schema.get_field_index(name) for name in columns]
            file.seek(0)
            options = pa.ipc.IpcReadOptions(included_fields=fields)
            reader = pa.ipc.open_file(file, options=options)
        batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
    return batches if columns is None else [batch.select(list(columns)) for batch in batches]


def _load_all(
    paths: Iterable[Path], columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    for path in paths:
        yield from _load(path, columns)
