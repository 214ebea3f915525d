"""Sort any number of rows by rank in bounded memory.

A distribution sort: ranks are 1..n without gaps, so the file that a row belongs to is known at
once, and each file is small enough to be sorted in memory.
"""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.output.batches import one_batch

#: Rows sorted in memory at once: about 20 MB of queue lines, several times over.
BUCKET_ROWS: Final = 20_000
#: Files open at the same time; beyond 10 million rows the buckets grow instead.
BUCKETS_AT_MOST: Final = 200


class RankSort:
    """Takes batches in any order, gives their rows back by `rank`."""

    def __init__(self, folder: Path, rows: int, *, bucket_rows: int | None = None) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._folder = folder
        self._size = max(bucket_rows or BUCKET_ROWS, -(-rows // BUCKETS_AT_MOST))
        self._writers: dict[int, pa.RecordBatchStreamWriter] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Take in rows; the column `rank` holds whole numbers from 1, never null."""
        ordered = batch.take(pc.sort_indices(batch.column("rank")))
        buckets = (ordered.column("rank").to_numpy() - 1) // self._size
        edges = np.flatnonzero(np.diff(buckets, prepend=-1, append=-1))
        for start, end in itertools.pairwise(edges):
            piece = ordered.slice(start, end - start)
            self._writer(int(buckets[start]), batch.schema).write_batch(piece)

    def sorted(self) -> Iterator[pa.RecordBatch]:
        """All rows by rank, bucket by bucket; the rows are then gone from disk."""
        for writer in self._writers.values():
            writer.close()
        for bucket in sorted(self._writers):
            with pa.OSFile(str(self._path(bucket))) as file, pa.ipc.open_stream(file) as reader:
                rows = one_batch(list(reader))
            self._path(bucket).unlink()
            yield rows.take(pc.sort_indices(rows.column("rank")))
        shutil.rmtree(self._folder, ignore_errors=True)

    def _writer(self, bucket: int, schema: pa.Schema) -> pa.RecordBatchStreamWriter:
        if bucket not in self._writers:
            self._writers[bucket] = pa.ipc.new_stream(str(self._path(bucket)), schema)
        return self._writers[bucket]

    def _path(self, bucket: int) -> Path:
        return self._folder / f"bucket-{bucket:06d}.arrow"
