"""Replay the arrivals of an export through the queue of each team, one order after another.

A discrete-event simulation (SimPy). Every ticket comes when it came, unanswered; a free agent
of its team who reads its language, at work, takes the first of the queue and has answered it
when the handling is over. Agents finish what they began when the day ends. Handling times are
the same for every order, so orders differ in nothing else.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import simpy

from pipeline.dispatch.disciplines import POLICIES, Place, Queue, Standing, queue
from pipeline.dispatch.priority import Points
from pipeline.dispatch.staffing import Group, Hours

#: Two answers of one agent further apart have a pause between them.
_LONGEST_HANDLING: Final = 3600.0
_SHORTEST_HANDLING: Final = 20.0
#: Fewer handling times than this say little about the others.
_ENOUGH: Final = 100
ASSUMED_MINUTES: Final = 10.0


class Arrivals(NamedTuple):
    """The tickets in order of arrival, times in seconds since the first one came.

    `team` and `language` are texts; `service` seconds of handling; `epoch` the UTC seconds of
    the moment 0.
    """

    standing: Standing
    team: npt.NDArray[np.object_]
    language: npt.NDArray[np.object_]
    service: Points
    epoch: float

    def only(self, rows: npt.NDArray[np.intp]) -> "Arrivals":
        """Some of the tickets."""
        return Arrivals(
            Standing(*(column[rows] for column in self.standing)),
            self.team[rows],
            self.language[rows],
            self.service[rows],
            self.epoch,
        )


def replay(
    arrivals: Arrivals, groups: Sequence[Group], hours: Mapping[str, Hours], policy: str
) -> Points:
    """When each ticket is answered under `policy`; NaN where nobody reads its language.

    :param hours: When each team works.
    """
    answered = np.full(len(arrivals.service), np.nan)
    for team in sorted({group.team for group in groups}):
        rows = np.flatnonzero(arrivals.team == team)
        own = [group for group in groups if group.team == team]
        answered[rows] = _replay_team(arrivals.only(rows), own, hours[team], policy)
    return answered


def _replay_team(arrivals: Arrivals, groups: Sequence[Group], hours: Hours, policy: str) -> Points:
    answered = np.full(len(arrivals.service), np.nan)
    environment = simpy.Environment()
    desk = _Desk(environment, arrivals, groups, policy)
    for number, group in enumerate(groups):
        for _ in range(group.agents):
            environment.process(_agent(environment, desk, number, hours, arrivals, answered))
    environment.process(_come(environment, desk, arrivals))
    environment.run()
    return answered


class _Desk:
    """The queues of a team: one for each set of groups of agents who can read a ticket."""

    def __init__(
        self,
        environment: simpy.Environment,
        arrivals: Arrivals,
        groups: Sequence[Group],
        policy: str,
    ) -> None:
        self._environment = environment
        self._language = arrivals.language
        self._new = lambda: queue(policy, arrivals.standing)
        self._groups = list(groups)
        self._readers: dict[str, tuple[int, ...]] = {}
        self._queues: dict[tuple[int, ...], Queue] = {}
        self._idle: dict[int, list[simpy.Event]] = {n: [] for n in range(len(groups))}
        self.closed = False

    def put(self, row: int, now: float) -> None:
        """Take in a ticket, and call an idle agent who can read it."""
        readers = self._who_reads(self._language[row])
        if not readers:
            return
        if readers not in self._queues:
            self._queues[readers] = self._new()
        self._queues[readers].put(row, now)
        for group in readers:
            if self._idle[group]:
                self._idle[group].pop().succeed()
                return

    def take(self, group: int, now: float) -> int | None:
        """The next ticket for an agent of `group`, if any waits."""
        mine = [waiting for readers, waiting in self._queues.items() if group in readers]
        if len(mine) == 1:
            return mine[0].take(now) if mine[0].first(now) else None
        places: list[tuple[Place, Queue]] = []
        for waiting in mine:
            place = waiting.first(now)
            if place is not None:
                places.append((place, waiting))
        return min(places, key=lambda one: one[0])[1].take(now) if places else None

    def rest(self, group: int) -> simpy.Event:
        """What an idle agent waits for."""
        event = self._environment.event()
        self._idle[group].append(event)
        return event

    def close(self) -> None:
        """Nobody comes any more: idle agents may go."""
        self.closed = True
        for events in self._idle.values():
            for event in events:
                event.succeed()

    def _who_reads(self, language: str) -> tuple[int, ...]:
        if language not in self._readers:
            self._readers[language] = tuple(
                number for number, group in enumerate(self._groups) if group.reads(language)
            )
        return self._readers[language]


def _come(
    environment: simpy.Environment, desk: _Desk, arrivals: Arrivals
) -> Generator[simpy.Event, None, None]:
    """Tickets arrive."""
    for row, created in enumerate(arrivals.standing.created.tolist()):
        wait = created - environment.now
        if wait > 0:
            yield environment.timeout(wait)
        desk.put(row, environment.now)
    desk.close()


def _agent(
    environment: simpy.Environment,
    desk: _Desk,
    group: int,
    hours: Hours,
    arrivals: Arrivals,
    answered: Points,
) -> Generator[simpy.Event, None, None]:
    """One agent: at work, take and answer; else wait for work."""
    service, epoch = arrivals.service, arrivals.epoch
    while True:
        now = environment.now
        closed_for = hours.opening(epoch + now) - epoch - now
        if closed_for > 0:
            yield environment.timeout(closed_for)
            continue
        row = desk.take(group, now)
        if row is not None:
            yield environment.timeout(float(service[row]))
            answered[row] = environment.now
        elif desk.closed:
            return
        else:
            yield desk.rest(group)


def handling_time(tickets: pd.DataFrame, minutes: float | None) -> tuple[float, str]:
    """Seconds that answering a ticket takes, and where that comes from.

    `minutes` if given. Else, where the export tells who answered when, the median time between
    two answers of one agent that are at most an hour apart. Else `ASSUMED_MINUTES`.
    """
    if minutes is not None:
        return minutes * 60, f"{minutes:g} minutes a ticket, as given"
    known = _observed(tickets)
    if len(known) >= _ENOUGH:
        middle = float(np.median(known))
        return middle, f"{middle / 60:.1f} minutes a ticket, the median of {len(known):,} answers"
    return (
        ASSUMED_MINUTES * 60,
        f"{ASSUMED_MINUTES:g} minutes a ticket, assumed, for the export does not tell "
        "(give --minutes)",
    )


def _observed(tickets: pd.DataFrame) -> Points:
    """Seconds between consecutive answers of the same agent."""
    known = tickets[(tickets["agent"] != "") & tickets["first_response_at"].notna()]
    known = known.sort_values(["agent", "first_response_at"], kind="stable")
    gaps = known["first_response_at"].diff().dt.total_seconds().to_numpy(float)
    same = (known["agent"] == known["agent"].shift()).to_numpy(bool)
    return gaps[same & (gaps >= _SHORTEST_HANDLING) & (gaps <= _LONGEST_HANDLING)]


def replay_all(
    arrivals: Arrivals, groups: Sequence[Group], hours: Mapping[str, Hours]
) -> dict[str, Points]:
    """`replay` under each of `POLICIES`."""
    return {policy: replay(arrivals, groups, hours, policy) for policy in POLICIES}
