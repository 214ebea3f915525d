"""The steps of one ticket, found by walking through its events once.

A ticket goes through three kinds of step (`ticket.STEPS`):

==============  ====================================  ========================================
step            begins                                ends
==============  ====================================  ========================================
first_response  with the ticket                       first reply of a person; or the solution
next_response   first message of the customer that    reply of a person; or the solution
                waits for an answer
resolution      with the ticket                       solution (a ticket that is opened again
                                                      goes on; the solved time does not count)
==============  ====================================  ========================================

Automatic replies end nothing. "No response needed" ends a response that is waiting. A message
after the solution ("thanks!") asks for nothing until the ticket is opened again. When the customer
writes while the ticket waits for them, the waiting is over, whatever the status says.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from pipeline.history import Event
from pipeline.ticket import CLOSED_STATES, STEPS

FIRST, NEXT, RESOLUTION = STEPS
#: How a step can end besides by a reply or a solution.
NOT_NEEDED: Final = "no_response_needed"
UNKNOWN_END: Final = "closed"


class Stay(NamedTuple):
    """The ticket was in `state` from `start` to `end` (None: it still is)."""

    state: str
    start: int
    end: int | None


class Step(NamedTuple):
    """One step. `end` is None while it goes on, or when nobody knows when it ended.

    `ended_by` names the event: agent, solved, closed, no_response_needed; empty while it goes on.
    `level` and `policy` are those in force at its end, or now.
    """

    name: str
    start: int
    end: int | None
    ended_by: str
    level: str
    policy: str

    @property
    def running(self) -> bool:
        return not self.ended_by


class Timeline(NamedTuple):
    """All steps in the order they began, and all stays in a state, in order.

    `changes` has the events that changed level or policy, `state` how the ticket ends up.
    """

    steps: tuple[Step, ...]
    stays: tuple[Stay, ...]
    changes: tuple[Event, ...]
    state: str

    def last(self, name: str) -> Step | None:
        """The last step of that name."""
        return next((step for step in reversed(self.steps) if step.name == name), None)


class Known(NamedTuple):
    """What the columns of a ticket say; moments are UTC seconds, None when not known."""

    created: int
    status: str
    level: str
    policy: str
    first_response: int | None = None
    resolved: int | None = None


def events_of(known: Known, history: Sequence[Event], *, automatic_within: int) -> list[Event]:
    """The history, with what only the columns know added; in order of time.

    A history that has replies is the word on who answered when, and one that has states on
    those. Nothing happens to a ticket before it is created: earlier events count from there.
    """
    events = list(history)
    if known.first_response is not None and not _has(history, "reply", ("agent", "automatic")):
        quick = 0 <= known.first_response - known.created < automatic_within
        who = "automatic" if quick else "agent"
        events.append(Event(known.first_response, "reply", who, "first_response_at"))
    closed = known.status in CLOSED_STATES
    if closed and known.resolved is not None and not _has(history, "status", CLOSED_STATES):
        events.append(Event(known.resolved, "status", known.status, "resolved_at"))
    moved = [one._replace(at=max(one.at, known.created)) for one in events]
    return sorted(moved, key=lambda event: event.at)


def _has(events: Iterable[Event], kind: str, what: Sequence[str]) -> bool:
    return any(event.kind == kind and event.what in what for event in events)


def walk(known: Known, events: Sequence[Event]) -> Timeline:
    """The timeline of a ticket that is `known` and had `events` (see `events_of`)."""
    walker = _Walker(known)
    for event in events:
        walker.take(event)
    return walker.timeline(known)


class _Walker:
    """A ticket in the middle of its story."""

    def __init__(self, known: Known) -> None:
        self._level, self._policy = known.level, known.policy
        self._begun: list[tuple[str, int]] = [(FIRST, known.created), (RESOLUTION, known.created)]
        self._ended: dict[tuple[str, int], tuple[int | None, str, str, str]] = {}
        self._stays: list[Stay] = []
        self._state, self._since = "open", known.created
        self._unanswered: int | None = None  # a message that came after the solution
        self._changes: list[Event] = []
        self._told = False  # of any state

    def take(self, event: Event) -> None:
        if event.kind == "reply":
            self._reply(event)
        elif event.kind == "status":
            self._told = True
            self._move(event.what, event.at)
        elif event.kind == NOT_NEEDED:
            self._unanswered = None
            self._end((FIRST, NEXT), event.at, NOT_NEEDED)
        else:
            self._change(event)

    def timeline(self, known: Known) -> Timeline:
        """The end: the column ``status`` decides whether it is closed, and what is untold."""
        closed = known.status in CLOSED_STATES
        if closed and self._state not in CLOSED_STATES:  # and nobody knows since when
            self._end(STEPS, None, UNKNOWN_END)
            return self._finished(known.status)
        if not closed and self._state in CLOSED_STATES:  # opened again, nobody knows when
            self._move("open", self._since)
        if self._state != "open":
            self._stays.append(Stay(self._state, self._since, None))
        return self._finished(self._state if self._told else known.status)

    def _finished(self, state: str) -> Timeline:
        return Timeline(tuple(self._steps()), tuple(self._stays), tuple(self._changes), state)

    def _reply(self, event: Event) -> None:
        if event.what == "agent":
            self._unanswered = None
            self._end((FIRST, NEXT), event.at, "agent")
        elif event.what == "customer":
            if self._state in CLOSED_STATES:
                self._unanswered = event.at
                return
            self._move("open", event.at)
            self._ask(event.at)

    def _ask(self, at: int) -> None:
        """A message waits for an answer: the first one, or a new next_response."""
        if all(name not in (FIRST, NEXT) for name, _ in self._running()):
            self._begun.append((NEXT, at))

    def _move(self, state: str, at: int) -> None:
        if state == "new":
            state = "open"
        if state == self._state or (state in CLOSED_STATES and self._state in CLOSED_STATES):
            return
        if self._state != "open":
            self._stays.append(Stay(self._state, self._since, at))
        was_closed = self._state in CLOSED_STATES
        self._state, self._since = state, at
        if state in CLOSED_STATES:
            self._end(STEPS, at, state)
        elif was_closed:
            self._reopen(at)

    def _reopen(self, at: int) -> None:
        """The resolution goes on; a message that came since the solution asks from now on."""
        self._ended = {step: end for step, end in self._ended.items() if step[0] != RESOLUTION}
        if self._unanswered is not None:
            self._ask(at)
            self._unanswered = None

    def _change(self, event: Event) -> None:
        self._changes.append(event)
        if event.kind == "level":
            self._level = event.what
        else:
            self._policy = event.what

    def _running(self) -> Iterator[tuple[str, int]]:
        return (step for step in self._begun if step not in self._ended)

    def _end(self, names: Sequence[str], at: int | None, by: str) -> None:
        for step in list(self._running()):
            if step[0] in names:
                self._ended[step] = (at, by, self._level, self._policy)

    def _steps(self) -> Iterator[Step]:
        for name, start in self._begun:
            at, by, level, policy = self._ended.get(
                (name, start), (None, "", self._level, self._policy)
            )
            yield Step(name, start, at, by, level, policy)
