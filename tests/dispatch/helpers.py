"""Small tickets for the tests of routing, deadlines and the queue."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline import ticket
from pipeline.rules import actions, reasons, routing, screening, sla, urgency
from pipeline.rules.load import Rules

CASES = Path(__file__).parents[1] / "cases"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

SHIPPED = Rules(
    columns=None,
    languages=None,
    routing=routing.load(),
    sla=sla.load(),
    actions=actions.load(),
    reasons=reasons.load(),
    screening=screening.load(),
    urgency=urgency.load(),
    fingerprint="",
)

#: An ordinary ticket; tests say only what differs.
DEFAULTS: dict[str, Any] = {
    "created_at": "2026-11-21T10:00:00Z",
    "channel": "email",
    "country": "DE",
    "status": "open",
    "text": "Where is my parcel?",
    "language": "en",
    "language_confidence": 0.99,
    "category": "logistics",
    "category_confidence": 0.9,
    "reason": "delayed",
    "reason_confidence": 0.8,
    "urgency": 40.0,
    "urgency_level": "normal",
    "p_urgent": 0.1,
    "emotion": "calm",
    "keywords": "parcel",
    "_review": "",
    "_cue": "",
    "_clean": "where is my parcel?",
}
PRIVATE = ("_review", "_cue", "_clean")
SCORED = [*(c.name for c in ticket.COLUMNS if c.room in {"intake", "text", "model"})]


def tickets(*rows: dict[str, Any]) -> pd.DataFrame:
    """A scored frame, one ticket for each dict of what is special about it."""
    frame = pd.DataFrame(index=range(len(rows)))
    for name in (*SCORED, *PRIVATE, "first_response_due_at", "sla_state", "_text_key"):
        dtype = ticket.BY_NAME[name].dtype if name in ticket.BY_NAME else "str"
        values = [row.get(name, DEFAULTS.get(name)) for row in rows]
        if name == "ticket_id":
            values = [row.get(name, f"T{number}") for number, row in enumerate(rows, start=1)]
        if name == "_text_key":
            frame[name] = pd.Series([value or 0 for value in values], dtype="uint64")
        elif dtype == ticket.TIME:
            frame[name] = pd.to_datetime(pd.Series(values, dtype="object"), utc=True).astype(dtype)
        elif dtype == "str":
            frame[name] = pd.Series([value or "" for value in values], dtype="str")
        else:
            frame[name] = pd.Series(values, dtype=dtype)
    return frame


def scored(*rows: dict[str, Any]) -> pd.DataFrame:
    """As `tickets`, without the columns that dispatch itself writes."""
    own = ["first_response_due_at", "sla_state", "_text_key"]
    return tickets(*rows).drop(columns=own)


def cases(name: str) -> list[Any]:
    """The rows of tests/cases/<name>.jsonl as parameters; known failures under strict xfail."""
    lines = (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    known = pytest.mark.xfail(strict=True, reason="known failure")
    return [
        pytest.param(
            row["input"],
            row["expected"],
            id=row["comment"],
            marks=[known] if row.get("expect") == "fail" else [],
        )
        for row in rows
    ]
