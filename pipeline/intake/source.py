"""What intake hands over: batches of tickets, the rows set aside, and what was found out."""

from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd


@dataclass(frozen=True)
class Source:
    """What was found out about one export.

    :ivar file: Path as given, with forward slashes.
    :ivar format: csv, tsv, jsonl, xlsx or parquet.
    :ivar encoding: Python codec name, or empty for formats that have none.
    :ivar delimiter: Between the cells of csv and tsv, else empty.
    :ivar mapping: Field for each header that is read.
    :ivar ignored: Headers that are not read.
    :ivar notes: What a careful reader should know, with counts up to this batch: the notes of
        a file's last batch are complete.
    """

    file: str
    format: str
    encoding: str = ""
    delimiter: str = ""
    mapping: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Batch(NamedTuple):
    """Some rows of one file.

    `tickets` has the columns `ticket.INPUT_COLUMNS` (then the extra ones asked for), `rejected`
    the columns file, line, reason, raw; together they hold every row that is not blank.
    """

    tickets: pd.DataFrame
    rejected: pd.DataFrame
    source: Source
