"""All files of a run, written in one pass over the spool and one over the queue."""

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import ticket
from pipeline.dispatch.by_hand import COLUMNS, Corrections, none
from pipeline.dispatch.points import join_known
from pipeline.errors import OutputError
from pipeline.output import csv_text, incident_list, layout, summary
from pipeline.output.atomic import SUMMARY, Drafts
from pipeline.output.batches import regroup, rounded, to_batch
from pipeline.output.queues import Queues
from pipeline.output.report import PRIVATE, Figures, Head, ReportInfo, render
from pipeline.output.sheet import Sheet
from pipeline.output.spool import SORTING, Spool

_ARRANGED = [column.name for column in ticket.COLUMNS if column.room == "queue"]
_REPORT = "report.html"
_Item = TypeVar("_Item")
_FOLLOW_UP = ("follow_up_by", "follow_up_reason")
#: In a history: closed, and later open again.
_REOPENED = (
    rf"status (?:{'|'.join(ticket.CLOSED_STATES)})\b.*status (?:{'|'.join(ticket.OPEN_STATES)})\b"
)
_CORRECTIONS = pa.schema([(name, pa.large_string()) for name in COLUMNS])


def write_all(
    out: Path,
    spool: Spool,
    arranged: pd.DataFrame,
    *,
    formats: Sequence[str] = ("csv",),
    summary_info: summary.RunInfo,
    report: ReportInfo | None = None,
    corrections: Corrections | None = None,
) -> dict[str, Any]:
    """Write every file of the contract into `out` and return the summary.

    `arranged` has the queue columns (incident_id ... rank), one row for each spooled ticket in
    the same order; ranks are 1..n, null for tickets that are not open. `report` is what the
    caller decides about report.html. Nothing in `out` changes until all new files are complete.
    Memory holds `arranged`, some ten thousand rows and the tickets of the report.

    :raises OutputError: An unknown format, a full disk, or `arranged` does not fit the spool.
    """
    started = time.perf_counter()
    formats = check_formats(formats)
    report = report or ReportInfo()
    incidents = summary.incidents(arranged)
    with Drafts(out) as drafts:
        tally = summary.Tally()
        figures = Figures(summary_info.now)
        head = Head(report.tickets)
        rates = report.rules.routing.currencies if report.rules else {}
        listed = incident_list.Incidents(rates)
        _write_tickets(drafts, spool, arranged, formats, (tally, figures, head, listed))
        largest = _write_incidents(drafts, listed, _list_formats(formats))
        _write_rejected(drafts, spool, formats, tally)
        _write_corrections(drafts, none() if corrections is None else corrections)
        files = [*drafts.names, SUMMARY, _REPORT]
        found = summary.summarise(tally, incidents, summary_info, files)
        # Names of files and headers may hold halves of characters, which are no text.
        page = render(found, figures, head.tickets(), report, incidents=largest)
        drafts.path(_REPORT).write_bytes(page.encode("utf-8", errors="backslashreplace"))
        found["timings"]["write"] = round(time.perf_counter() - started, 3)
        drafts.path(SUMMARY).write_text(summary.to_json(found), encoding="utf-8", newline="\n")
        drafts.publish()
    return found


def check_formats(formats: Iterable[str]) -> tuple[str, ...]:
    """The formats in the order given, each once.

    :raises OutputError: A format is unknown, or none is given.

    >>> check_formats(["jsonl", "csv", "jsonl"])
    ('jsonl', 'csv')
    >>> check_formats(["csv", "xls"])
    Traceback (most recent call last):
        ...
    pipeline.errors.OutputError: Unknown format 'xls'. Known: csv, jsonl, parquet, xlsx.
    """
    known = ", ".join(layout.FORMATS)
    formats = tuple(dict.fromkeys(formats))
    if not formats:
        raise OutputError(f"No format given. Known: {known}.")
    for name in formats:
        if name not in layout.FORMATS:
            raise OutputError(f"Unknown format {name!r}. Known: {known}.")
    return formats


def _write_tickets(
    drafts: Drafts,
    spool: Spool,
    arranged: pd.DataFrame,
    formats: Sequence[str],
    counters: tuple[summary.Tally, Figures, Head, incident_list.Incidents],
) -> None:
    """Write triaged, review, followup and the queue; show every ticket to the counters."""
    tally, figures, head, listed = counters
    columns = layout.public_columns([*spool.columns, *arranged.columns])
    lists = _list_formats(formats)
    triaged = Sheet(drafts, "triaged", columns, formats)
    review = Sheet(drafts, "review", layout.REVIEW_COLUMNS, lists)
    followup = Sheet(drafts, "followup", layout.FOLLOWUP_COLUMNS, lists)
    queues = Queues(spool.folder / SORTING, int(arranged["rank"].count()), lists)
    whole = _whole_tickets(spool, arranged, columns)
    for batch, cells in _ahead((batch, csv_text.cells(batch)) for batch in whole):
        call_back = pc.not_equal(batch.column("follow_up_reason"), "")
        triaged.write(batch, cells)
        review.write(_with_blanks(batch), _with_blanks(cells), batch.column("needs_review"))
        followup.write(batch, cells, call_back)
        queues.add(batch, cells)
        tally.add(batch, followup=pc.sum(call_back).as_py() or 0)
        figures.add(batch)
        head.add(batch)
        listed.add(batch)
    for sheet in (triaged, review, followup):
        sheet.close()
    queues.write(drafts, tally.teams)


def _ahead(items: Iterator[_Item]) -> Iterator[_Item]:
    """The same items, each made in a second thread while the one before is used.

    Arrow lets go of the interpreter, so reading and rendering run beside writing and counting.
    """
    with ThreadPoolExecutor(1, "ahead") as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item


def _whole_tickets(
    spool: Spool, arranged: pd.DataFrame, columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """The tickets with all `columns` and follow_up_by, rounded, in groups of a fixed size."""
    private = [name for name in PRIVATE if name in spool.columns]
    spooled = [*(name for name in columns if name not in _ARRANGED), *private]
    start = 0
    for batch in regroup(spool.batches(spooled), layout.GROUP_ROWS):
        placed = to_batch(arranged[_ARRANGED].iloc[start : start + batch.num_rows])
        start += batch.num_rows
        if placed.num_rows == batch.num_rows:
            promised = pc.add(batch.column("resolved_at"), pa.scalar(layout.FOLLOW_UP_WITHIN))
            batch = _suspects_marked(batch, placed)
            reasons = follow_up_reasons(batch)
            arrays = [*batch.columns, *placed.columns, promised, reasons]
            yield rounded(
                pa.RecordBatch.from_arrays(arrays, names=[*spooled, *_ARRANGED, *_FOLLOW_UP])
            )
    if start != len(arranged):
        raise OutputError(
            f"{start} tickets are spooled but {len(arranged)} are in order. Run again with --force."
        )


def _suspects_marked(batch: pa.RecordBatch, placed: pa.RecordBatch) -> pa.RecordBatch:
    """What only the whole set shows to be suspicious needs a look too, unless a person had one."""
    looked = pc.not_equal(batch.column("corrected"), "")
    marked = pc.and_not(pc.not_equal(placed.column("suspicion"), ""), looked)
    reason = batch.column("review_reason")
    unknown = pc.and_(marked, pc.equal(reason, ""))
    new = {
        "needs_review": pc.or_(batch.column("needs_review"), marked),
        "review_reason": pc.if_else(unknown, pa.scalar("suspicious", pa.large_string()), reason),
    }
    for name, column in new.items():
        batch = batch.set_column(batch.schema.names.index(name), name, column)
    return batch


def follow_up_reasons(batch: pa.RecordBatch) -> pa.Array:
    """Why a solved ticket's customer should hear from us again; "" when there is no need.

    It was critical or high, the customer gave a low satisfaction, or it was opened again after a
    solution (as its history tells).
    """
    none = pa.scalar(None, pa.large_string())
    level = batch.column("urgency_level")
    urgent = pc.is_in(level, pa.array(("critical", "high"), pa.large_string()))
    unhappy = pc.fill_null(pc.less_equal(batch.column("csat"), layout.LOW_CSAT), False)
    again = pc.match_substring_regex(batch.column("history"), _REOPENED)
    reasons = join_known(
        [
            pc.if_else(urgent, level, none),
            pc.if_else(unhappy, pa.scalar("low satisfaction", pa.large_string()), none),
            pc.if_else(again, pa.scalar("reopened", pa.large_string()), none),
        ],
        "; ",
    )
    solved = pc.is_in(batch.column("status"), pa.array(ticket.CLOSED_STATES, pa.large_string()))
    return pc.if_else(solved, reasons, pa.scalar("", pa.large_string()))


def _write_rejected(
    drafts: Drafts, spool: Spool, formats: Sequence[str], tally: summary.Tally
) -> None:
    sheet = Sheet(drafts, "rejected", layout.REJECTED_COLUMNS, _list_formats(formats))
    for batch in spool.rejected():
        sheet.write(batch, csv_text.cells(batch))
        tally.add_rejected(batch)
    sheet.close()


def _write_incidents(
    drafts: Drafts, listed: incident_list.Incidents, formats: Sequence[str]
) -> pa.RecordBatch:
    """Write incidents.*; return its rows, the largest incident first."""
    sheet = Sheet(drafts, "incidents", incident_list.COLUMNS, formats)
    batch = listed.table()
    sheet.write(batch, csv_text.cells(batch))
    sheet.close()
    return batch


def _write_corrections(drafts: Drafts, corrections: Corrections) -> None:
    """What people decided so far, for the next run and for train.py."""
    sheet = Sheet(drafts, "corrections", COLUMNS, ["csv"])
    batch = pa.RecordBatch.from_pandas(corrections, schema=_CORRECTIONS, preserve_index=False)
    sheet.write(batch, csv_text.cells(batch))
    sheet.close()


def _with_blanks(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The columns of review.* that people fill in, empty."""
    blank = pa.repeat(pa.scalar("", pa.large_string()), batch.num_rows)
    names = [*batch.schema.names, *layout.RIGHT]
    return pa.RecordBatch.from_arrays([*batch.columns, *[blank] * len(layout.RIGHT)], names=names)


def _list_formats(formats: Sequence[str]) -> list[str]:
    """Working lists are always csv, and a workbook too when asked for."""
    return ["csv", *(["xlsx"] if "xlsx" in formats else [])]
