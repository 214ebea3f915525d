"""Scored batches parked on disk until the whole set is known.

Rank and incident need every ticket, so nothing can be written while batches are still coming.
Each batch is one Arrow IPC file. A batch counts as done when its file has its final name, so
several processes may write at once (one process for each number) and a killed run can see
what it has.

Only files of our own names are ever removed from the folder.
"""

import contextlib
import os
import re
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
from pipeline.output.atomic import DRAFTS, cannot_write
from pipeline.output.batches import to_batch, to_frame

#: Halves the disk space for about 1 µs a row (measured on rows of 45 columns, 200 characters).
_COMPRESSION: Final = "lz4"

#: Says which run the spool belongs to; the engine writes it before the first batch.
MANIFEST: Final = "run.json"
#: Where the queue is sorted.
SORTING: Final = "queue"

_BATCH: Final = re.compile(r"batch-(\d{6}|[1-9]\d{6,})\.arrow")
#: Batches, and drafts of them or of the manifest with the number of the process.
_OWN_FILE: Final = re.compile(
    r"(?:batch|rejected)-\d{6,}(?:\.arrow|(?:\.\d+)?\.part)"
    rf"|{re.escape(MANIFEST)}(?:\.\d+)?\.part"
)


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
        """An empty spool in `folder`; the batches of an earlier run are removed.

        :raises OutputError: The folder cannot be made, or is not of this program.
        """
        _refuse_foreign(folder)
        try:
            _clear(folder)
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from error
        return cls(folder)

    def note(self, manifest: str) -> None:
        """Write down which run this spool belongs to.

        :raises OutputError: The disk is full or the folder is gone.
        """
        draft = self.folder / f"{MANIFEST}.{os.getpid()}.part"
        try:
            draft.write_text(manifest, encoding="utf-8")
            draft.replace(self.folder / MANIFEST)
        except OSError as error:
            raise cannot_write(self.folder, error) from error

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
        found = map(_BATCH.fullmatch, _names(self.folder))
        return sorted(int(match[1]) for match in found if match)

    def drop_damaged(self) -> list[int]:
        """Forget the batches that cannot be read in full, so that they are done again.

        A machine that lost its power leaves files that are empty or cut short under their
        final names. Returns the numbers of those batches.
        """
        damaged = []
        for number in self.numbers():
            paths = [self._path("batch", number), self._path("rejected", number)]
            if not all(_is_readable(path) for path in paths if path.exists()):
                damaged.append(number)
                for path in paths:
                    path.unlink(missing_ok=True)
        return damaged

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
        paths = [self._path("rejected", number) for number in self.numbers()]
        return _load_all([path for path in paths if path.exists()])

    @property
    def counts(self) -> Counts:
        """How many rows are parked (reads one narrow column)."""
        accepted = sum(b.num_rows for p in self._batch_paths() for b in _load(p, ["status"]))
        rejected = sum(b.num_rows for b in self.rejected())
        return Counts(accepted, rejected)

    def remove(self) -> None:
        """Delete the spool; its rows are in the output files now."""
        # What cannot be removed does no harm: the results are complete.
        with contextlib.suppress(OSError):
            _clear(self.folder)
            self.folder.rmdir()

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


def _names(folder: Path) -> list[str]:
    """All names in `folder`, in order; none when there is no such folder."""
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _refuse_foreign(folder: Path) -> None:
    """Refuse to work in a folder that someone else made.

    :raises OutputError: `folder` is a link or a file, or holds things but no run of ours.
    """
    names = _names(folder)
    ours = any(name == MANIFEST or _BATCH.fullmatch(name) for name in names)
    # A run that was killed at its very start leaves nothing, or a draft of its manifest.
    unknown = [name for name in names if not _OWN_FILE.fullmatch(name)]
    is_folder = folder.is_dir() and not folder.is_symlink()
    if (os.path.lexists(folder) and not is_folder) or (unknown and not ours):
        held = f" (it holds {unknown[0]})" if unknown else ""
        raise OutputError(
            f"{folder} was not made by this program{held}. Rename it or give another --out."
        )


def _clear(folder: Path) -> None:
    """Remove what runs of this program leave in `folder`, the manifest last."""
    names = _names(folder)
    for name in names:
        path = folder / name
        if path.is_dir() and (name == SORTING or name.startswith(DRAFTS)):
            shutil.rmtree(path, ignore_errors=True)
        elif _OWN_FILE.fullmatch(name):
            path.unlink(missing_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)


def _save(batch: pa.RecordBatch, path: Path) -> None:
    # A worker that outlived its killed run may still be writing the same batch.
    draft = path.with_suffix(f".{os.getpid()}.part")
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


def _is_readable(path: Path) -> bool:
    try:
        for batch in _load(path):
            batch.validate(full=True)
    except (pa.ArrowInvalid, OSError):  # pyarrow's read errors are OSErrors
        return False
    return True


def _load_all(
    paths: Iterable[Path], columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    for path in paths:
        yield from _load(path, columns)
