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

from pipeline.dispatch.by_hand import COLUMNS, FIELDS, Corrections, none
from pipeline.errors import OutputError, RulesError
from pipeline.intake.formats import open_table
from pipeline.output.csv_text import original
from pipeline.output.layout import RIGHT
from pipeline.output.results import read_triaged
from pipeline.rules.tables import check_known
from pipeline.ticket import LEVELS, REASONS

_FILES: Final = ("corrections.csv", "corrections.xlsx", "review.csv", "review.xlsx")


class Known(NamedTuple):
    """The names that a correction may give."""

    categories: Collection[str]
    teams: Collection[str]


def read_corrections(out: Path, known: Known) -> Corrections:
    """All that people decided in the results `out` and before; one row for each ticket.

    What a later file or line says beats an earlier one, field by field.

    :raises OutputError: `out` holds no results, or a line names what is not known.
    """
    if not out.is_dir():
        raise OutputError(f"{out} is no folder. Give --previous the --out folder of a run.")
    paths = [path for name in _FILES if (path := out / name).is_file()]
    if not paths:
        raise OutputError(
            f"{out} has no corrections.csv and no review.csv. Give --previous the --out folder of "
            "a run."
        )
    rows = [row for path in paths for row in _rows(path, known)]
    if not rows:
        return none()
    found = pd.DataFrame(rows, columns=list(COLUMNS)).astype("str")
    # The last word on each field that is not empty.
    merged = found.mask(found == "").groupby(found["ticket_id"], sort=True).last().fillna("")
    merged["ticket_id"] = merged.index
    merged = merged.reset_index(drop=True)[list(COLUMNS)].astype("str")
    return _with_texts(merged, out)


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
            yield list(_checked(fields, known, f"{path} line {row.line}").values())


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


def _with_texts(corrections: Corrections, out: Path) -> Corrections:
    """The customer's words where a line was added without them: training needs them."""
    lacking = corrections["text"] == ""
    if not lacking.any():
        return corrections
    try:
        tickets = read_triaged(out, ["ticket_id", "text"])
    except OutputError:  # written as a workbook only
        return corrections
    texts = tickets.drop_duplicates("ticket_id").set_index("ticket_id")["text"]
    found = corrections["ticket_id"].map(texts).fillna("")
    return corrections.assign(text=corrections["text"].where(~lacking, found).astype("str"))


def _plain(header: str) -> str:
    return header.strip().lstrip("\ufeff")
