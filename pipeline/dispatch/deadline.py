"""Until when the first answer and the solution are due, how that stands, and who owes what next.

All arithmetic is in whole seconds of UTC. Times come in with a time zone and go out with one;
a time without a zone is refused, because every deadline bug that shows a ticket as late at the
moment it is created began with one.

Tickets without a history, nearly all of most exports, are counted together here; those with one
are walked through one by one (`pipeline.dispatch.account`). Both ways agree where both apply.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.dispatch import clock
from pipeline.dispatch.account import (
    CUSTOMER_REPLY,
    RISK_SHARE,
    USUAL_LEVEL,
    WAITING,
    Account,
    account,
)
from pipeline.dispatch.clock import Seconds
from pipeline.dispatch.matching import Facts
from pipeline.dispatch.timeline import FIRST, NEXT, RESOLUTION, Known
from pipeline.history import parse
from pipeline.rules.routing import Routing
from pipeline.rules.sla import AGENT, TEAM, Policy, Sla
from pipeline.ticket import CLOSED_STATES, LEVELS, SLA_STATES, TIME

#: The step column as numbers; none is the last one.
_NEXT_STEPS: Final = (FIRST, NEXT, RESOLUTION, CUSTOMER_REPLY, "")
_NONE: Final = len(_NEXT_STEPS) - 1
#: The state column as numbers; unknown is the last one.
_STATES: Final = (*SLA_STATES, "")
_CODE: Final = {name: number for number, name in enumerate(_STATES)}
_NO_LEVEL: Final = LEVELS.index(USUAL_LEVEL)
#: NaT as a whole number.
NO_TIME: Final = np.iinfo(np.int64).min
_MICRO: Final = 1_000_000

Codes = npt.NDArray[np.intp]


class Deadlines(NamedTuple):
    """For each ticket: indices into policies, `_STATES` and `_NEXT_STEPS`; UTC seconds or NO_TIME.

    `allowed` are the seconds that the next step has.
    """

    policy: Codes
    due: Seconds
    state: Codes
    resolution_due: Seconds
    step: Codes
    step_due: Seconds
    allowed: Seconds


def deadline_columns(
    tickets: pd.DataFrame, facts: Facts, rule: Codes, rules: tuple[Routing, Sla], *, now: datetime
) -> dict[str, Any]:
    """The columns about deadlines, by name.

    :param rule: Index of the routing rule of each ticket; its `sla` beats the [[apply]] lines.
    :param now: Tickets without a time of creation are counted from here, and all are judged now.
    :raises ValueError: `now` or a time column has no time zone.
    """
    routing, sla = rules
    moment = int(pd.Timestamp(now).timestamp())
    policy = base_policies(facts, rule, routing, sla)
    found = _without_history(tickets, policy, sla, now=now)
    rows = np.flatnonzero(tickets["history"] != "")
    if len(rows):
        one_by_one = accounts(tickets.iloc[rows], policy[rows], sla, now=now)
        _put_accounts(found, rows, one_by_one, sla)
    teams = pd.array([one.team for one in routing.rules], dtype="str").take(rule)
    return {
        "first_response_due_at": from_seconds(found.due, tickets.index),
        "sla_policy": pd.array(list(sla.policies), dtype="str").take(found.policy),
        "sla_state": pd.array(_STATES, dtype="str").take(found.state),
        "resolution_due_at": from_seconds(found.resolution_due, tickets.index),
        "next_step": pd.array(_NEXT_STEPS, dtype="str").take(found.step),
        "next_step_owner": _owners(found, tickets["agent"], teams, sla, moment),
        "next_step_due_at": from_seconds(found.step_due, tickets.index),
    }


def base_policies(facts: Facts, rule: Codes, routing: Routing, sla: Sla) -> Codes:
    """Index of the policy of each ticket: its rule's, else the first that applies, else default."""
    index = {name: number for number, name in enumerate(sla.policies)}
    by_rule = np.array([index.get(one.sla, -1) for one in routing.rules], np.intp)[rule]
    applied = facts.first_fit([one.conditions for one in sla.applications])
    targets = [index[one.policy] for one in sla.applications]
    by_table = np.array([*targets, index[sla.default]], np.intp)[applied]
    return np.where(by_rule < 0, by_table, by_rule)


def accounts(tickets: pd.DataFrame, policy: Codes, sla: Sla, *, now: datetime) -> list[Account]:
    """The accounts of tickets, one by one.

    :param policy: Index of the policy each ticket begins with.
    """
    names = list(sla.policies)
    levels = tickets["urgency_level"].where(tickets["urgency_level"].isin(LEVELS), USUAL_LEVEL)
    columns = (
        to_seconds(tickets["created_at"], now=now).tolist(),
        tickets["status"].tolist(),
        levels.tolist(),
        [names[one] for one in policy.tolist()],
        _optional(tickets["first_response_at"]),
        _optional(tickets["resolved_at"]),
    )
    moment = int(pd.Timestamp(now).timestamp())
    return [
        account(Known(*cells), parse(history), sla, now=moment)
        for history, *cells in zip(tickets["history"].tolist(), *columns, strict=True)
    ]


def _without_history(tickets: pd.DataFrame, policy: Codes, sla: Sla, *, now: datetime) -> Deadlines:
    moment = int(pd.Timestamp(now).timestamp())
    policies = list(sla.policies.values())
    level = pd.Index(LEVELS).get_indexer(pd.Index(tickets["urgency_level"]))
    level = np.where(level < 0, _NO_LEVEL, level)
    created = to_seconds(tickets["created_at"], now=now)
    first, solution = (_allowed(policies, step, policy, level) for step in (FIRST, RESOLUTION))
    due = _add(policies, policy, created, first)
    at_risk = _add(policies, policy, created, first - first // RISK_SHARE)
    resolution_due = _add(policies, policy, created, solution)
    closed = tickets["status"].isin(CLOSED_STATES).to_numpy(bool)
    answered = _moments(tickets["first_response_at"])
    answered[_automatic(answered, created, sla.automatic_within)] = NO_TIME
    resolved = np.where(closed, _moments(tickets["resolved_at"]), NO_TIME)
    done = _earlier(answered, resolved)
    paused = _paused(tickets["status"], policies, policy, FIRST)
    state = np.select(
        [done > due, done != NO_TIME, closed, due < moment, paused, at_risk <= moment],
        [_CODE[name] for name in ("missed", "met", "", "breached", "paused", "at_risk")],
        default=_CODE["running"],
    )
    waiting = (tickets["status"] == WAITING).to_numpy(bool)
    step = np.select([closed, answered == NO_TIME, waiting], [_NONE, 0, 3], default=2)
    return Deadlines(
        policy.copy(),
        due,
        state,
        resolution_due,
        step,
        np.select([step == 0, step == 2], [due, resolution_due], default=NO_TIME),
        np.select([step == 0, step == 2], [first, solution], default=0),
    )


def _automatic(answered: Seconds, created: Seconds, within: int) -> npt.NDArray[np.bool_]:
    """Answers that came sooner than a person can write; those before the ticket are odd, not so."""
    return (answered >= created) & (answered < created + within)


def _earlier(one: Seconds, other: Seconds) -> Seconds:
    """The earlier of two moments, the one that is known, or NO_TIME."""
    both = (one != NO_TIME) & (other != NO_TIME)
    return np.where(both, np.minimum(one, other), np.maximum(one, other))


def _allowed(policies: Sequence[Policy], step: str, policy: Codes, level: Codes) -> Seconds:
    """Seconds allowed for a step of each ticket; 0 where the policy promises nothing."""
    table = [one.targets.get(step, (0,) * len(LEVELS)) for one in policies]
    return np.array(table, np.int64)[policy, level]


def _paused(states: pd.Series, policies: Sequence[Policy], policy: Codes, step: str) -> Any:
    paused = np.zeros(len(states), dtype=bool)
    for index, one in enumerate(policies):
        if one.paused_while[step]:
            paused |= (policy == index) & states.isin(one.paused_while[step]).to_numpy(bool)
    return paused


def _add(policies: Sequence[Policy], policy: Codes, created: Seconds, allowed: Seconds) -> Seconds:
    """`created` plus what is `allowed`, on each ticket's clock; NO_TIME where that is 0."""
    due = np.where(allowed > 0, created + allowed, NO_TIME)
    for index, one in enumerate(policies):
        here = (policy == index) & (allowed > 0)
        if one.calendar is not None and here.any():
            due[here] = clock.add(one.calendar, created[here], allowed[here])
    return due


def _put_accounts(found: Deadlines, rows: Codes, one_by_one: Sequence[Account], sla: Sla) -> None:
    """Write what the accounts of some `rows` say over what was found without their history."""
    number = {name: code for code, name in enumerate(sla.policies)}
    for row, one in zip(rows.tolist(), one_by_one, strict=True):
        first, resolution, owed = (one.last(n) for n in (FIRST, RESOLUTION, one.next_step))
        if first is not None:
            found.policy[row], found.due[row] = number[first.policy.id], first.due
            found.state[row] = _CODE[first.state]
        found.resolution_due[row] = resolution.due if resolution else NO_TIME
        found.step[row] = _NEXT_STEPS.index(one.next_step)
        found.step_due[row] = owed.due if owed else NO_TIME
        found.allowed[row] = owed.allowed if owed else 0


def _owners(
    found: Deadlines, agents: pd.Series, teams: Any, sla: Sla, moment: int
) -> pd.api.extensions.ExtensionArray:
    """Who owes the next step: the further it is overdue, the further down the list of owners."""
    owner = np.where(found.step == _NONE, "", "customer").astype(object)
    team = np.asarray(teams, dtype=object)
    agent = agents.to_numpy(object)
    agent = np.where(agent == "", team, agent)
    late = (found.step_due < moment) & (found.step_due != NO_TIME)
    turns = np.where(late, 1 + (moment - found.step_due) // np.maximum(found.allowed, 1), 0)
    for code, step in enumerate((FIRST, NEXT, RESOLUTION)):
        owners = sla.owners[step]
        turn = np.minimum(turns, len(owners) - 1)
        for number, name in enumerate(owners):
            here = (found.step == code) & (turn == number)
            whose = agent if name == AGENT else team
            owner[here] = whose[here] if name in (AGENT, TEAM) else name
    return pd.array(owner, dtype="str")


def _optional(times: pd.Series) -> list[int | None]:
    return [None if one == NO_TIME else one for one in _moments(times).tolist()]


def _moments(times: pd.Series) -> Seconds:
    """Whole UTC seconds since 1970, NO_TIME for NaT."""
    _check_zone(times)
    micro = np.asarray(times.astype(TIME).astype("int64"))
    return np.where(times.isna(), NO_TIME, micro // _MICRO)


def to_seconds(times: pd.Series, *, now: datetime) -> Seconds:
    """Whole UTC seconds since 1970 (rounded down); NaT becomes `now`.

    :raises ValueError: `times` or `now` have no time zone.
    """
    check_aware(now)
    _check_zone(times)
    known = times.fillna(pd.Timestamp(now)).astype(TIME)
    return np.asarray(known.astype("int64")) // _MICRO


def from_seconds(seconds: Seconds, index: pd.Index) -> pd.Series:
    """UTC times of whole seconds since 1970; NaT for NO_TIME."""
    micro = np.where(seconds == NO_TIME, NO_TIME, seconds * _MICRO)
    return pd.Series(micro.view("datetime64[us]"), index).dt.tz_localize("UTC")


def check_aware(now: datetime) -> None:
    """Refuse a time without a zone.

    :raises ValueError: `now` is naive.
    """
    if now.tzinfo is None or now.utcoffset() is None:
        raise ValueError(f"now must have a time zone. Got {now!r}; add +00:00 for UTC.")


def _check_zone(times: pd.Series) -> None:
    if times.dt.tz is None:
        raise ValueError(f"column {times.name!r} has no time zone. Make it UTC when reading.")
