"""Until when the first answer is due, and how that stands.

All arithmetic is in whole seconds of UTC. Times come in with a time zone and go out with one;
a time without a zone is refused, because every deadline bug that shows a ticket as late at the
moment it is created began with one.
"""

from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.dispatch import clock
from pipeline.dispatch.clock import Seconds
from pipeline.dispatch.matching import Facts
from pipeline.rules.routing import Routing
from pipeline.rules.sla import Policy, Sla
from pipeline.ticket import CLOSED_STATES, LEVELS, TIME

#: A deadline is at risk in the last quarter of the time allowed: an hour before four are over.
RISK_SHARE: Final = 4
#: The level of a ticket without one (a model trained without urgency).
_NO_LEVEL: Final = LEVELS.index("normal")
_MICRO: Final = 1_000_000


class Deadlines(NamedTuple):
    """For each ticket: the policy, the deadline, and from when on it is at risk."""

    policy: pd.Series
    due: pd.Series
    at_risk: pd.Series


def deadlines(
    tickets: pd.DataFrame,
    facts: Facts,
    rule: npt.NDArray[np.intp],
    rules: tuple[Routing, Sla],
    *,
    now: datetime,
) -> Deadlines:
    """Choose the policy of each ticket and count out its time.

    :param rule: Index of the routing rule of each ticket; its `sla` beats the [[apply]] lines.
    :param now: Tickets without a time of creation are counted from here.
    """
    routing, sla = rules
    policies = list(sla.policies.values())
    chosen = _policies(facts, rule, routing, sla)
    allowed = np.array([policy.first_response for policy in policies], np.int64)
    level = pd.Index(LEVELS).get_indexer(pd.Index(tickets["urgency_level"]))
    seconds = allowed[chosen, np.where(level < 0, _NO_LEVEL, level)]
    created = to_seconds(tickets["created_at"], now=now)
    due, at_risk = np.empty_like(created), np.empty_like(created)
    for index in np.unique(chosen):
        here = chosen == index
        due[here] = add(policies[index], created[here], seconds[here])
        early = seconds[here] - seconds[here] // RISK_SHARE
        at_risk[here] = add(policies[index], created[here], early)
    names = pd.array([policy.id for policy in policies], dtype="str")
    return Deadlines(
        pd.Series(names.take(chosen), tickets.index),
        from_seconds(due, tickets.index),
        from_seconds(at_risk, tickets.index),
    )


def add(policy: Policy, moments: Seconds, seconds: Seconds) -> Seconds:
    """`moments` plus so many `seconds` on the policy's clock."""
    if policy.calendar is None:
        return moments + seconds
    return clock.add(policy.calendar, moments, seconds)


def states(tickets: pd.DataFrame, found: Deadlines, *, now: datetime) -> pd.Series:
    """met, missed, running, at_risk or breached (see `ticket.SLA_STATES`).

    Answered tickets are judged by `first_response_at`; closed ones without it by `resolved_at`,
    which is the last moment at which somebody can have answered. A closed ticket without either
    time counts as met: nothing proves it late, and nobody waits any more. All others run
    against `now`; a deadline that falls on `now` is not yet broken.
    """
    answered = tickets["first_response_at"]
    closed = tickets["status"].isin(CLOSED_STATES)
    done = answered.fillna(tickets["resolved_at"].where(closed))
    moment = pd.Timestamp(now)
    state = np.select(
        [
            (done > found.due).to_numpy(),
            (done.notna() | closed).to_numpy(),
            (found.due < moment).to_numpy(),
            (found.at_risk <= moment).to_numpy(),
        ],
        [1, 0, 4, 3],
        default=2,
    )
    names = pd.array(["met", "missed", "running", "at_risk", "breached"], dtype="str")
    return pd.Series(names.take(state), tickets.index)


def to_seconds(times: pd.Series, *, now: datetime) -> Seconds:
    """Whole UTC seconds since 1970 (rounded down); NaT becomes `now`.

    :raises ValueError: `times` or `now` have no time zone.
    """
    check_aware(now)
    if times.dt.tz is None:
        raise ValueError(f"column {times.name!r} has no time zone. Make it UTC when reading.")
    known = times.fillna(pd.Timestamp(now)).astype(TIME)
    return np.asarray(known.astype("int64")) // _MICRO


def from_seconds(seconds: Seconds, index: pd.Index) -> pd.Series:
    """UTC times of whole seconds since 1970."""
    naive = pd.Series((seconds * _MICRO).view("datetime64[us]"), index)
    return naive.dt.tz_localize("UTC")


def check_aware(now: datetime) -> None:
    """Refuse a time without a zone.

    :raises ValueError: `now` is naive.
    """
    if now.tzinfo is None or now.utcoffset() is None:
        raise ValueError(f"now must have a time zone. Got {now!r}; add +00:00 for UTC.")


def _policies(
    facts: Facts, rule: npt.NDArray[np.intp], routing: Routing, sla: Sla
) -> npt.NDArray[np.intp]:
    """Index of the policy of each ticket: its rule's, else the first that applies, else default."""
    index = {name: number for number, name in enumerate(sla.policies)}
    by_rule = np.array([index.get(one.sla, -1) for one in routing.rules], np.intp)[rule]
    applied = facts.first_fit([one.conditions for one in sla.applications])
    targets = [index[one.policy] for one in sla.applications]
    by_table = np.array([*targets, index[sla.default]], np.intp)[applied]
    return np.where(by_rule < 0, by_table, by_rule)
