"""Raw rows become columns of cells; rows that cannot are set aside."""

import re
from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.intake.plan import Plan
from pipeline.intake.rows import Row
from pipeline.rules.columns import SUBJECT

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")

#: Rows set aside, each with the reason.
Rejected = list[tuple[Row, str]]


def gather(rows: Sequence[Row], plan: Plan) -> tuple[pa.Table, list[Row], Rejected]:
    """Return the cells of the sound rows, by field; the sound rows; the others."""
    sound, rejected = _whole_rows(rows, len(plan.table.headers))
    try:
        return _columns(sound, plan), sound, rejected
    except UnicodeEncodeError:  # Arrow does not take the surrogates of unreadable bytes
        sound, unreadable = _readable_rows(sound, plan.table.encoding)
        return _columns(sound, plan), sound, rejected + unreadable


def _whole_rows(rows: Sequence[Row], width: int) -> tuple[list[Row], Rejected]:
    """Rows that have a cell for each header; empty cells to the right of them do no harm."""
    sound: list[Row] = []
    rejected: Rejected = []
    for row in rows:
        count = len(row.cells)
        if row.problem:
            rejected.append((row, row.problem))
        elif count == width or (count > width and not any(row.cells[width:])):
            sound.append(row)
        else:
            size = "short" if count < width else "long"
            rejected.append((row, f"{size} row: {count} cells under {width} headers"))
    return sound, rejected


def _readable_rows(rows: Sequence[Row], encoding: str) -> tuple[list[Row], Rejected]:
    r"""Rows without unreadable bytes; half characters that JSON spelled (``\ud83d``) become �."""
    sound: list[Row] = []
    rejected: Rejected = []
    for row in rows:
        text = row.raw or "".join(row.cells)
        broken = _LONE_SURROGATE.search(text)
        if broken is not None:
            before = len(text[: broken.start()].encode(encoding or "utf-8"))
            byte = ord(broken[0]) & 0xFF
            rejected.append(
                (row, f"unreadable bytes: 0x{byte:02x} at byte {before + 1} of the row")
            )
        else:
            whole = [_LONE_SURROGATE.sub("\ufffd", cell) for cell in row.cells]
            sound.append(row._replace(cells=whole))
    return sound, rejected


def _columns(rows: Sequence[Row], plan: Plan) -> pa.Table:
    """Cells by field: those of the file, the subject joined to the text."""
    by_place = list(zip(*(row.cells for row in rows), strict=False))
    lists = {name: by_place[place] if rows else () for name, place in plan.places.items()}
    subject, body = lists.pop(SUBJECT, None), lists.get("text")
    if subject is not None:
        lists["text"] = tuple(map(join, subject, body)) if body is not None else subject
    lists.setdefault("text", ())  # of a file that is empty
    return pa.table(
        {name: _tidy(pa.array(cells, pa.large_string()), name) for name, cells in lists.items()}
    )


def join(subject: str, body: str) -> str:
    r"""Return the subject, a new line and the body; the body alone when it repeats the subject.

    >>> join("Late", "Where is it?"), join("Where is...", "Where is it?"), join("", "Lost")
    ('Late\nWhere is it?', 'Where is it?', 'Lost')
    """
    start = subject.strip().rstrip(".…").rstrip()
    if body.lstrip().startswith(start):
        return body
    return f"{subject}\n{body}" if body.strip() else subject


def _tidy(column: pa.Array, name: str) -> pa.Array:
    """Cells without NUL characters, and without white space around them unless they are text."""
    if pc.any(pc.match_substring(column, "\x00")).as_py():
        column = pc.replace_substring(column, "\x00", "")
    return column if name == "text" else pc.utf8_trim_whitespace(column)
