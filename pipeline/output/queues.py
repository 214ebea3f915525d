"""Open tickets by rank: queue.* for all of them and queues/<team>.* for each team."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.output import csv_text
from pipeline.output.atomic import QUEUES, Drafts
from pipeline.output.layout import QUEUE_COLUMNS
from pipeline.output.order import RankSort
from pipeline.output.sheet import Sheet

#: A name of 60 letters is at most 240 bytes in UTF-8; file systems take 255 with the ending.
_NAME_LENGTH: Final = 60
#: Windows opens devices by these names, whatever the ending.
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)


class Queues:
    """Collects open tickets in any order and writes them by rank."""

    def __init__(self, folder: Path, rows: int, formats: Sequence[str]) -> None:
        self._sort = RankSort(folder, rows)
        self._formats = list(formats)
        # CSV needs only the finished line of each row; a workbook needs its values.
        self._values = list(QUEUE_COLUMNS) if self._formats != ["csv"] else ["rank", "team"]

    def add(self, batch: pa.RecordBatch, cells: pa.RecordBatch) -> None:
        """Take in the open tickets of `batch`; `cells` are the same rows for CSV."""
        is_open = batch.column("rank").is_valid()
        lines = csv_text.lines(cells.select(QUEUE_COLUMNS).filter(is_open), QUEUE_COLUMNS)
        rows = batch.select(self._values).filter(is_open)
        self._sort.add(
            pa.RecordBatch.from_arrays([*rows.columns, lines], names=[*self._values, "_line"])
        )

    def write(self, drafts: Drafts, teams: Iterable[str]) -> None:
        """Write queue.* and one file for each of `teams`, even when it has nothing to do."""
        everyone = Sheet(drafts, "queue", QUEUE_COLUMNS, self._formats)
        by_team = {
            team: Sheet(drafts, f"{QUEUES}/{name}", QUEUE_COLUMNS, self._formats)
            for team, name in file_names(teams).items()
        }
        for rows in self._sort.sorted():
            _append(everyone, rows)
            for team, sheet in by_team.items():
                _append(sheet, rows.filter(pc.equal(rows.column("team"), team)))
        for sheet in [everyone, *by_team.values()]:
            sheet.close()


def _append(sheet: Sheet, rows: pa.RecordBatch) -> None:
    sheet.write_lines(rows.column("_line"), rows.drop_columns("_line"))


def file_names(teams: Iterable[str]) -> dict[str, str]:
    """A file name without ending for each team: unique (case ignored), safe on any system.

    >>> file_names(["Logistics desk", "物流组", "../etc/passwd", "a/b", "A_b", "", "nul"])
    ... # doctest: +NORMALIZE_WHITESPACE
    {'': 'unassigned', '../etc/passwd': 'etc_passwd', 'A_b': 'A_b', 'Logistics desk':
     'Logistics_desk', 'a/b': 'a_b-2', 'nul': 'nul_', '物流组': '物流组'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for team in sorted(set(teams)):
        stem = _safe(team)
        name, copies = stem, 1
        while name.casefold() in taken:
            copies += 1
            name = f"{stem}-{copies}"
        taken.add(name.casefold())
        names[team] = name
    return names


def _safe(team: str) -> str:
    words = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFKC", team))
    name = words[:_NAME_LENGTH].strip("_-") or "unassigned"
    return f"{name}_" if _DEVICES.match(name) else name
