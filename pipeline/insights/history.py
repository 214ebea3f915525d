"""The tickets of one or more runs of classify, as one history."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd

from pipeline.errors import OutputError
from pipeline.output.results import read_summary, read_triaged
from pipeline.ticket import CATEGORIES

#: What insights look at.
COLUMNS: Final = (
    "ticket_id",
    "created_at",
    "channel",
    "country",
    "customer_id",
    "order_id",
    "sku",
    "status",
    "text",
    "language",
    "category",
    "category_confidence",
    "reason",
    "team",
    "sla_state",
    "seller_id",
    "carrier",
    "warehouse",
    "agent",
    "first_response_at",
    "resolved_at",
    "csat",
)


class History(NamedTuple):
    """What one or more runs found, and what the newest run says about itself."""

    tickets: pd.DataFrame
    """Columns `COLUMNS`, one row for each ticket id."""
    now: pd.Timestamp
    """The clock of the newest run, UTC: open tickets have waited until then."""
    summary: Mapping[str, Any]
    """summary.json of the newest run."""


def read(outs: Sequence[Path], columns: Sequence[str] = COLUMNS) -> History:
    """Read the triaged tickets of output folders.

    A ticket that several runs hold counts once, as the newest run saw it: nightly folders add up
    to a history.

    :raises OutputError: A folder holds no complete run, or its table lacks a column.
    """
    runs = sorted((_read_one(out, columns) for out in outs), key=lambda run: run.now)
    if len(runs) == 1:
        return runs[0]
    tickets = pd.concat([run.tickets for run in runs], ignore_index=True)
    tickets = tickets.drop_duplicates("ticket_id", keep="last", ignore_index=True)
    return History(tickets, runs[-1].now, runs[-1].summary)


def _read_one(out: Path, columns: Sequence[str]) -> History:
    summary = read_summary(out)
    try:
        now = pd.Timestamp(summary["now"]).tz_convert("UTC")
    except (ValueError, TypeError, KeyError) as error:
        raise OutputError(
            f"{out}/summary.json does not say when its run was. Run classify again."
        ) from error
    return History(read_triaged(out, columns), now, summary)


def is_complaint(tickets: pd.DataFrame) -> pd.Series:
    """True where a ticket complains (``other`` is praise, questions and spam)."""
    return tickets["category"] != CATEGORIES[-1]
