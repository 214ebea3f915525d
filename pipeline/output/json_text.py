"""Rows to JSON Lines, for whole batches at once."""

import json

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.output.csv_text import iso_time

#: The only characters that JSON does not take as they are.
_SPECIAL = r'["\\\x00-\x1f]'


def lines(batch: pa.RecordBatch) -> pa.Array:
    """One JSON object (no line end) for each row; missing values are null, times ISO 8601.

    JSON has no word for infinite numbers and NaN: they are null too.

    >>> batch = pa.RecordBatch.from_pydict({"text": ["坏\\n了"], "n": [None], "ok": [True]})
    >>> print(lines(batch)[0])
    {"text": "坏\\n了", "n": null, "ok": true}
    """
    parts: list[pa.Array | pa.Scalar] = []
    for i, (name, column) in enumerate(zip(batch.schema.names, batch.columns, strict=True)):
        parts += [_text(("{" if i == 0 else ", ") + json.dumps(name) + ": "), _values(column)]
    return pc.binary_join_element_wise(*parts, _text("}"), _text(""))


def _text(value: str) -> pa.Scalar:
    return pa.scalar(value, pa.large_string())


def _values(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        written = _wrapped(iso_time(column))
    elif _is_text(column.type):
        written = _escaped(column.cast(pa.large_string()))
    else:
        written = pc.cast(finite(column), pa.large_string())
    return pc.fill_null(written, "null")


def finite(column: pa.Array) -> pa.Array:
    """`column` with null in place of NaN and infinite numbers.

    >>> finite(pa.array([0.5, float("inf"), float("nan")])).to_pylist()
    [0.5, None, None]
    """
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))


def _escaped(column: pa.Array) -> pa.Array:
    wrapped = _wrapped(column)
    special = pc.fill_null(pc.match_substring_regex(column, _SPECIAL), False)
    if not pc.any(special).as_py():
        return wrapped
    rest = [json.dumps(text, ensure_ascii=False) for text in column.filter(special).to_pylist()]
    return pc.replace_with_mask(wrapped, special, pa.array(rest, pa.large_string()))


def _wrapped(column: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(_text('"'), column, _text('"'), _text(""))


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
