"""Which columns go into which file, in which order, of which Arrow type, how finely rounded."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import pyarrow as pa

from pipeline import ticket

#: Formats that ``--format`` may name for triaged.*; the working lists are always csv as well.
FORMATS: Final = ("csv", "jsonl", "parquet", "xlsx")

#: Rows handled at once while writing. Files do not depend on the size of the batches they came
#: from, because rows are regrouped to this size first. 10,000 rows of 45 columns and 200
#: characters are about 10 MB; larger groups were not faster.
GROUP_ROWS: Final = 10_000

#: The promise to customers who were let down: a call back within three days of the solution.
FOLLOW_UP_WITHIN: Final = timedelta(days=3)
#: "Dissatisfied" on the usual scale of 1 to 5.
LOW_CSAT: Final = 2

#: Decimals of the numbers that we compute; a finer digit would be noise, not information.
DECIMALS: Final = {"urgency": 1, "priority": 1}
PROBABILITY_DECIMALS: Final = 4

#: What a supervisor wants to see first, from left to right.
QUEUE_COLUMNS: Final = (
    "rank",
    "priority",
    "priority_parts",
    "ticket_id",
    "urgency_level",
    "urgency",
    "first_response_due_at",
    "sla_state",
    "team",
    "category",
    "reason",
    "language",
    "country",
    "channel",
    "customer_id",
    "order_id",
    "order_value",
    "currency",
    "created_at",
    "status",
    "repeat_contacts",
    "incident_id",
    "incident_size",
    "needs_review",
    "review_reason",
    "suggested_action",
    "acknowledgement",
    "missing_information",
    "explanation",
    "text",
)

#: What the person who checks the machine may fill in; `--previous` takes it over.
RIGHT: Final = tuple(f"right_{name}" for name in ticket.CORRECTABLE)
#: For the person who checks the machine: why to look, what it said and how sure it was.
REVIEW_COLUMNS: Final = (
    *RIGHT,
    "ticket_id",
    "review_reason",
    "suspicion",
    "status",
    "rank",
    "language",
    "language_confidence",
    "category",
    "category_confidence",
    "secondary_category",
    "reason",
    "reason_confidence",
    "urgency_level",
    "urgency",
    "team",
    "routing_rule",
    "keywords",
    "explanation",
    "text",
)

#: For the person who calls back: until when, whom, about what.
FOLLOWUP_COLUMNS: Final = (
    "follow_up_by",
    "follow_up_reason",
    "ticket_id",
    "urgency_level",
    "csat",
    "resolved_at",
    "status",
    "team",
    "agent",
    "category",
    "reason",
    "emotion",
    "language",
    "country",
    "channel",
    "customer_id",
    "customer_tier",
    "order_id",
    "order_value",
    "currency",
    "text",
)

REJECTED_COLUMNS: Final = ("file", "line", "reason", "raw")

_ARROW: Final = {
    "str": pa.large_string(),
    "float64": pa.float64(),
    "Int64": pa.int64(),
    "bool": pa.bool_(),
    ticket.TIME: pa.timestamp("us", "UTC"),
}
_TYPES: Final = {
    **{column.name: _ARROW[column.dtype] for column in ticket.COLUMNS},
    "file": pa.large_string(),
    "line": pa.int64(),
    "raw": pa.large_string(),
    "note": pa.large_string(),
    **dict.fromkeys(RIGHT, pa.large_string()),
    "follow_up_reason": pa.large_string(),
    "size": pa.int64(),
    "open": pa.int64(),
    "customers": pa.int64(),
    "value_at_risk_usd": pa.float64(),
    **dict.fromkeys(("first_at", "last_at", "next_due_at"), pa.timestamp("us", "UTC")),
    "follow_up_by": pa.timestamp("us", "UTC"),
}


def arrow_type(name: str) -> pa.DataType | None:
    """The Arrow type that column `name` always has; None: whatever its values are.

    >>> arrow_type("text"), arrow_type("p_billing"), arrow_type("_text_key")
    (DataType(large_string), DataType(double), None)
    """
    if name in _TYPES:
        return _TYPES[name]
    return pa.float64() if name.startswith("p_") else None


def decimals(name: str) -> int | None:
    """How many decimals are written of column `name`; None: as many as it has.

    >>> decimals("p_quality"), decimals("language_confidence"), decimals("urgency")
    (4, 4, 1)
    >>> decimals("order_value") is None
    True
    """
    if name.startswith("p_") or name.endswith("_confidence"):
        return PROBABILITY_DECIMALS
    return DECIMALS.get(name)


def public_columns(found: Iterable[str]) -> list[str]:
    """The columns of triaged.* in order, for a frame that has the columns `found`.

    Those are `ticket.COLUMNS`; the p_<label> columns of a model with other labels take the
    place of p_quality ... p_other, in the order of `found`.

    :raises ValueError: A column of the contract is missing.

    >>> names = [c.name for c in ticket.COLUMNS if c.name not in ticket.PROBABILITY_COLUMNS]
    >>> public_columns([*names, "p_refund", "p_billing", "_private"])[13:18]
    ['secondary_category', 'p_refund', 'p_billing', 'reason', 'reason_confidence']
    """
    names = list(found)
    fixed = [column.name for column in ticket.COLUMNS]
    labels = [n for n in names if n.startswith("p_") and n != "p_urgent"]
    missing = set(fixed) - set(names) - set(ticket.PROBABILITY_COLUMNS)
    if missing:
        raise ValueError(f"scored tickets lack the columns {', '.join(sorted(missing))}")
    at = fixed.index(ticket.PROBABILITY_COLUMNS[0])
    rest = [n for n in fixed[at:] if n not in ticket.PROBABILITY_COLUMNS]
    return [*fixed[:at], *labels, *rest]


def schema(columns: Iterable[str]) -> pa.Schema:
    """The Arrow schema of `columns`; a column without a declared type is text."""
    return pa.schema([(name, arrow_type(name) or pa.large_string()) for name in columns])
