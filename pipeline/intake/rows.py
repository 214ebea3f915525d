"""A raw row and an opened export: what every format comes down to."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

#: A title, a date and a filter may stand above the row of headers.
HEADER_WITHIN: Final = 20

#: Tells the row of headers from the title rows above it.
IsHeader = Callable[[Sequence[str]], bool]


class Row(NamedTuple):
    """One raw row of an export.

    `line` is the line where it starts (the row number in a sheet or Parquet file, from 1).
    `raw` is its text as it stands in the file, or empty where the format has none.
    `problem` says why it cannot be read, or is empty; `doubt` what may be wrong with a row that
    is read all the same.
    """

    line: int
    cells: Sequence[str]
    raw: str = ""
    problem: str = ""
    doubt: str = ""


class Table(NamedTuple):
    """An opened export. `rows()` reads it from the start, each time it is called."""

    path: Path
    format: str
    headers: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]
    encoding: str = ""
    delimiter: str = ""


def header_place(begin: Sequence[Row], is_header: IsHeader) -> int:
    """Index of the row of headers: the first that looks like one, else the first."""
    return next((i for i, row in enumerate(begin) if is_header(row.cells)), 0)


def cell_text(value: Any) -> str:
    """Return a typed cell as the text an export would have: no ``.0`` behind whole numbers.

    >>> [cell_text(value) for value in (None, True, 543571308274.0, datetime(2026, 11, 4))]
    ['', 'true', '543571308274', '2026-11-04T00:00:00']
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value:
            return ""
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, list) and not any(isinstance(x, dict | list) for x in value):
        return ", ".join(map(cell_text, value))
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
