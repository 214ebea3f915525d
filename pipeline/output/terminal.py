"""The short table at the end of a run."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Count: its heading, and how many lines of it are shown.
_BLOCKS: Final = {
    "category": ("Category", 8),
    "urgency_level": ("Level", 4),
    "language": ("Language", 8),
    "team": ("Team", 8),
}

#: Controls (escape codes start with one), marks that turn the direction of text, lone halves.
_CONTROLS: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """`text` without anything that steers a terminal.

    >>> printable("red\x1b[31m 坏\u202e\\n")
    'red[31m 坏'
    """
    return _CONTROLS.sub("", text)


def show(summary: Mapping[str, Any], console: "Console", *, out: Path | None = None) -> None:
    """Print counts by category, level, language and team, what to look at, files and notes."""
    from rich.columns import Columns
    from rich.text import Text

    counts = summary["counts"]
    stage = counts["stage"]
    tables = [_block(h, counts[name], most) for name, (h, most) in _BLOCKS.items()]
    console.print(Columns(tables, padding=(0, 3)))
    for line in [*_lines(stage, out), *summary.get("notes", ())]:
        console.print(Text(printable(line)), soft_wrap=True)


def _block(heading: str, counts: Mapping[str, int], most: int) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(heading)
    table.add_column("tickets", justify="right")
    items = list(counts.items())
    if heading != "Level":  # levels keep their own order
        items.sort(key=lambda item: -item[1])
    rest = sum(count for _, count in items[most:])
    for label, count in items[:most] + ([("others", rest)] if rest else []):
        # Text, not str: square brackets in a label are no markup.
        table.add_row(Text(printable(label) or "(none)"), f"{count:,}")
    return table


def _lines(stage: Mapping[str, int], out: Path | None) -> list[str]:
    folder = f"{out.as_posix()}/" if out else ""
    shown = [
        ("tickets", stage["accepted"], "triaged.*"),
        ("open, by rank", stage["open"], "queue.csv and queues/"),
        ("to review", stage["review"], "review.csv"),
        ("to call back", stage["followup"], "followup.csv"),
        ("rows rejected", stage["rejected"], "rejected.csv"),
    ]
    lines = [f"{count:>10,}  {what:<14} {folder}{name}" for what, count, name in shown]
    return [*lines, f"{'':>10}  {'report':<14} {folder}report.html"]
