"""Open csv and tsv exports: delimiter, headers, rows."""

import io
from collections.abc import Iterator
from itertools import dropwhile, islice
from pathlib import Path
from typing import Final

from pipeline.intake.records import records
from pipeline.intake.rows import HEADER_WITHIN, IsHeader, Row, Table, header_place
from pipeline.intake.streams import ByteStream, lines_of, readable, text_lines, until_damage

DELIMITERS: Final = (",", ";", "\t", "|")
_SNIFFED_CHARACTERS: Final = 1 << 16
_SNIFFED_LINES: Final = 200


def open_delimited(path: Path, kind: str, is_header: IsHeader, encoding: str) -> Table:
    """Spreadsheets may state the delimiter in a first line of their own, ``sep=;``."""
    head = "".join(islice(lines_of(path, encoding), _SNIFFED_LINES))[:_SNIFFED_CHARACTERS]
    first, newline, rest = head.partition("\n")
    stated = first.rstrip("\r") if first.startswith("sep=") and newline else ""
    delimiter = stated[4:5] or sniff_delimiter(rest if stated else head, prefer_tab=kind == "tsv")
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


def sniff_delimiter(head: str, *, prefer_tab: bool = False) -> str:
    r"""Return the delimiter under which most rows have the same number of cells.

    >>> sniff_delimiter('Protocolo;Valor;Mensagem\n1;41,71;"Oi; tudo bem, ou não"\n2;3,50;Não\n')
    ';'
    >>> sniff_delimiter("text\nlate, again\nbroken\n")
    ';'
    """
    order = sorted(DELIMITERS, key=lambda mark: mark != "\t") if prefer_tab else DELIMITERS
    lines = io.StringIO(head, newline="\n" if "\n" in head else "\r")
    best, best_score = order[0], (False, 0.0, 0)
    for mark in order:
        lines.seek(0)
        score = _consistency([len(row.cells) for row in records(lines, mark) if not row.problem])
        if score > best_score:
            best, best_score = mark, score
    return best


def _consistency(counts: list[int]) -> tuple[bool, float, int]:
    """Whether half of the rows agree on two cells or more, the share that agrees, on how many."""
    if not counts:
        return False, 0.0, 0
    mode = max(sorted(set(counts), reverse=True), key=counts.count)
    share = counts.count(mode) / len(counts)
    return mode > 1 and share >= 0.5, share, mode
