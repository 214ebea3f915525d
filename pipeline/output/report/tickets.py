"""The tickets of the page as compact JSON: whole columns, repeated values by number."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

if TYPE_CHECKING:
    from pipeline.rules.load import Rules

#: Columns whose values repeat: each value once, and a number for each ticket.
_REPEATED: Final = (
    "channel",
    "country",
    "status",
    "language",
    "category",
    "secondary_category",
    "reason",
    "urgency_level",
    "emotion",
    "team",
    "routing_rule",
    "suggested_action",
    "missing_information",
    "sla_policy",
    "sla_state",
    "next_step",
    "next_step_owner",
    "review_reason",
    "corrected",
    "customer_tier",
    "currency",
    "_cue",
)


def packed(head: pa.RecordBatch, rules: "Rules | None", *, now: datetime) -> dict[str, Any]:
    """The tickets `head` (columns of `head.COLUMNS`) as what JSON can hold.

    Times are seconds since 1970; missing values are null.
    """
    columns = {name: _plain(head.column(name), name) for name in head.schema.names}
    return {
        "count": head.num_rows,
        "now": int(now.timestamp()),
        "columns": columns,
        "policies": _policies(rules),
        "rules": {rule.id: rule.note for rule in rules.routing.rules if rule.note} if rules else {},
    }


def to_json(value: Any) -> str:
    """`value` as JSON that may stand inside a script element: no tag can begin or end in it.

    >>> to_json("</script><!--")
    '"\\\\u003c/script\\\\u003e\\\\u003c!--"'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in _UNSAFE:
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


_UNSAFE: Final = "<>&\u2028\u2029"


def _plain(column: pa.Array, name: str) -> Any:
    if name in _REPEATED:
        coded = column.dictionary_encode()
        return {"of": coded.dictionary.to_pylist(), "at": coded.indices.to_pylist()}
    if pa.types.is_timestamp(column.type):
        micros = column.cast(pa.int64())
        return [None if one is None else one // 1_000_000 for one in micros.to_pylist()]
    if pa.types.is_boolean(column.type):
        return [int(bool(one)) for one in column.to_pylist()]
    values = column.to_pylist()
    if pa.types.is_floating(column.type):
        return [one if one is not None and abs(one) < _FINITE else None for one in values]
    return values


_FINITE: Final = float("inf")


def _policies(rules: "Rules | None") -> dict[str, Any]:
    """Seconds allowed by level, and the calendar they are counted by, of each policy."""
    if rules is None:
        return {}
    from pipeline.ticket import LEVELS

    return {
        policy.id: {
            "allowed": dict(zip(LEVELS, policy.first_response, strict=True)),
            "calendar": policy.calendar.id if policy.calendar else "",
        }
        for policy in rules.sla.policies.values()
    }
