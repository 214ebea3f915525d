"""The report: one HTML file that people open after a run, with no network and no strange script.

    ReportInfo   what the caller decides: language, number of tickets, names, a table of issues
    Figures      counts, taken batch by batch while the files are written
    Head         the tickets the page holds
    render       the page

`forecast` says who will be late, `weeks` what is new, `tickets` packs the queue, `words` knows
English and Chinese, ``page.*`` is the template with its style and its only script.
"""

from pipeline.output.report.figures import Figures
from pipeline.output.report.head import PRIVATE, Head
from pipeline.output.report.options import LANGUAGES, MOST_TICKETS, TICKETS, Key, ReportInfo, Table
from pipeline.output.report.page import render

__all__ = [
    "LANGUAGES",
    "MOST_TICKETS",
    "PRIVATE",
    "TICKETS",
    "Figures",
    "Head",
    "Key",
    "ReportInfo",
    "Table",
    "render",
]
