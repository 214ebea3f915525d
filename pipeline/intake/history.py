"""Read what happened to tickets: audit logs in one cell, as JSON or as plain text.

Two forms are read, in the words of [history] in columns.toml:

JSON      a list of objects ``{"at": ..., "event": ..., "to": ...}``
text      ``2026-11-20T10:00:00Z reply agent; 2026-11-20T11:00Z status pending``

Out comes the text form in order of time, with the names of `ticket.EVENTS`, which
`pipeline.history` reads. What cannot be read is left out and counted.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from pipeline.history import SEPARATOR, Event, render
from pipeline.intake.times import times
from pipeline.rules.columns import ColumnRules, fold
from pipeline.ticket import EVENTS

#: Names of the parts of an event in JSON, the most telling first.
_AT: Final = ("at", "time", "timestamp", "created_at", "date")
_EVENT: Final = ("event", "type", "action", "field")
_TO: Final = ("to", "by", "what", "new", "author", "status", "level", "policy")
_SPLIT: Final = re.compile(r"\s*(?:;|\n)\s*")
#: A time with a blank between date and clock is two words.
_CLOCK: Final = re.compile(r"\d{1,2}:")

#: Time, kind and name of an event, as the export writes them.
_Raw = tuple[str, str, str]


def histories(cells: pd.Series, rules: ColumnRules) -> tuple[pd.Series, pd.Series]:
    """Return the histories as text, and which cells held something that was left out.

    >>> from pipeline.rules.columns import load
    >>> cells = ['[{"at": "2026-11-20 10:00", "event": "comment", "to": "Agent"}]', "called him"]
    >>> read, left_out = histories(pd.Series(cells, dtype="str"), load())
    >>> read.tolist(), left_out.tolist()
    (['2026-11-20T10:00:00Z reply agent', ''], [False, True])
    """
    raw = [_split(cell) for cell in cells.tolist()]
    flat = [at for events in raw for at, _, _ in events]
    stamps = times(pd.Series(flat, dtype="str"), day_first=True, rules=rules)
    moments = zip(stamps.astype("int64") // 1_000_000, stamps.notna(), strict=True)
    read, broken = [], []
    for events in raw:
        named = [(*next(moments), *_named(one, rules)) for one in events]
        sound = [Event(at, kind, what) for at, timed, kind, what in named if timed and kind]
        read.append(render(sound))
        broken.append(len(sound) < len(events))
    return pd.Series(read, cells.index, dtype="str"), pd.Series(broken, cells.index, dtype=bool)


def _split(cell: str) -> list[_Raw]:
    """The events of one cell, unread; a cell that is no list of events gives one that is none."""
    if not cell:
        return []
    if not cell.startswith("["):
        return [_words(one) for one in _SPLIT.split(cell.strip(SEPARATOR)) if one]
    try:
        listed = json.loads(cell)
    except (ValueError, RecursionError):
        return [("", "", "")]
    return [_parts(one) if isinstance(one, dict) else ("", "", "") for one in listed]


def _words(text: str) -> _Raw:
    at, *rest = text.split(" ")
    if rest and _CLOCK.match(rest[0]):
        at = f"{at} {rest.pop(0)}"
    return at, rest[0] if rest else "", " ".join(rest[1:])


def _parts(event: Mapping[str, Any]) -> _Raw:
    at, kind, to = (
        str(next((event[key] for key in keys if event.get(key) not in (None, "")), ""))
        for keys in (_AT, _EVENT, _TO)
    )
    return at, kind, to


def _named(event: _Raw, rules: ColumnRules) -> tuple[str, str]:
    """Kind of the event and what it names, in our words; two empty ones when not known."""
    _, kind, to = event
    kind = rules.events.get(fold(kind), "")
    if kind == "policy":
        return (kind, to) if to and not re.search(r"[\s;]", to) else ("", "")
    if not EVENTS.get(kind):
        return kind, ""
    words = rules.statuses if kind == "status" else rules.events
    what = words.get(fold(to), "")
    return (kind, what) if what in EVENTS[kind] else ("", "")
