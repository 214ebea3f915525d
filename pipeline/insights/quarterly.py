"""The quarterly report: complaints by type, result and handling time; satisfaction.

`report` works out sections of plain tables; `quarterly_files` writes them. A public report holds
aggregates only: no team, product, seller, ticket or text, and no count that tells of few people
(`pipeline.insights.publishing`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from pipeline.errors import PipelineError
from pipeline.insights.history import History, is_complaint
from pipeline.insights.kpi import KPIS, kpis
from pipeline.insights.publishing import LEAST, Item, Published, publish
from pipeline.insights.quarterly_words import Words
from pipeline.rules.reasons import Reason
from pipeline.ticket import CLOSED_STATES

#: A cell: text, a count, a share (0..1), hours, hidden (None) or not known (NaN).
Cell = str | int | float | None
_DONE, _OPEN = "resolved", "open"
_PARTS: Final = (_DONE, _OPEN)
#: A median of few is nearly the time of one person: in public it needs this many times more.
_TIMES: Final = 4
#: Digits of hours that are shown after the point.
_DIGITS: Final = 1


class Section(NamedTuple):
    """One table: heading, a line that explains it, and for each column its name and form."""

    heading: str
    note: str
    columns: Sequence[tuple[str, str]]
    """Name and form: text, count, share, hours, met."""
    rows: Sequence[Sequence[Cell]]


class Report(NamedTuple):
    """What is written: the title and its sections in order."""

    title: str
    quarter: str
    about: str
    words: Words
    sections: Sequence[Section]


def report(
    history: History,
    reasons: Mapping[str, Reason],
    words: Words,
    *,
    quarter: str | None = None,
    public: bool = False,
    least: int = LEAST,
) -> Report:
    """The report of one quarter (``2026Q4``; default: that of the newest complaint).

    :param public: Only what may be published; counts below `least` are hidden.
    :raises PipelineError: No such quarter, or no complaint in it.
    """
    complaints = history.tickets[is_complaint(history.tickets)]
    period = _period(complaints["created_at"], quarter)
    chosen = complaints[_quarters(complaints["created_at"]) == str(period)].reset_index(drop=True)
    if chosen.empty:
        raise PipelineError(f"There is no complaint of {period} in these results. Give --quarter.")
    numbers = kpis(chosen, history.now)
    splits = _splits(chosen, public=public)
    published = publish(splits, least if public else 0)
    make = _Maker(chosen, numbers, published, reasons, words, least if public else 0, history.now)
    sections = [make.headlines(), make.by_type(splits["type"])]
    sections += [make.split(name, table) for name, table in splits.items() if name != "type"]
    end = period.end_time.tz_localize("UTC")
    about = words("public_about" if public else "about").format(
        count=_text(published.shown(Item("", "", "")), words),
        start=f"{period.start_time:%Y-%m-%d}",
        end=f"{min(end, history.now):%Y-%m-%d}",
        now=f"{history.now:%Y-%m-%d %H:%M}",
        least=least,
    )
    title = words("title").format(year=period.year, quarter=period.quarter)
    if history.now < end:
        title += words("so_far").format(now=f"{history.now:%Y-%m-%d}")
    return Report(title, str(period), about, words, sections)


def _period(created: pd.Series, quarter: str | None) -> pd.Period:
    if quarter is None:
        if created.isna().all():
            raise PipelineError("No complaint in these results says when it came in.")
        return pd.Period(created.max().tz_localize(None), "Q")
    if not re.fullmatch(r"\d{4}Q[1-4]", quarter):
        raise PipelineError(f"--quarter must be like 2026Q4. Got {quarter!r} instead.")
    return pd.Period(quarter, "Q")


def _quarters(created: pd.Series) -> pd.Series:
    return created.dt.tz_localize(None).dt.to_period("Q").astype(str)


def _splits(complaints: pd.DataFrame, *, public: bool) -> dict[str, pd.DataFrame]:
    """Counts by result, for each way of splitting."""
    keys = {
        "type": complaints["category"] + "/" + complaints["reason"].replace("", "unclear"),
        "month": complaints["created_at"].dt.strftime("%Y-%m"),
        "language": complaints["language"].replace("", "und"),
    }
    if not public:
        keys |= {name: complaints[name].replace("", "–") for name in ("team", "country", "channel")}
    closed = complaints["status"].isin(CLOSED_STATES)
    result = np.where(closed, _DONE, _OPEN)
    return {
        name: pd.crosstab(key, result).reindex(columns=list(_PARTS), fill_value=0)
        for name, key in keys.items()
    }


class _Maker(NamedTuple):
    """What the sections are made of."""

    complaints: pd.DataFrame
    numbers: pd.DataFrame
    published: Published
    reasons: Mapping[str, Reason]
    words: Words
    least: int
    now: pd.Timestamp

    def headlines(self) -> Section:
        """Each KPI of the quarter against what is wanted."""
        whole = self.numbers[self.numbers["by"] == "all"].set_index("kpi").to_dict("index")
        rows: list[Sequence[Cell]] = []
        for name, kpi in KPIS.items():
            if name not in whole or (self.least and name == "resolution_rate"):
                continue  # in public the table by type says what may be said of it
            if self._veiled():
                rows.append((self.words(name), None, None, _target(kpi.target), None))
                continue
            row = whole[name]
            value, n = float(row["value"]), int(row["n"])
            if self.least and kpi.unit == "share" and not self._harmless(value, n):
                rows.append((self.words(name), None, None, _target(kpi.target), None))
                continue
            met = "" if kpi.target is None else self.words("yes" if row["met"] else "no")
            shown = _hours(value) if kpi.unit == "hours" else f"{value:.0%}"
            rows.append((self.words(name), shown, self._count(n), _target(kpi.target), met))
        columns = [("measure", "text"), ("value", "text"), ("n", "count")]
        columns += [("wanted", "text"), ("met", "text")]
        return self._section("headlines", columns, rows)

    def by_type(self, table: pd.DataFrame) -> Section:
        """Categories with their reasons: how many, the result, the handling time."""
        rows: list[Sequence[Cell]] = []
        sizes = table.sum(axis=1)
        categories = sizes.groupby(sizes.index.str.split("/").str[0]).sum()
        for category in categories.sort_values(ascending=False, kind="stable").index:
            inside = sizes[sizes.index.str.startswith(f"{category}/")]
            rows.append(self._row("type", category, self.words(category)))
            rows += [
                self._row("type", str(name), f"    {self._reason(str(name).split('/')[1])}")
                for name in inside.sort_values(ascending=False, kind="stable").index
            ]
        rows.append(self._row("type", "", self.words("all")))
        columns = [*self._columns("type"), ("first_response", "hours"), ("resolution", "hours")]
        return self._section("type", columns, rows)

    def split(self, name: str, table: pd.DataFrame) -> Section:
        """One way of splitting: how many, and the result."""
        order = table.index
        if name != "month":
            order = table.sum(axis=1).sort_values(ascending=False, kind="stable").index
        rows = [self._row(name, str(value), str(value), times=False) for value in order]
        return self._section(name, self._columns(name), rows)

    def _row(self, table: str, row: str, label: str, *, times: bool = True) -> Sequence[Cell]:
        whole, done, waiting = (
            self.published.shown(Item(table if row else "", row, part)) for part in ("", *_PARTS)
        )
        everything = self.published.shown(Item("", "", ""))
        share = None if whole is None or not everything else whole / everything
        rate = None if done is None or not whole else done / whole
        cells: list[Cell] = [label, whole, share, done, waiting, rate]
        if times:
            hidden = whole is None or whole < self.least * _TIMES
            cells += [None, None] if hidden else self._times(row)
        return cells

    def _times(self, row: str) -> list[Cell]:
        """Median hours to the first answer and to the resolution."""
        category, _, reason = row.partition("/")
        chosen = self.complaints
        if category:
            chosen = chosen[chosen["category"] == category]
        if reason:
            chosen = chosen[chosen["reason"].replace("", "unclear") == reason]
        found = kpis(chosen, self.now)
        whole = found[found["by"] == "all"].set_index("kpi")["value"]
        names = ("first_response_median", "resolution_median")
        hours = [float(whole.get(name, np.nan)) for name in names]
        # A workbook holds what its cells show: more digits are the time of one complaint.
        return [round(one, _DIGITS) if self.least else one for one in hours]

    def _columns(self, first: str) -> list[tuple[str, str]]:
        counts = [(_DONE, "count"), (_OPEN, "count"), ("resolved_share", "share")]
        return [(first, "text"), ("complaints", "count"), ("share", "share"), *counts]

    def _section(
        self, name: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Cell]]
    ) -> Section:
        named = [(self.words(column), form) for column, form in columns]
        return Section(self.words(f"{name}_heading"), self.words(f"{name}_note"), named, rows)

    def _reason(self, name: str) -> str:
        if name not in self.reasons:
            return name
        found = self.reasons[name]
        return found.zh if self.words.language.startswith("zh") else found.en

    def _count(self, n: int) -> int | None:
        """The number, hidden when it, or what is left of all complaints, tells of few."""
        left = len(self.complaints) - n
        return None if any(0 < part < self.least for part in (n, left)) else n

    def _veiled(self) -> bool:
        """Whether a total is hidden: how many were counted or resolved would tell it again."""
        totals = (Item("", "", part) for part in ("", *_PARTS))
        return any(self.published.shown(total) is None for total in totals)

    def _harmless(self, share: float, n: int) -> bool:
        """Whether a share of n tells of no group smaller than what is hidden elsewhere."""
        hits = round(share * n)
        return not any(0 < part < self.least for part in (hits, n - hits))


def _target(target: float | None) -> str:
    return "" if target is None else f"{target:.0%}"


def _hours(hours: float) -> str:
    return f"{hours:.1f} h" if np.isfinite(hours) else "…"


def _text(count: int | None, words: Words) -> str:
    return words("few") if count is None else f"{count:,}"


Form = Callable[[Cell], str]


def shown(value: Cell, form: str) -> str:
    """A cell as text: "—" is hidden, "…" not reached yet (too many are still open).

    >>> shown(0.856, "share"), shown(1234, "count"), shown(None, "count"), shown(7.26, "hours")
    ('86%', '1,234', '—', '7.3 h')
    >>> shown(float("inf"), "hours"), shown(float("nan"), "hours")
    ('…', '')
    """
    if value is None:
        return "—"
    if isinstance(value, str):
        return value
    if value != value:
        return ""
    if not np.isfinite(value):
        return "…"
    return _FORMS[form](value)


_FORMS: Final[Mapping[str, Form]] = {
    "text": str,
    "count": "{:,.0f}".format,
    "share": "{:.0%}".format,
    "hours": "{:.1f} h".format,
}
