"""Intake: exported files become tickets; what cannot be read is set aside with the reason.

`find` names the files, `read` streams them as batches. Formats, encodings, headers, dates and
numbers are found out for each file and told in its `Source`; the user's word beats all of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from pipeline.intake.check import examine
from pipeline.intake.find import find
from pipeline.intake.formats import open_table
from pipeline.intake.headers import header_test, match
from pipeline.intake.plan import Plan, Seen
from pipeline.intake.source import Batch, Source
from pipeline.intake.survey import survey
from pipeline.rules.columns import ColumnRules

__all__ = ["Batch", "Source", "find", "read"]


def read(
    paths: Sequence[str | Path],
    *,
    rules: ColumnRules,
    overrides: Mapping[str, str] | None = None,
    encoding: str | None = None,
    now: datetime,
    batch_rows: int = 4096,
    extra: Sequence[str] = (),
) -> Iterator[Batch]:
    """Yield the tickets of the files at `paths`, in order, in batches of one file each.

    All files are opened and their headers matched before the first batch, so that what the user
    must mend shows at once. Over all batches, tickets and rejected rows together are the rows
    of the files (blank ones do not count). A file without rows gives one empty batch.

    :param overrides: Header for a field (``{"text": "投诉内容"}``); beats columns.toml.
    :param encoding: Encoding of all text files; beats what would be found.
    :param now: Zone-aware; tickets created more than two days later are rejected.
    :param extra: Label columns (`pipeline.rules.columns.LABELS`) or headers to carry as ``str``
        columns behind the usual ones; empty where a file has none.
    :raises InputError: A file cannot be read at all.
    :raises MissingColumnError: A file has no column for the text or for an override.
    """
    plans = [
        _plan(Path(path), rules, overrides or {}, encoding, now, tuple(extra)) for path in paths
    ]
    seen = Seen()
    for plan in plans:
        yield from _batches(plan, seen, batch_rows)


def _batches(plan: Plan, seen: Seen, batch_rows: int) -> Iterator[Batch]:
    rows = plan.table.rows()
    block = list(islice(rows, batch_rows))
    while True:
        yield examine(block, plan, seen)
        block = list(islice(rows, batch_rows))
        if not block:
            return


def _plan(
    path: Path,
    rules: ColumnRules,
    overrides: Mapping[str, str],
    encoding: str | None,
    now: datetime,
    extra: tuple[str, ...],
) -> Plan:
    table = open_table(path, is_header=header_test(rules, overrides), encoding=encoding)
    places = match(table, rules, overrides=overrides, extra=extra)
    habits = survey(table, places, rules)
    named = {table.headers[place]: name for name, place in places.items()}
    source = Source(
        file=path.as_posix(),
        format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        mapping=named,
        ignored=tuple(header for header in table.headers if header not in named),
        notes=habits.notes,
    )
    return Plan(table, places, habits, source, rules, extra, now)
