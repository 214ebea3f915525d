"""The report: one HTML file that needs no network and runs no script."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa

#: Tickets of the queue that the page shows; the rest are in queue.csv.
TOP: Final = 100

#: Count: its heading. The order is the order on the page.
_CHARTS: Final = {
    "category": "Category",
    "urgency_level": "Urgency level",
    "team": "Team",
    "sla_state": "First response",
    "language": "Language",
    "reason": "Reason",
}
#: These keep the order of the vocabulary; the others are sorted by count.
_IN_ORDER: Final = ("urgency_level", "sla_state")
_BARS_AT_MOST: Final = 25


class Bar(NamedTuple):
    """One line of a chart; `width` and `share` in percent."""

    label: str
    size: int
    share: float
    width: float


def bars(counts: Mapping[str, int], *, by_count: bool = True) -> list[Bar]:
    """The lines of a chart, the longest bar 100 wide; many small ones become "(others)".

    >>> bars({"zh-Hans": 3, "en": 1})
    [Bar(label='zh-Hans', size=3, share=75.0, width=100.0), \
Bar(label='en', size=1, share=25.0, width=33.3)]
    """
    items = [(label or "(none)", count) for label, count in counts.items()]
    if by_count:
        items.sort(key=lambda item: -item[1])
    rest = sum(count for _, count in items[_BARS_AT_MOST:])
    items = items[:_BARS_AT_MOST] + ([("(others)", rest)] if rest else [])
    total, longest = sum(counts.values()), max((count for _, count in items), default=0)
    return [
        Bar(label, count, round(100 * count / total, 1), round(100 * count / longest, 1))
        for label, count in items
    ]


def render(summary: Mapping[str, Any], top: pa.RecordBatch) -> str:
    """The page for `summary` and the first tickets of the queue (columns of queue.csv).

    The same summary gives the same text: nothing of ``timings`` is on the page. All values are
    escaped, and a content policy forbids scripts should one ever slip through.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = "{:,}".format
    template = environment.from_string(
        (Path(__file__).parent / "report.html").read_text(encoding="utf-8")
    )
    counts = summary["counts"]
    return template.render(
        summary=summary,
        stage=counts["stage"],
        charts=[
            (heading, bars(counts[name], by_count=name not in _IN_ORDER))
            for name, heading in _CHARTS.items()
        ],
        review=bars(counts["review_reason"]),
        rejected=bars(counts["rejected_reason"]),
        queue=_rows(top),
        sources=[_facts(source) for source in summary["sources"]],
    )


def _rows(top: pa.RecordBatch) -> list[dict[str, Any]]:
    rows = top.to_pylist()
    for row in rows:
        due = row["first_response_due_at"]
        row["first_response_due_at"] = f"{due:%Y-%m-%d %H:%M}" if due else ""
    return rows


def _facts(source: Any) -> dict[str, str]:
    """A source as words and values for a table; nested values become one line."""
    if not isinstance(source, Mapping):
        return {"file": str(source)}
    return {str(key): _line(value) for key, value in source.items() if value not in ("", None)}


def _line(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} → {_line(item)}" for name, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_line(item) for item in value)
    return str(value)
