"""What happened to a ticket: the events of its column ``history``.

Everything that is said about deadlines is computed from these events each time it is asked; no
counter is kept. So a changed calendar, level or policy needs no repair of what was counted before.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

#: Between two events of a cell.
SEPARATOR: Final = "; "


class Event(NamedTuple):
    """At `at` (UTC seconds since 1970) the `kind` of event happened; `what` it names.

    `kind` is a key of `ticket.EVENTS` and `what` one of its values. An event comes from the
    ticket's history, or from the column `source` when that is all the export says.
    """

    at: int
    kind: str
    what: str = ""
    source: str = "history"


def parse(cell: str) -> tuple[Event, ...]:
    """Read a cell as intake writes it (see `render`), events in order of time.

    >>> parse("2026-11-20T10:00:00Z reply agent; 2026-11-20T10:00:05Z no_response_needed")
    ... # doctest: +NORMALIZE_WHITESPACE
    (Event(at=1795168800, kind='reply', what='agent', source='history'),
     Event(at=1795168805, kind='no_response_needed', what='', source='history'))
    """
    events = []
    for one in cell.split(SEPARATOR) if cell else ():
        at, kind, *what = one.split(" ")
        events.append(Event(int(datetime.fromisoformat(at).timestamp()), kind, *what))
    return tuple(events)


def render(events: Iterable[Event]) -> str:
    """Write events as one cell, in order of time; of those at one moment the first stays first.

    >>> render([Event(60, "status", "pending"), Event(0, "reply", "agent")])
    '1970-01-01T00:00:00Z reply agent; 1970-01-01T00:01:00Z status pending'
    """
    ordered = sorted(events, key=lambda event: event.at)
    return SEPARATOR.join(" ".join(filter(None, (iso(e.at), e.kind, e.what))) for e in ordered)


def iso(moment: int) -> str:
    """UTC seconds since 1970 as ISO 8601.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
