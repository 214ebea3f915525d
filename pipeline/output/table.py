"""A small table as one CSV file, in the dialect of all our files."""

import pandas as pd
import pyarrow as pa

from pipeline.output import csv_text


def to_csv(table: pd.DataFrame) -> bytes:
    """Return the table as CSV that spreadsheets of any country open, and run nothing of.

    >>> to_csv(pd.DataFrame({"text": ["=1+1"], "n": [1]})).decode("utf-8-sig")
    "text,n\\n'=1+1,1\\n"
    """
    batch = pa.RecordBatch.from_pandas(table, preserve_index=False)
    columns = batch.schema.names
    large = pa.schema(
        [
            pa.field(f.name, pa.large_string() if pa.types.is_string(f.type) else f.type)
            for f in batch.schema
        ]
    )
    lines = csv_text.lines(csv_text.cells(batch.cast(large)), columns).to_pylist()
    return ("\n".join([csv_text.header(columns), *lines]) + "\n").encode()
