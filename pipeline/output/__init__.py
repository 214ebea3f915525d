"""Tickets to files: everything between a scored batch and the folder that people open.

    prepare_out    the output folder, refused when it already holds a run
    Spool          scored batches wait on disk until rank and incident are known
    write_all      triaged, queue, queues/<team>, review, followup, rejected, report, summary
    show           the short table in the terminal

The other modules each know one thing: `layout` which columns and how rounded, `csv_text`,
`json_text`, `parquet_file` and `xlsx_file` one format each, `order` the sort by rank, `atomic` how
files appear whole.
"""

from pipeline.output.atomic import WORK, alone, prepare_out
from pipeline.output.corrections import Known, read_corrections
from pipeline.output.report import MOST_TICKETS, PRIVATE, TICKETS, ReportInfo
from pipeline.output.spool import MANIFEST, Counts, Spool
from pipeline.output.summary import RunInfo
from pipeline.output.terminal import show
from pipeline.output.write import check_formats, write_all

__all__ = [
    "MANIFEST",
    "MOST_TICKETS",
    "PRIVATE",
    "TICKETS",
    "WORK",
    "Counts",
    "Known",
    "ReportInfo",
    "RunInfo",
    "Spool",
    "alone",
    "check_formats",
    "prepare_out",
    "read_corrections",
    "show",
    "write_all",
]
