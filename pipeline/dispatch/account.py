"""The deadlines of one ticket with a history: what is allowed, what pauses add, how it stands.

The rule is one line. A step is due when its clock has counted the time allowed since the step
began; open hours count, stays in a state of `paused_while` do not. The time allowed is that of
the level and policy in force (at the end of the step, or now), and always counts from the
beginning of the step, so that a level that is changed and changed back leaves no trace, and no
pause is ever lost on the way.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from pipeline.dispatch import clock
from pipeline.dispatch.timeline import (
    FIRST,
    NEXT,
    NOT_NEEDED,
    RESOLUTION,
    Known,
    Stay,
    Step,
    Timeline,
    events_of,
    walk,
)
from pipeline.history import Event
from pipeline.rules.sla import Policy, Sla
from pipeline.ticket import CLOSED_STATES, LEVELS

#: A deadline is at risk in the last quarter of the time allowed: an hour before four are over.
RISK_SHARE: Final = 4
#: The level of a ticket without one (a model trained without urgency).
USUAL_LEVEL: Final = "normal"
#: The step in which the customer owes us something.
CUSTOMER_REPLY: Final = "customer_reply"
#: In this state a ticket waits for the customer.
WAITING: Final = "pending"


class Pause(NamedTuple):
    """The clock of a step stood still from `start` to `end`, for the ticket was in `state`."""

    state: str
    start: int
    end: int


class Counted(NamedTuple):
    """One step with its deadline (UTC seconds); `state` is one of `ticket.SLA_STATES` or empty.

    A pause that goes on ends at `now`, as if the customer answered this moment.
    """

    step: Step
    policy: Policy
    allowed: int
    pauses: tuple[Pause, ...]
    due: int
    state: str


class Account(NamedTuple):
    """A ticket's steps, those with a promise counted; `next_step` is what is owed now."""

    timeline: Timeline
    counted: tuple[Counted, ...]
    next_step: str
    events: tuple[Event, ...]
    ignored: tuple[Event, ...]

    def last(self, name: str) -> Counted | None:
        """The last step of that name, when it has a deadline."""
        return next((one for one in reversed(self.counted) if one.step.name == name), None)


def account(known: Known, history: Sequence[Event], sla: Sla, *, now: int) -> Account:
    """Count all steps of a ticket.

    Events that change to a policy which sla.toml does not have are ignored (and listed so).
    """
    ignored = [e for e in history if e.kind == "policy" and e.what not in sla.policies]
    heeded = [event for event in history if event not in ignored]
    events = events_of(known, heeded, automatic_within=sla.automatic_within)
    timeline = walk(known, events)
    counted = (count(step, timeline, sla, now=now) for step in timeline.steps)
    return Account(
        timeline,
        tuple(one for one in counted if one is not None),
        next_step(timeline),
        tuple(events),
        tuple(ignored),
    )


def count(step: Step, timeline: Timeline, sla: Sla, *, now: int) -> Counted | None:
    """Count out one step; None when its policy promises nothing for it."""
    policy = sla.policies[step.policy]
    if step.name not in policy.targets:
        return None
    allowed = policy.targets[step.name][LEVELS.index(step.level or USUAL_LEVEL)]
    states = {*policy.paused_while[step.name]}
    if step.name == RESOLUTION:
        states.update(CLOSED_STATES)
    stays = [stay for stay in timeline.stays if stay.state in states]
    pauses = tuple(cut for stay in stays if (cut := _cut(stay, step, now)) is not None)
    due = due_after(policy, step.start, allowed, pauses)
    at_risk = due_after(policy, step.start, allowed - allowed // RISK_SHARE, pauses)
    still = step.running and timeline.state in states
    return Counted(step, policy, allowed, pauses, due, _state(step, due, at_risk, still, now))


def _cut(stay: Stay, step: Step, now: int) -> Pause | None:
    """The part of a stay that lies in the step; one that goes on lasts until now."""
    end = max(now, stay.start) if stay.end is None else stay.end
    start, end = max(stay.start, step.start), end if step.end is None else min(end, step.end)
    return Pause(stay.state, start, end) if start < end else None


def due_after(policy: Policy, start: int, allowed: int, pauses: Sequence[Pause]) -> int:
    """When `allowed` seconds have been counted after `start`, leaving out `pauses`.

    A pause that begins when the time is over already moves nothing.
    """
    due = clock.after(policy.calendar, start, allowed)
    for pause in pauses:
        if pause.start >= due:
            break
        allowed += clock.between(policy.calendar, pause.start, pause.end)
        due = clock.after(policy.calendar, start, allowed)
    return due


def next_step(timeline: Timeline) -> str:
    """What is owed now: a step, the customer's reply, or nothing (empty)."""
    running = {step.name for step in timeline.steps if step.running}
    for name in (FIRST, NEXT):
        if name in running:
            return name
    if RESOLUTION not in running:
        return ""
    return CUSTOMER_REPLY if timeline.state == WAITING else RESOLUTION


def _state(step: Step, due: int, at_risk: int, still: bool, now: int) -> str:
    if step.ended_by == NOT_NEEDED:
        return "not_needed"
    if not step.running:
        return "" if step.end is None else "missed" if step.end > due else "met"
    if due < now:
        return "breached"
    if still:
        return "paused"
    return "at_risk" if at_risk <= now else "running"
