"""What the page shows, worked out of the summary and the figures: lists for the template."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import pyarrow as pa

from pipeline import __version__
from pipeline.output.report import forecast, weeks
from pipeline.output.report.figures import GAPS, Figures, day_name
from pipeline.output.report.head import without_turns
from pipeline.output.report.options import ReportInfo
from pipeline.output.report.worries import worries

#: Bars of a chart before the rest is put together.
_BARS: Final = 12
#: Lines of a table of the week that are open from the start.
_WEEK_ROWS: Final = 8
#: Incidents shown; all are in incidents.csv.
_INCIDENTS: Final = 20
#: Columns of the chart by time; a longer time is shown by weeks.
_DAYS_SHOWN: Final = 62
#: A language with fewer tickets has no mean worth a sentence.
ENOUGH: Final = 20
#: A missing value is worth saying when so many tickets lack it.
_GAP_SHARE: Final = 0.2
#: A newest ticket older than this (days) is a problem of the data.
_OLD: Final = 2
#: Hours in which a deadline is near.
_SOON: Final = 24
#: A smaller share in percent is not told apart.
_SMALLEST: Final = 0.1

#: Chart: the count of the summary (None: a cross of the figures), what its values are called.
_CHARTS: Final = (
    ("chart_category", "category", "category"),
    ("chart_reason", "reason", "reason"),
    ("chart_level", "urgency_level", "level"),
    ("chart_language", "language", "language"),
    ("chart_country", None, "country"),
    ("chart_channel", None, "channel"),
    ("chart_team", "team", "team"),
    ("chart_state", "sla_state", "state"),
    ("chart_emotion", "emotion", "emotion"),
)
#: These keep the order of the vocabulary.
_IN_ORDER: Final = ("level", "state", "emotion")


class Bar(NamedTuple):
    """One line of a chart: `share` of all, `width` beside the longest (both 0..1)."""

    value: str
    size: int
    share: float
    width: float


def bars(counts: Mapping[str, int], *, by_count: bool = True, at_most: int = _BARS) -> list[Bar]:
    """The lines of a chart; many small ones become "(others)".

    >>> bars({"zh-Hans": 3, "en": 1})
    [Bar(value='zh-Hans', size=3, share=0.75, width=1.0), Bar(value='en', size=1, share=0.25, \
width=0.3333333333333333)]
    """
    items = [(value, size) for value, size in counts.items() if value != "(others)"]
    rest = counts.get("(others)", 0)
    if by_count:
        items.sort(key=lambda item: (-item[1], item[0]))
    if len(items) > at_most + 1:
        rest += sum(size for _, size in items[at_most:])
        items = items[:at_most]
    items += [("(others)", rest)] if rest else []
    total, longest = sum(counts.values()), max((size for _, size in items), default=0)
    return [Bar(value, size, size / total, size / longest) for value, size in items]


def view(summary: Mapping[str, Any], figures: Figures, info: ReportInfo) -> dict[str, Any]:
    """Everything the template shows, by section."""
    youngest = figures.youngest
    outlook = forecast.outlooks(figures.crosses, youngest=youngest)
    changes = {
        kind: weeks.changes(figures.crosses[f"age_{kind}"], youngest=youngest)
        for kind in ("reason", "category", "country", "language", "channel")
    }
    return {
        "now": summary["now"].replace("T", " ").removesuffix(":00Z").removesuffix("Z"),
        "youngest": youngest,
        "tiles": _tiles(summary, figures),
        "new": _new(changes),
        "week_total": _totals(changes["reason"]),
        "outlook": outlook,
        "worries": worries(outlook),
        "has_pace": any(one.pace is not None for one in outlook),
        "weeks": [
            (f"by_{kind}", kind, changes[kind][:_WEEK_ROWS], changes[kind][_WEEK_ROWS:])
            for kind in ("reason", "country", "language", "channel")
        ],
        "time": _time(figures, summary["counts"]["category"]),
        "charts": [
            _chart(heading, count, kind, summary["counts"], figures)
            for heading, count, kind in _CHARTS
        ],
        "review": bars(summary["counts"]["review_reason"]),
        "rejected": bars(summary["counts"]["rejected_reason"]),
        "sure": _sure(summary["counts"], figures, info.tested),
        "histogram": _histogram(figures),
        "problems": _problems(summary, figures, youngest),
        "sources": [_source(source) for source in summary["sources"]],
        "version": __version__,
    }


def _tiles(summary: Mapping[str, Any], figures: Figures) -> list[tuple[str, int, str, str]]:
    """Key of the words, number, colour, where it leads.

    Late and due are counted by the next step that is owed, as the queue shows them.
    """
    stage = summary["counts"]["stage"]
    owed = figures.crosses["step_due"].items()
    late = sum(count for (_, hour), count in owed if hour < 0)
    due = sum(count for (_, hour), count in owed if 0 <= hour < _SOON)
    return [
        ("tile_tickets", stage["accepted"], "", "intake"),
        ("tile_open", stage["open"], "", "queue"),
        ("tile_late", late, "critical" if late else "", "queue"),
        ("tile_due", due, "", "queue"),
        ("tile_review", stage["review"], "", "review"),
        ("tile_followup", stage["followup"], "", ""),
        ("tile_incidents", summary["incidents"]["count"], "", "incidents"),
        ("tile_rejected", stage["rejected"], "", "data"),
    ]


def _new(changes: Mapping[str, Sequence[weeks.Change]]) -> list[tuple[str, weeks.Change]]:
    """What rose clearly, the largest first: at most three, of any kind."""
    rose = [
        (kind, one)
        for kind in ("reason", "category", "country", "language")
        for one in changes[kind]
        if one.rose and one.name not in ("", "(others)")
    ]
    return sorted(rose, key=lambda item: -item[1].strength)[:3]


def _totals(changes: Sequence[weeks.Change]) -> tuple[int, int]:
    return sum(one.now for one in changes), sum(one.before for one in changes)


def _time(figures: Figures, categories: Mapping[str, int]) -> dict[str, Any]:
    """Tickets by day (or week) and category: rows of (date, counts in the order of the legend)."""
    legend = list(categories)
    days: dict[int, Counter[str]] = {}
    for (day, category), count in figures.crosses["day_category"].items():
        if day >= 0:
            days.setdefault(day, Counter())[category] += count
    if not days:
        return {"legend": legend, "rows": [], "step": 1, "highest": 0}
    last = max(days)
    step = 1 if last - min(days) < _DAYS_SHOWN else 7
    # Stray dates of long ago must not flatten the picture: the chart ends at so many columns.
    steps = min((last - min(days)) // step + 1, _DAYS_SHOWN)
    first = last - steps * step + 1
    rows = []
    for begin in range(first, last + 1, step):
        sums: Counter[str] = sum((days.get(begin + i, Counter()) for i in range(step)), Counter())
        rows.append((day_name(begin), [sums[category] for category in legend]))
    highest = max(sum(parts) for _, parts in rows)
    return {"legend": legend, "rows": rows, "step": step, "highest": highest}


def _chart(
    heading: str, count: str | None, kind: str, counts: Mapping[str, Any], figures: Figures
) -> tuple[str, str, list[Bar]]:
    found = counts[count] if count else {v: n for (v, _), n in figures.crosses[kind].items()}
    return heading, kind, bars(found, by_count=kind not in _IN_ORDER)


def incidents(listed: pa.RecordBatch) -> list[dict[str, Any]]:
    """The largest incidents; what all members share as pairs of column and value."""
    rows = listed.slice(0, _INCIDENTS).to_pylist()
    for row in rows:
        shared = filter(None, row["shared"].split("; "))
        row["example"] = without_turns(row["example"])
        row["shared"] = [tuple(one.split(" ", 1)) for one in shared if " " in one]
        days = [f"{row[name]:%Y-%m-%d}" for name in ("first_at", "last_at") if row[name]]
        row["days"] = " – ".join(dict.fromkeys(days))
        row["due"] = f"{row['next_due_at']:%Y-%m-%d %H:%M}" if row["next_due_at"] else "–"
    return rows


class Sureness(NamedTuple):
    """How sure the model is of one language: means and shares from 0 to 1."""

    language: str
    tickets: int
    share: float
    sure: float
    review: float
    tested: float | None


def _sure(
    counts: Mapping[str, Mapping[str, int]], figures: Figures, tested: Mapping[str, float]
) -> list[Sureness]:
    total = sum(counts["language"].values())
    found = [
        Sureness(
            language,
            tickets,
            tickets / total,
            figures.confidence[language] / tickets,
            figures.crosses["language_review"][language, 1] / tickets,
            tested.get(language),
        )
        for language, tickets in counts["language"].items()
    ]
    return sorted(found, key=lambda one: (-one.tickets, one.language))


def _histogram(figures: Figures) -> list[int]:
    sums: Counter[int] = Counter()
    for (_, step), count in figures.crosses["category_sure"].items():
        sums[step] += count
    return [sums[step] for step in range(10)]


def _problems(
    summary: Mapping[str, Any], figures: Figures, youngest: int
) -> list[tuple[str, tuple[Any, ...]]]:
    """Keys of sentences and their numbers."""
    stage = summary["counts"]["stage"]
    accepted = stage["accepted"]
    found: list[tuple[str, tuple[Any, ...]]] = []
    if stage["rejected"]:
        share = _percent(stage["rejected"], stage["read"])
        found.append(("problem_rejected", (stage["rejected"], share)))
    unknown = summary["counts"]["language"].get("und", 0)
    if unknown:
        found.append(("problem_und", (unknown, _percent(unknown, accepted))))
    if figures.later:
        found.append(("problem_later", (figures.later,)))
    if youngest > _OLD:
        found.append(("problem_old", (youngest,)))
    for name in GAPS:
        lacking = figures.gaps[name]
        if accepted and lacking >= _GAP_SHARE * accepted:
            found.append(("problem_gap", (lacking, name, _percent(lacking, accepted))))
    sources = [source for source in summary["sources"] if isinstance(source, Mapping)]
    notes = [(_file(source), str(note)) for source in sources for note in source.get("notes", ())]
    return found + [("problem_note", pair) for pair in notes]


def _percent(part: int, whole: int) -> str:
    percent = 100 * part / whole
    return f"{percent:.1f}" if percent >= _SMALLEST else f"< {_SMALLEST}"


def _file(source: Mapping[str, Any]) -> str:
    return str(source.get("file", "")).rpartition("/")[2]


def _source(source: Any) -> dict[str, Any]:
    """A source as the template shows it."""
    if not isinstance(source, Mapping):
        return {"file": str(source), "format": "", "mapping": []}
    mapping = source.get("mapping") or {}
    form = " · ".join(str(source[key]) for key in ("format", "encoding") if source.get(key))
    return {
        "file": str(source.get("file", "")),
        "format": form,
        "mapping": [(str(a), str(b)) for a, b in mapping.items()],
    }
