"""A Parquet file with real types (text, numbers, booleans, UTC times)."""

from pathlib import Path

import pyarrow as pa


class ParquetFile:
    """Appends batches; each becomes one row group."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        from pyarrow import parquet

        self._writer = parquet.ParquetWriter(path, schema, compression="zstd")

    def write(self, batch: pa.RecordBatch) -> None:
        """Append `batch`, which has the schema of this file."""
        self._writer.write_batch(batch)

    def close(self) -> None:
        """Write the footer and close."""
        self._writer.close()
