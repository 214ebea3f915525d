"""How one file is read, and what has been met so far."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pipeline import ticket
from pipeline.intake.rows import Table
from pipeline.intake.source import Source
from pipeline.intake.survey import Habits
from pipeline.rules.columns import ColumnRules

_WORDS_LISTED: Final = 5
_DOUBTS_LISTED: Final = 5


@dataclass
class Seen:
    """64-bit digests of what earlier rows of this run held; about 140 bytes for each ticket."""

    rows: set[int] = field(default_factory=set)
    ids: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Plan:
    """How one file is read: found once, used for each of its batches.

    :ivar places: Place of the column that holds each field.
    :ivar counts: Counted so far in this file, for the notes.
    :ivar doubts: Doubts about rows that were read, in the order of the file.
    """

    table: Table
    places: Mapping[str, int]
    habits: Habits
    source: Source
    rules: ColumnRules
    extra: tuple[str, ...]
    now: datetime
    counts: Counter[str] = field(default_factory=Counter)
    unknown_states: Counter[str] = field(default_factory=Counter)
    doubts: list[str] = field(default_factory=list)


def notes_on(plan: Plan) -> tuple[str, ...]:
    """What a careful reader should know of the file, as far as it has been read."""
    count = plan.counts
    notes = [*plan.source.notes]
    if count["rows"] == 0:
        notes.append("no rows")
    if count["made up"]:
        notes.append(f"{count['made up']:,} tickets have no id: made up as file:line")
    if count["reused"]:
        notes.append(f"{count['reused']:,} tickets have the id of an earlier one, with other words")
    notes += [
        f"{name}: {count[name]:,} cells cannot be read and are left empty"
        for name in ticket.INPUT_COLUMNS
        if count[name]
    ]
    if count["events"]:
        notes.append(f"history: {count['events']:,} cells hold events that cannot be read")
    notes += plan.doubts[:_DOUBTS_LISTED]
    if len(plan.doubts) > _DOUBTS_LISTED:
        notes.append(f"stray quotes in {len(plan.doubts) - _DOUBTS_LISTED:,} more places")
    if plan.unknown_states:
        listed = ", ".join(
            f"{word!r} ({number:,})"
            for word, number in sorted(plan.unknown_states.items())[:_WORDS_LISTED]
        )
        total = plan.unknown_states.total()
        notes.append(f"status: {total:,} cells hold unknown words, taken as open: {listed}")
    return tuple(notes)
