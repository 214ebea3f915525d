"""Rising issues as the small table that report.html has a place for."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from pipeline.output.report.options import Key, Table

#: More do not help to decide what to do today.
ROWS: Final = 10
#: So many are told on the first screen.
_FIRST: Final = 2
#: What a kind of `pipeline.insights.rising` is called on the page.
_KINDS: Final[dict[str, str]] = {
    "sku": "SKU",
    "seller_id": "seller",
    "reason": "",
    "phrase": "words",
}
_HEADING: Final = {"en": "Rising issues", "zh-Hans": "上升的问题"}
_NOTE: Final = {
    "en": "Compared with all other complaints of the same days and the eight weeks before. At most "
    "one in twenty should be chance.",
    "zh-Hans": "与同期其他投诉及此前八周相比；预计误报不超过二十分之一。",
}
_HEAD: Final[tuple[Mapping[str, str], ...]] = (
    {"en": "About", "zh-Hans": "内容"},
    {"en": "Reason", "zh-Hans": "原因"},
    {"en": "From, to", "zh-Hans": "起止"},
    {"en": "Tickets", "zh-Hans": "工单"},
    {"en": "Expected", "zh-Hans": "预期"},
)


def rising_table(issues: pd.DataFrame) -> Table | None:
    """The first issues of `rising.rising`, for a reader; None when there are none.

    >>> day = pd.Timestamp("2026-11-20T00:00Z")
    >>> issue = {"kind": "sku", "value": "A-1", "reason": "unsafe", "tickets": 9}
    >>> issue |= {"first_day": day, "last_day": day, "expected": 0.52}
    >>> rising_table(pd.DataFrame([issue])).rows
    [('SKU A-1', Key(name='reason.unsafe'), '2026-11-20 – 2026-11-20', 9, 0.5)]
    """
    if issues.empty:
        return None
    rows = [
        (
            f"{_KINDS.get(issue['kind'], issue['kind'])} {issue['value']}".strip(),
            Key(f"reason.{issue['reason']}") if issue["reason"] else "",
            f"{issue['first_day']:%Y-%m-%d} – {issue['last_day']:%Y-%m-%d}",
            int(issue["tickets"]),
            round(float(issue["expected"]), 1),
        )
        for issue in issues.head(ROWS).to_dict("records")
    ]
    first = [(about, reason, tickets, expected) for about, reason, _, tickets, expected in rows]
    return Table(_HEADING, _NOTE, _HEAD, rows, first[:_FIRST])
