"""Four ways to say who is next, as queues that a replay can put tickets into and take from.

A queue gives its next ticket at a moment. Three of the orders are fixed when a ticket comes;
ours changes with time, for tickets whose deadline comes nearer.
"""

from heapq import heappop, heappush
from typing import Final, NamedTuple, Protocol

import numpy as np

from pipeline.dispatch.priority import (
    CONSEQUENCE_POINTS,
    NEAR,
    WAITING_POINTS_PER_DAY,
    Points,
)

_PER_SECOND: Final = WAITING_POINTS_PER_DAY / 86_400
#: As in `dispatch.arranging`: nearer than this, points are equal.
_DECIMALS: Final = 6

#: Where a ticket stands among others: the smallest goes first.
Place = tuple[float, ...]


class Standing(NamedTuple):
    """What the orders need of each ticket; one entry for each.

    `created` and `due` in seconds; `level` 0 low ... 3 critical; `fixed` the points of level and
    complaint, `consequence` those of `priority.CONSEQUENCE`.
    """

    created: Points
    due: Points
    level: Points
    fixed: Points
    consequence: Points


class Queue(Protocol):
    """Waiting tickets."""

    def put(self, row: int, now: float, /) -> None:
        """Take in a ticket that came at or before `now`."""

    def first(self, now: float, /) -> Place | None:
        """Where the next ticket stands; None when nobody waits."""

    def take(self, now: float, /) -> int:
        """Give out the next ticket."""


class Fixed:
    """An order that does not change while tickets wait."""

    def __init__(self, *keys: Points) -> None:
        self._keys = [key.tolist() for key in keys]
        self._heap: list[Place] = []

    def put(self, row: int, now: float, /) -> None:
        heappush(self._heap, (*(key[row] for key in self._keys), row))

    def first(self, now: float, /) -> Place | None:
        return self._heap[0] if self._heap else None

    def take(self, now: float, /) -> int:
        return int(heappop(self._heap)[-1])


class Ours:
    """The order of `dispatch.arrange`, at any moment.

    Waiting counts the same for all, so tickets whose deadline is near keep their order among each
    other: they are in a heap. Each of the others rises on a straight line until then.
    """

    def __init__(self, standing: Standing) -> None:
        self._created = standing.created.tolist()
        self._due = standing.due.tolist()
        self._fixed = standing.fixed.tolist()
        self._consequence = standing.consequence.tolist()
        self._heap: list[Place] = []
        self._soon: list[tuple[float, int]] = []
        self._rising = _Rising()

    def put(self, row: int, now: float, /) -> None:
        created = self._created[row]
        time = NEAR * max(self._due[row] - created, 1.0)
        missing = CONSEQUENCE_POINTS - self._consequence[row]
        heappush(self._soon, (created + time, row))
        start = self._fixed[row] + self._consequence[row]
        self._rising.add(row, start, created, missing / time + _PER_SECOND)

    def first(self, now: float, /) -> Place | None:
        self._catch_up(now)
        settled, rising = self._best_settled(now), self._best_rising(now)
        if settled is None or rising is None:
            return settled or rising
        return min(settled, rising)

    def take(self, now: float, /) -> int:
        place = self.first(now)
        if place is None:
            raise IndexError("nobody waits")
        row = int(place[-1])
        if row in self._rising:
            self._rising.remove(row)
        else:
            heappop(self._heap)
        return row

    def _catch_up(self, now: float) -> None:
        while self._soon and self._soon[0][0] <= now:
            row = heappop(self._soon)[1]
            if row in self._rising:
                self._rising.remove(row)
                self._settle(row)

    def _settle(self, row: int) -> None:
        """Into the heap, by the points it would have had at the moment 0."""
        total = self._fixed[row] + CONSEQUENCE_POINTS - _PER_SECOND * self._created[row]
        heappush(self._heap, (-round(total, _DECIMALS), *self._ties(row)))

    def _ties(self, row: int) -> Place:
        return (self._created[row], -self._consequence[row], self._due[row], row)

    def _best_settled(self, now: float) -> Place | None:
        if not self._heap:
            return None
        total, *ties = self._heap[0]
        return (round(total - _PER_SECOND * now, _DECIMALS), *ties)

    def _best_rising(self, now: float) -> Place | None:
        row, points = self._rising.best(now)
        return None if row < 0 else (-round(points, _DECIMALS), *self._ties(row))


class _Rising:
    """Tickets on straight lines: `points` at `since`, growing by `slope` a second."""

    def __init__(self) -> None:
        self._place: dict[int, int] = {}
        self._rows: list[int] = []
        self._lines = np.empty((3, 64))

    def __contains__(self, row: int) -> bool:
        return row in self._place

    def add(self, row: int, points: float, since: float, slope: float) -> None:
        place = len(self._rows)
        if place == self._lines.shape[1]:
            self._lines = np.concatenate([self._lines, np.empty_like(self._lines)], axis=1)
        self._lines[:, place] = points, since, slope
        self._place[row] = place
        self._rows.append(row)

    def remove(self, row: int) -> None:
        """The last one moves to the free place."""
        place, last = self._place.pop(row), self._rows.pop()
        if last != row:
            self._rows[place] = last
            self._place[last] = place
            self._lines[:, place] = self._lines[:, len(self._rows)]

    def best(self, now: float) -> tuple[int, float]:
        """The highest and its points; (-1, 0) when there is none."""
        if not self._rows:
            return -1, 0.0
        points, since, slope = self._lines[:, : len(self._rows)]
        found = points + (now - since) * slope
        place = int(found.argmax())
        return self._rows[place], float(found[place])


def queue(policy: str, standing: Standing) -> Queue:
    """An empty queue in the order of `policy`, one of `POLICIES`."""
    match policy:
        case "fifo":
            return Fixed(standing.created)
        case "level":
            return Fixed(-standing.level, standing.created)
        case "edf":
            return Fixed(standing.due, standing.created)
        case _:
            return Ours(standing)


#: Policy: what it is called in tables.
POLICIES: Final = {
    "fifo": "first in, first out",
    "level": "level, then waiting time",
    "edf": "earliest deadline first",
    "ours": "ours",
}
