"""Decisions made by hand: read from the results of an earlier run, where people wrote them.

They write in ``review.csv``, in the first columns (``right_category`` ...), or add a line to
``corrections.csv``; either may have been saved as a workbook. ``corrections.csv`` is written by
every run with all that is known, so nothing is lost from run to run, and it is a labelled file
for train.py.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd

from pipeline.dispatch.by_hand import COLUMNS, FIELDS, Corrections, none, text_key
from pipeline.errors import OutputError, RulesError
from pipeline.intake.formats import open_table
from pipeline.output.csv_text import original
from pipeline.output.layout import RIGHT
from pipeline.output.results import read_triaged
from pipeline.rules.tables import check_known
from pipeline.ticket import LEVELS, REASONS

_LINE: Final = "line"
_READ: Final = [*COLUMNS, _LINE]
_FILES: Final = ("corrections.csv", "corrections.xlsx", "review.csv", "review.xlsx")


class Known(NamedTuple):
    """The names that a correction may give."""

    categories: Collection[str]
    teams: Collection[str]


def read_corrections(out: Path, known: Known) -> Corrections:
    """All that people decided in the results `out` and before; one row for each ticket.

    A ticket is an id and a text: files of one export may repeat ids. What review.* says beats
    what corrections.* says, field by field.

    :raises OutputError: `out` holds no results, a line names what is not known, or two lines of a
        file contradict each other.
    """
    if not out.is_dir():
        raise OutputError(f"{out} is no folder. Give --previous the --out folder of a run.")
    paths = [path for name in _FILES if (path := out / name).is_file()]
    if not paths:
        raise OutputError(
            f"{out} has no corrections.csv and no review.csv. Give --previous the --out folder of "
            "a run."
        )
    read = [_with_texts(pd.DataFrame(_rows(path, known), columns=_READ), out) for path in paths]
    for path, rows in zip(paths, read, strict=True):
        _refuse_contradictions(rows, path)
    found = pd.concat(read, ignore_index=True).astype("str")
    if found.empty:
        return none()
    # The last word on each field that is not empty.
    tickets = [found["ticket_id"], found["text"].map(text_key)]
    merged = found[list(COLUMNS)].mask(found == "").groupby(tickets, sort=True).last().fillna("")
    merged["ticket_id"] = merged.index.get_level_values(0)
    return merged.reset_index(drop=True)[list(COLUMNS)].astype("str")


def _refuse_contradictions(rows: pd.DataFrame, path: Path) -> None:
    """Two lines about one ticket may complete each other, never differ.

    :raises OutputError: Two lines set one field of a ticket to different names.
    """
    said: dict[tuple[str, str, str], tuple[str, str]] = {}
    for row in rows.to_dict("records"):
        for field in FIELDS:
            key = row["ticket_id"], text_key(row["text"]), field
            value, line = said.setdefault(key, (row[field], row[_LINE]))
            if not value:
                said[key] = row[field], row[_LINE]
            elif row[field] not in ("", value):
                raise OutputError(
                    f"{path} lines {line} and {row[_LINE]} contradict each other about ticket "
                    f"{row['ticket_id']!r}: {field} {value!r} and {row[field]!r}. Keep one."
                )


def _rows(path: Path, known: Known) -> Iterator[list[str]]:
    table = open_table(path, is_header=lambda cells: "ticket_id" in [_plain(c) for c in cells])
    headers = [_plain(header) for header in table.headers]
    if "ticket_id" not in headers:
        raise OutputError(f"{path} has no column 'ticket_id'. Found: {', '.join(headers)}.")
    wanted = RIGHT if path.stem == "review" else FIELDS
    places = [headers.index(name) if name in headers else -1 for name in _sources(wanted)]
    for row in table.rows():
        if row.problem:
            continue
        cells = [
            original(row.cells[at]).strip() if 0 <= at < len(row.cells) else "" for at in places
        ]
        fields = dict(zip(COLUMNS, cells, strict=True))
        if fields["ticket_id"] and any(fields[name] for name in FIELDS):
            where = f"{path} line {row.line}"
            yield [*_checked(fields, known, where).values(), str(row.line)]


def _sources(fields: Sequence[str]) -> tuple[str, ...]:
    """Headers for `COLUMNS`."""
    return ("ticket_id", *fields, "note", "text")


def _checked(fields: dict[str, str], known: Known, where: str) -> dict[str, str]:
    """Names in their right spelling; a level may be given as 0..3.

    :raises OutputError: A name is not known.
    """
    reasons = [reason for names in REASONS.values() for reason in names]
    allowed = {
        "category": known.categories,
        "reason": reasons,
        "urgency": LEVELS,
        "team": known.teams,
    }
    levels = {str(number): level for number, level in enumerate(LEVELS)}
    for name, names in allowed.items():
        value = fields[name]
        if name == "urgency":
            value = levels.get(value.removesuffix(".0"), value)
        if not value:
            continue
        spelled = {one.casefold(): one for one in names}.get(value.casefold(), value)
        try:
            fields[name] = check_known(spelled, names, where=where, kind=name)
        except RulesError as error:
            raise OutputError(str(error)) from None
    return fields


def _with_texts(corrections: pd.DataFrame, out: Path) -> pd.DataFrame:
    """The customer's words where a line was added without them, and the id says whose they are.

    Training needs them.
    """
    lacking = corrections["text"] == ""
    if not lacking.any():
        return corrections
    try:
        tickets = read_triaged(out, ["ticket_id", "text"])
    except OutputError:  # written as a workbook only
        return corrections
    tickets = tickets[tickets["ticket_id"].isin(corrections["ticket_id"][lacking])]
    tickets = tickets.drop_duplicates().drop_duplicates("ticket_id", keep=False)
    texts = dict(zip(tickets["ticket_id"], tickets["text"], strict=True))
    rows = zip(corrections["ticket_id"], corrections["text"], strict=True)
    found = [text or texts.get(name, "") for name, text in rows]
    return corrections.assign(text=pd.array(found, dtype="str"))


def _plain(header: str) -> str:
    return header.strip().lstrip("\ufeff")
