"""Insights as tables for a terminal: the few lines of each that a person reads."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from pipeline.insights.findings import Findings
from pipeline.insights.history import History
from pipeline.output.terminal import printable

if TYPE_CHECKING:
    from rich.console import Console

_Columns = Mapping[str, Callable[[Any], str]]

_LINES: Final = 10
_FEW: Final = 3
_NOT_YET: Final = "too many still open"
#: Characters of words that are shown on any terminal.
_LEAST_WIDTH: Final = 8


def show(findings: Findings, history: History, console: "Console", by: str | None = None) -> None:
    """Print what is frequent, what rises, how well complaints are handled, and drift.

    :param by: A grouping of `kpi.GROUPINGS`: each of its groups gets a line of numbers.
    """
    last = history.tickets["created_at"].max()
    console.print(f"{len(history.tickets):,} tickets, the newest of {_day(last)}; UTC.\n")
    _rising(findings, console)
    _frequent(findings, console)
    _kpis(findings, console)
    if by is not None:
        _by_group(findings, by, console)
    _drift(findings, console)


def _rising(findings: Findings, console: "Console") -> None:
    rising = findings.rising
    _table(
        console,
        "Rising in the last four weeks",
        rising.head(_LINES).assign(
            what=[_named(kind, value) for kind, value in rising[["kind", "value"]].to_numpy()][
                :_LINES
            ],
            when=_span(rising).head(_LINES),
        ),
        _RISING,
        none="Nothing rises more than chance explains.",
    )
    busy = findings.busy_days.head(_FEW)
    if len(busy):
        busy = busy.assign(
            what=[_named(kind, value) for kind, value in busy[["kind", "value"]].to_numpy()]
        )
        _table(console, "Busy days of the last week", busy, _BUSY)


def _frequent(findings: Findings, console: "Console") -> None:
    frequent = findings.frequent
    shown = frequent.groupby("kind", sort=False).head(_FEW)
    shown = shown.assign(
        what=[
            _named(kind or "reason", value) for kind, value in shown[["kind", "value"]].to_numpy()
        ]
    )
    title = "Frequent in the last period (times: against the period before)"
    _table(console, title, shown, _FREQUENT, none="No complaints.")


def _kpis(findings: Findings, console: "Console") -> None:
    whole = findings.kpis[findings.kpis["by"] == "all"]
    shown = whole.assign(
        number=[_measure(row).replace("…", _NOT_YET) for row in whole.to_dict("records")],
        interval=[_interval(row) for row in whole.to_dict("records")],
        wanted=[_percent(one) if one == one else "" for one in whole["target"].astype(float)],
    )
    _table(console, "How complaints are handled", shown, _KPIS, none="No complaints.")


def _by_group(findings: Findings, by: str, console: "Console") -> None:
    chosen = findings.kpis[findings.kpis["by"] == by]
    cells = [_measure(row) for row in chosen.to_dict("records")]
    wide = chosen.assign(cell=cells).pivot(index="group", columns="kpi", values="cell").fillna("")
    wide = wide[[name for name in _BY_GROUP if name in wide]]
    wide.insert(0, "n", chosen.groupby("group")["n"].max())
    shown = wide.rename(columns=_BY_GROUP).rename_axis(by).reset_index()
    columns: _Columns = {name: str for name in shown.columns} | {"n": _count}
    _table(console, f"By {by}", shown, columns, none="The export names none.")


def _drift(findings: Findings, console: "Console") -> None:
    for kind, (index, word) in findings.drift.stability.items():
        console.print(f"Mix by {kind} since training: {word} (stability index {index:.2f}).")
    whole = findings.drift.accuracy.iloc[0]
    measured = whole["in_training"]
    known = f"; {measured:.0%} in training" if measured == measured else ""
    if whole["estimate"] == whole["estimate"]:
        console.print(
            f"Category likely right today: {whole['estimate']:.0%} "
            f"({whole['low']:.0%} to {whole['high']:.0%}){known}. Only labelling tells for sure."
        )


def _table(
    console: "Console",
    title: str,
    frame: pd.DataFrame,
    columns: _Columns,
    none: str = "",
) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not len(frame):
        console.print(f"{title}: {none}\n")
        return
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), title=title, title_justify="left"
    )
    cells = {name: [printable(form(one)) for one in frame[name]] for name, form in columns.items()}
    widths = {name: max(map(len, [name, *lines])) for name, lines in cells.items()}
    if "words" in widths:  # on a narrow terminal only words are cut
        others = sum(width for name, width in widths.items() if name != "words")
        widths["words"] = max(_LEAST_WIDTH, console.width - others - 2 * len(widths) - 2)
    for name, form in columns.items():
        side: Literal["left", "right"] = "left" if form is str else "right"
        table.add_column(name, justify=side, no_wrap=True, width=widths[name])
    for row in zip(*cells.values(), strict=True):
        table.add_row(*map(Text, row))
    console.print(table)


def _span(frame: pd.DataFrame) -> pd.Series:
    return pd.Series(
        [
            f"{first:%m-%d} to {last:%m-%d}"
            for first, last in zip(frame["first_day"], frame["last_day"], strict=True)
        ],
        index=frame.index,
        dtype="str",
    )


def _named(kind: str, value: str) -> str:
    return f"{kind} {value}".strip()


def _measure(row: Mapping[Any, Any]) -> str:
    if row["unit"] == "hours":
        return f"{row['value']:.1f} h" if np.isfinite(row["value"]) else "…"
    return _percent(row["value"])


def _interval(row: Mapping[Any, Any]) -> str:
    if row["unit"] == "share":
        return f"{_percent(row['low'])} to {_percent(row['high'])}"
    low, high = (f"{row[end]:.1f} h" if np.isfinite(row[end]) else "?" for end in ("low", "high"))
    return "" if low == high == "?" else f"{low} to {high}"


def _day(value: pd.Timestamp) -> str:
    return "" if pd.isna(value) else f"{value:%Y-%m-%d}"


def _count(value: int) -> str:
    return f"{value:,}"


def _one(value: float) -> str:
    return f"{value:.1f}" if np.isfinite(value) else ""


def _percent(value: float) -> str:
    return f"{value:.0%}"


#: What a line of a group shows, and its short name.
_BY_GROUP: Final = {
    "first_response_median": "answer",
    "answered_within_24h": "24 h",
    "deadline_met": "in time",
    "resolution_median": "solved in",
    "resolution_rate": "solved",
    "satisfaction": "happy",
}
_RISING: Final[_Columns] = {
    "what": str,
    "reason": str,
    "when": str,
    "tickets": _count,
    "expected": _one,
    "times": _one,
}
_BUSY: Final[_Columns] = {
    "what": str,
    "day": _day,
    "tickets": _count,
    "expected": _one,
    "times": _one,
}
_FREQUENT: Final[_Columns] = {
    "what": str,
    "reason": str,
    "tickets": _count,
    "share": _percent,
    "times": _one,
    "words": str,
}
_KPIS: Final[_Columns] = {
    "kpi": str,
    "n": _count,
    "number": str,
    "interval": str,
    "wanted": str,
}
