"""Cut the lines of a CSV file into records; one bad quote costs one line.

The csv module does the work on good stretches (strictly, so that it complains). Where it
complains, or a record of several lines has the wrong number of cells, the record is read again
with care (`_mend`): either leniently as it stands, or its first line is given up as an unclosed
quote and reading goes on with the next line.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Final

from pipeline.intake.rows import Row

#: A quoted cell may run over this many lines; beyond that its quote counts as unclosed.
MOST_LINES: Final = 1_000

#: Fewer columns than this and a line of prose can pass for a row.
_TELLING_WIDTH: Final = 3

#: In a narrow file, more lines than this behind a quote that ends wrongly are rows of their own.
_MOST_PROSE: Final = 20

_LONGEST_ID: Final = 40
_BLOCK: Final = 512
_CELL_LIMIT: Final = 2**31 - 1  # the largest the csv module takes on every platform
_END: Final = "\x00end of file\x00"
_LONE_CR: Final = "\uf00d"  # private use: stands in for a carriage return inside a cell


class _TooManyLinesError(Exception):
    """A record runs over `MOST_LINES`."""


class _Lines:
    """Physical lines; remembers those of the current record and takes lines back."""

    def __init__(self, source: Iterable[str]) -> None:
        self._source = iter(source)
        self._back: list[str] = []
        self.taken: list[str] = []
        self.number = 1  # of the first line of the current record

    def __iter__(self) -> Iterator[str]:
        while True:
            if len(self.taken) > MOST_LINES:
                raise _TooManyLinesError
            line = self._back.pop() if self._back else next(self._source, None)
            if line is None:
                return
            self.taken.append(line)
            yield line

    def keep(self, count: int) -> None:
        """Make the record `count` lines long and take the others back."""
        self._back.extend(reversed(self.taken[count:]))
        del self.taken[count:]

    def release(self) -> str:
        """End the record: return its text and go on to the next."""
        raw = self.taken[0] if len(self.taken) == 1 else "".join(self.taken)
        self.number += len(self.taken)
        self.taken = []
        return raw


def records(
    source: Iterable[str],
    delimiter: str,
    *,
    width: int = 0,
    damage: Callable[[], str] = str,
) -> Iterator[Row]:
    r"""Yield the records of CSV lines (with their line ends); blank ones are left out.

    :param width: Number of columns, 0 while it is not known (the header is being sought).
    :param damage: Asked at the end of the file: why it ends early, or nothing.

    >>> rows = list(records(["id,text\n", '1,"late,\n', 'again"\n', '2,"open\n', "3,ok\n"], ","))
    >>> [(row.line, list(row.cells), row.problem) for row in rows[1:3]]
    [(2, ['1', 'late,\nagain'], ''), (4, [], 'unclosed quote')]
    >>> rows[3].line, rows[3].cells
    (5, ['3', 'ok'])
    """
    lines = _Lines(source)
    while block := _read_block(lines, delimiter, width, damage):
        yield from block


def _read_block(lines: _Lines, delimiter: str, width: int, damage: Callable[[], str]) -> list[Row]:
    """Up to `_BLOCK` records; empty at the end of the file."""
    rows: list[Row] = []
    with _wide_cells():
        while len(rows) < _BLOCK:
            try:
                for cells in csv.reader(lines, delimiter=delimiter, strict=True):
                    if len(lines.taken) > 1 and width and len(cells) != width:
                        rows.append(_mend(lines, delimiter, width, damage))
                        break  # lines may have been taken back: start a new reader
                    row = Row(lines.number, cells, lines.release())
                    if cells and (cells[0] or any(cells)):
                        rows.append(row)
                    if len(rows) >= _BLOCK:
                        break
                else:
                    break
            except (csv.Error, _TooManyLinesError):
                rows.append(_mend(lines, delimiter, width, damage))
    return rows


def _mend(lines: _Lines, delimiter: str, width: int, damage: Callable[[], str]) -> Row:
    """Read again, with care, the record that begins at the first line taken."""
    lines.keep(0)
    number = lines.number
    cells, closed = _read_leniently(lines, delimiter)
    if not closed and damage():
        return Row(number, cells, lines.release())
    swallowed = lines.taken[1:]
    if not closed or _holds_rows(cells, swallowed, delimiter, width):
        lines.keep(1)
        return Row(number, (), lines.release(), "unclosed quote")
    narrow = swallowed and 0 < width < _TELLING_WIDTH
    last = number + len(swallowed)
    doubt = f"stray quotes in lines {number} to {last}, read as one ticket" if narrow else ""
    return Row(number, cells, lines.release(), doubt=doubt)


def _read_leniently(lines: _Lines, delimiter: str) -> tuple[list[str], bool]:
    """One record the way spreadsheets forgive it, and whether its quotes are closed."""
    shielded = (_shield(line) for line in lines)
    try:
        cells = next(csv.reader(chain(shielded, [_END]), delimiter=delimiter))
    except _TooManyLinesError:
        return [], False
    closed = not cells or not cells[-1].endswith(_END)
    return [cell.replace(_LONE_CR, "\r").removesuffix(_END) for cell in cells], closed


def _shield(line: str) -> str:
    body = line.removesuffix("\n").removesuffix("\r")
    return body.replace("\r", _LONE_CR) + line[len(body) :]


def _holds_rows(cells: Sequence[str], swallowed: Sequence[str], delimiter: str, width: int) -> bool:
    """True when lines that a quote swallowed are whole rows by themselves.

    In a file of three columns or more one such line tells. In a narrower one, where prose can
    pass for a row, each of them must, and be many or begin with an id like that of the record.
    """
    readers = (csv.reader([_shield(line)], delimiter=delimiter) for line in swallowed)
    rows = (next(reader, []) for reader in readers)
    if width >= _TELLING_WIDTH:
        return any(len(row) == width for row in rows)
    firsts = [row[0] if len(row) == width else "" for row in rows]
    if not firsts or not all(firsts):
        return False
    shape = _shape(cells[0]) if width > 1 and cells else ""
    alike = "0" in shape and all(_shape(first) == shape for first in firsts)
    return alike or len(firsts) > _MOST_PROSE


def _shape(cell: str) -> str:
    """Runs of digits as 0, of letters as a; the whole must be as short as an id.

    >>> _shape("T-1042"), _shape("2 of them arrived broken, where is the third?")
    ('a-0', '')
    """
    return re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", cell)) if len(cell) <= _LONGEST_ID else ""


@contextmanager
def _wide_cells() -> Iterator[None]:
    """Let cells be long; the limit belongs to the csv module, so it is put back."""
    before = csv.field_size_limit(_CELL_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)
