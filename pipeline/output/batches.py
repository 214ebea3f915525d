"""pandas frames to Arrow record batches and back; rounding and regrouping on the way."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.output import layout


def to_batch(frame: pd.DataFrame) -> pa.RecordBatch:
    """`frame` as one record batch with the types of `layout.arrow_type`.

    NaN and NaT become null; an empty text cell is "" and never null.

    >>> to_batch(pd.DataFrame({"urgency": [80.0, None], "text": ["坏了", None]})).to_pylist()
    [{'urgency': 80.0, 'text': '坏了'}, {'urgency': None, 'text': ''}]
    """
    names = [str(name) for name in frame.columns]
    arrays = [_array(frame.iloc[:, i], name) for i, name in enumerate(names)]
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _array(column: pd.Series, name: str) -> pa.Array:
    array = pa.array(column, type=layout.arrow_type(name), from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_string(array.type):
        array = array.cast(pa.large_string())
    if array.null_count and pa.types.is_large_string(array.type):
        return pc.fill_null(array, "")
    return array


def to_frame(table: pa.Table) -> pd.DataFrame:
    """`table` as a pandas frame with the dtypes of `ticket.COLUMNS`, each column in one piece.

    Converts column by column and lets go of each Arrow column, so that memory holds the
    frame and one column more.
    """
    columns = {}
    for name in table.column_names:
        column = table.column(name).combine_chunks()
        table = table.drop_columns(name)
        columns[name] = pd.Series(column.to_pandas(types_mapper=_DTYPES.get))
    return pd.DataFrame(columns)


#: Text and whole numbers keep their pandas dtypes without a detour through Python objects.
_DTYPES = {pa.int64(): pd.Int64Dtype(), pa.large_string(): pd.StringDtype(na_value=np.nan)}


def rounded(batch: pa.RecordBatch) -> pa.RecordBatch:
    """`batch` with its numbers rounded as `layout.decimals` says."""
    arrays = list(batch.columns)
    for i, name in enumerate(batch.schema.names):
        digits = layout.decimals(name)
        if digits is not None:
            # Adding 0.0 turns -0.0 into 0.0, which would be written "-0".
            arrays[i] = pc.add(pc.round(arrays[i], digits), 0.0)
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def regroup(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in the same order, in batches of exactly `rows` (the last may be shorter).

    >>> one, two = (pa.RecordBatch.from_pydict({"n": n}) for n in ([1, 2, 3], [4, 5]))
    >>> [b.column("n").to_pylist() for b in regroup([one, two], 2)]
    [[1, 2], [3, 4], [5]]
    """
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        while count + batch.num_rows >= rows:
            head = batch.slice(0, rows - count)
            yield one_batch([*waiting, head])
            batch, waiting, count = batch.slice(head.num_rows), [], 0
        if batch.num_rows:
            waiting.append(batch)
            count += batch.num_rows
    if waiting:
        yield one_batch(waiting)


def one_batch(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """All rows of `batches` (at least one) in a single batch."""
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)
