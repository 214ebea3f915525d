"""Read back what a run wrote: its summary and its tickets, as they were before writing."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import ticket
from pipeline.errors import OutputError
from pipeline.output import layout
from pipeline.output.atomic import SUMMARY
from pipeline.output.batches import to_frame
from pipeline.output.csv_text import without_apostrophe

#: Formats of triaged.* that can be read back, the most exact first.
READABLE: Final = ("parquet", "jsonl", "csv")
_READ_AT_ONCE: Final = 1 << 24  # bytes: no row is longer, for intake refuses larger cells


def read_summary(out: Path) -> dict[str, Any]:
    """Return the summary.json of the run in `out`.

    :raises OutputError: There is no complete run in `out`.
    """
    try:
        found = json.loads((out / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise OutputError(
            f"{out} holds no complete run: its {SUMMARY} is missing or damaged. "
            "Give the --out folder of a run of classify."
        )
    return found


def read_triaged(out: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the tickets of the run in `out`, with the dtypes of `ticket.COLUMNS`.

    Numbers are as rounded in the file, and times are whole seconds. An empty text cell is "".

    :param columns: Which to read (None: all).
    :raises OutputError: `out` holds no triaged.* that can be read, or a column is not in it.
    """
    path = next((p for form in READABLE if (p := out / f"triaged.{form}").is_file()), None)
    if path is None:
        raise OutputError(
            f"{out} has no triaged.csv, triaged.jsonl or triaged.parquet. "
            "Give the --out folder of a run of classify, made with one of these formats."
        )
    try:
        table = _READERS[path.suffix](path)
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise OutputError(f"{path} cannot be read: {reason}. Run classify again.") from error
    lacking = [name for name in columns or () if name not in table.column_names]
    if lacking:
        raise OutputError(
            f"{path} has no column {lacking[0]!r}: an older version wrote it. Run classify again."
        )
    if columns is not None:
        table = table.select(list(columns))
    return _typed(to_frame(table))


def _read_csv(path: Path) -> pa.Table:
    from pyarrow import csv

    parse = csv.ParseOptions(newlines_in_values=True)
    with path.open("rb") as file:
        names = csv.open_csv(file, csv.ReadOptions(block_size=_READ_AT_ONCE), parse).schema.names
    types = {name: layout.arrow_type(name) or pa.large_string() for name in names}
    options = csv.ConvertOptions(column_types=types, strings_can_be_null=False, null_values=[""])
    table = csv.read_csv(path, csv.ReadOptions(block_size=_READ_AT_ONCE), parse, options)
    for place, name in enumerate(names):
        if pa.types.is_large_string(types[name]):
            table = table.set_column(place, name, without_apostrophe(table.column(name)))
    return table


def _read_jsonl(path: Path) -> pa.Table:
    from pyarrow import json as arrow_json

    rows = arrow_json.read_json(path, arrow_json.ReadOptions(block_size=_READ_AT_ONCE))
    arrays = [_cast(rows.column(name), layout.arrow_type(name)) for name in rows.column_names]
    return pa.table(arrays, names=rows.column_names)


def _cast(column: pa.ChunkedArray, wanted: pa.DataType | None) -> pa.ChunkedArray:
    if wanted is None or column.type == wanted:
        return column
    if pa.types.is_timestamp(wanted) and pa.types.is_string(column.type):
        naive = pc.replace_substring(column, "Z", "")
        return pc.assume_timezone(pc.cast(naive, pa.timestamp("us")), "UTC")
    return column.cast(wanted)


def _read_parquet(path: Path) -> pa.Table:
    from pyarrow import parquet

    return parquet.read_table(path)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with the dtypes of the contract, whatever its file could not say."""
    for name in frame.columns:
        dtype = ticket.BY_NAME[name].dtype if name in ticket.BY_NAME else None
        if dtype == "str":
            frame[name] = frame[name].fillna("").astype("str")
        elif dtype == "bool":
            frame[name] = np.asarray(frame[name].fillna(False), bool)
        elif dtype is not None and frame[name].dtype != dtype:
            frame[name] = frame[name].astype(dtype)  # type: ignore[call-overload]
    return frame


_READERS: Final = {".csv": _read_csv, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
