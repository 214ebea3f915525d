"""Settle, before reading, what single values leave open: day or month first, comma or point."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

import pandas as pd

from pipeline.intake.rows import Row, Table
from pipeline.intake.streams import readable
from pipeline.intake.times import day_order
from pipeline.intake.values import Evidence, decimal_mark
from pipeline.rules.columns import ColumnRules
from pipeline.ticket import BY_NAME, TIME

#: Rows looked at first. Only when they leave a column open is the whole file gone through:
#: exports are sorted by date, so the first thousand tickets may all be of the 3rd of the month.
_FIRST_LOOK: Final = 1_000

_QUESTIONS: Final[Mapping[str, Callable[[pd.Series], Evidence]]] = {
    TIME: day_order,
    "float64": decimal_mark,
}


class Habits(NamedTuple):
    """How this file writes times and numbers, for each field; `notes` tell what was assumed."""

    day_first: Mapping[str, bool]
    comma: Mapping[str, bool]
    notes: tuple[str, ...] = ()


def survey(table: Table, places: Mapping[str, int], rules: ColumnRules) -> Habits:
    """Look over `table` as far as needed.

    :param places: Place of the column that holds each field.
    """
    asked = {
        field: _QUESTIONS[BY_NAME[field].dtype]
        for field in places
        if field in BY_NAME and BY_NAME[field].dtype in _QUESTIONS
    }
    evidence = dict.fromkeys(asked, Evidence())
    countries: set[str] = set()
    rows = _sound_rows(table) if asked else iter(())
    while chunk := list(islice(rows, _FIRST_LOOK)):
        for field, question in asked.items():
            evidence[field] |= question(_column(chunk, places[field]))
        if "country" in places:
            countries.update(_column(chunk, places["country"]).unique())
        if all(found.settled for found in evidence.values()):
            break
    return _decide(evidence, countries - {""}, rules)


def _decide(evidence: Mapping[str, Evidence], countries: set[str], rules: ColumnRules) -> Habits:
    month_first = bool(countries) and countries <= rules.month_first_countries
    usual_day_first = rules.day_first and not month_first
    day_first, comma, notes = {}, {}, []
    for field, found in evidence.items():
        if BY_NAME[field].dtype == TIME:
            day_first[field] = found.first if found.settled and found.unclear else usual_day_first
            if found.unclear:
                notes.append(_note_on_days(field, found, day_first[field]))
        else:
            comma[field] = found.first and not found.second
            if not found.settled:
                notes.append(f"{field}: no value settles the decimal mark; taken as the point")
            elif found.first:
                notes.append(f"{field}: decimal comma")
    return Habits(day_first, comma, tuple(notes))


def _note_on_days(field: str, found: Evidence, day_first: bool) -> str:
    order = "day first" if day_first else "month first"
    if not found.settled:
        return f"{field}: no date settles day or month first; read {order} (columns.toml)"
    if found.first and found.second:
        return f"{field}: some dates are day first, some month first; unclear ones read {order}"
    return f"{field}: dates are {order}"


def _sound_rows(table: Table) -> Iterator[Row]:
    width = len(table.headers)
    return (row for row in table.rows() if not row.problem and len(row.cells) >= width)


def _column(rows: Sequence[Row], place: int) -> pd.Series:
    cells = [row.cells[place].strip() for row in rows]
    try:
        return pd.Series(cells, dtype="str")
    except UnicodeEncodeError:
        return pd.Series([readable(cell) for cell in cells], dtype="str")
