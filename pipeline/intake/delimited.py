"""Open csv and tsv exports: delimiter, headers, rows."""

import io
from collections.abc import Iterator, Sequence
from itertools import dropwhile, islice
from pathlib import Path
from typing import Final, NamedTuple

from pipeline.intake.records import records
from pipeline.intake.rows import HEADER_WITHIN, IsHeader, Row, Table, header_place
from pipeline.intake.streams import ByteStream, lines_of, readable, text_lines, until_damage

DELIMITERS: Final = (",", ";", "\t", "|")
_SNIFFED_CHARACTERS: Final = 1 << 16
_SNIFFED_LINES: Final = 200


def open_delimited(path: Path, kind: str, is_header: IsHeader, encoding: str) -> Table:
    """Spreadsheets may state the delimiter in a first line of their own, ``sep=;``."""
    begin_lines = list(islice(lines_of(path, encoding), _SNIFFED_LINES + 1))
    head = "".join(begin_lines[:_SNIFFED_LINES])
    cut = len(begin_lines) > _SNIFFED_LINES or len(head) > _SNIFFED_CHARACTERS
    head = head[:_SNIFFED_CHARACTERS]
    first, newline, rest = head.partition("\n")
    stated = first.rstrip("\r") if first.startswith("sep=") and newline else ""
    delimiter = stated[4:5] or sniff_delimiter(
        rest if stated else head, prefer_tab=kind == "tsv", is_header=is_header, cut=cut
    )
    begin = list(islice(records(lines_of(path, encoding), delimiter), HEADER_WITHIN))
    begin = begin[1:] if stated else begin
    place = header_place(begin, is_header)
    headers = tuple(readable(cell.strip()) for cell in begin[place].cells) if begin else ()

    def rows() -> Iterator[Row]:
        with ByteStream(path) as stream:
            found = records(
                text_lines(stream, encoding), delimiter, width=len(headers), damage=stream.explain
            )
            below = dropwhile(lambda row: row.line <= begin[place].line, found)
            yield from until_damage(below, stream)

    return Table(path, kind, headers, rows, encoding, delimiter)


def sniff_delimiter(
    head: str,
    *,
    prefer_tab: bool = False,
    is_header: IsHeader = lambda _: False,
    cut: bool = False,
) -> str:
    r"""Return the delimiter that fits best: first the header's cells, then the rows', count.

    :param is_header: Tells the row of headers, under the right delimiter.
    :param cut: The file goes on behind `head`, which may end inside a quoted cell.

    >>> sniff_delimiter('Protocolo;Valor;Mensagem\n1;41,71;"Oi; tudo bem, ou não"\n2;3,50;Não\n')
    ';'
    >>> sniff_delimiter("text\nlate, again\nbroken\n")
    ';'
    """
    order = sorted(DELIMITERS, key=lambda mark: mark != "\t") if prefer_tab else DELIMITERS
    lines = io.StringIO(head, newline="\n" if "\n" in head else "\r")
    best, best_fit = order[0], _NO_FIT
    for mark in order:
        lines.seek(0)
        rows = list(records(lines, mark, damage=lambda: "cut" if cut else ""))
        whole = rows[:-1] if cut and len(rows) > 1 else rows
        fit = _fit([row for row in whole if not row.problem], is_header)
        if fit > best_fit:
            best, best_fit = mark, fit
    return best


class _Fit(NamedTuple):
    """How well a delimiter fits, the most telling first. Rows agree with the most usual one."""

    as_headers: bool  # a header is recognised, and the rows agree with its number of cells
    agreed: bool  # half of the rows or more agree, on two cells or more
    headed: bool  # a header is recognised
    share: float  # of the rows that agree
    cells: int  # the number they agree on


_NO_FIT: Final = _Fit(False, False, False, 0.0, 0)


def _fit(rows: Sequence[Row], is_header: IsHeader) -> _Fit:
    if not rows:
        return _NO_FIT
    header = rows[header_place(rows[:HEADER_WITHIN], is_header)].cells
    counts = [len(row.cells) for row in rows]
    mode = max(sorted(set(counts), reverse=True), key=counts.count)
    share = counts.count(mode) / len(counts)
    headed = is_header(header)
    return _Fit(headed and len(header) == mode, mode > 1 and share >= 0.5, headed, share, mode)
