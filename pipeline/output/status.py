"""Where one ticket stands: what a customer service agent may look up and tell the customer."""

import difflib
from pathlib import Path
from typing import Any, Final

import pandas as pd

from pipeline.errors import OutputError
from pipeline.output.results import read_triaged
from pipeline.output.terminal import printable

#: The lines, in order: a heading and the columns it shows, of which empty ones are left out.
_LINES: Final = (
    ("ticket", ("ticket_id", "channel", "country", "language")),
    ("customer", ("customer_id", "customer_tier", "order_id", "sku")),
    ("created", ("created_at",)),
    ("status", ("status",)),
    ("place in the queue", ("rank",)),
    ("next step", ("next_step",)),
    ("owed by", ("next_step_owner",)),
    ("until", ("next_step_due_at",)),
    ("first response due", ("first_response_due_at", "sla_state")),
    ("first response at", ("first_response_at",)),
    ("solution due", ("resolution_due_at",)),
    ("solved", ("resolved_at",)),
    ("satisfaction", ("csat",)),
    ("decided", ("category", "reason", "urgency_level", "emotion")),
    ("team", ("team", "routing_rule")),
    ("why", ("explanation",)),
    ("priority", ("priority", "priority_parts")),
    ("set by hand", ("corrected",)),
    ("to review", ("review_reason",)),
    ("do first", ("suggested_action",)),
    ("ask the customer for", ("missing_information",)),
    ("earlier tickets", ("repeat_contacts",)),
    ("incident", ("incident_id", "incident_size")),
    ("what happened", ("history",)),
    ("the customer wrote", ("text",)),
)
_SHOWN_TEXT: Final = 500
_SHOWN_TICKETS: Final = 10


def status(ticket_id: str, out: Path) -> list[tuple[str, str]]:
    """Headings and what to say under each about one ticket of the results `out`.

    All tickets with that id, one after the other, where files of the export repeat ids: ten at
    most, and how many more there are.

    :raises OutputError: There are no results, or no such ticket (the nearest ids are named).
    """
    tickets = read_triaged(out)
    found = tickets[tickets["ticket_id"] == ticket_id.strip()]
    if found.empty:
        near = difflib.get_close_matches(ticket_id, tickets["ticket_id"].tolist(), n=3)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise OutputError(f"{out} has no ticket {ticket_id!r}.{hint}")
    lines = [
        (heading, _together(row, columns))
        for _, row in found.head(_SHOWN_TICKETS).iterrows()
        for heading, columns in _LINES
    ]
    shown = [(heading, text) for heading, text in lines if text]
    if len(found) > 1:
        shown.insert(0, ("tickets", f"{len(found):,} have this id; their text tells them apart"))
    more = len(found) - _SHOWN_TICKETS
    return [*shown, ("not shown", f"{more:,} more")] if more > 0 else shown


def _together(row: pd.Series, columns: tuple[str, ...]) -> str:
    texts = (_text(row[name]) for name in columns if name in row.index)
    return ", ".join(text for text in texts if text)


def _text(value: Any) -> str:
    """A cell as a person reads it; "" for nothing."""
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = printable(" ".join(str(value).split()))
    return text if len(text) <= _SHOWN_TEXT else f"{text[:_SHOWN_TEXT]} …"
