"""The order of the queue: points for consequence, for the deadline and for waiting, added up.

=============  ======  ==========================================================================
part           points  from
=============  ======  ==========================================================================
level          0-60    critical 60, high 30, normal 2.5, low 0
complaint      0-1     1 unless the category is ``other``
urgency        0-8     the 0..100 score: order within a level
emotion        0-1.5   distressed 1.5 ... satisfied 0
order_value    0-4     logarithm of the value in dollars, 4 from 10,000 on
tier           0-2.5   ``[tiers]`` of routing.toml
repeats        0-2     2n / (n + 2) for n earlier tickets of the customer or the order
incident       0-2     logarithm of the size, 2 from 1,024 tickets on
deadline       0-20    a share of what the six parts above leave of their 20: it grows evenly
                       with the time used up to the deadline of the next step, and is all of it
                       once that is near; none while the customer has the next word
waiting        0-...   1 for every four days since the ticket was created, without an end
=============  ======  ==========================================================================

**What it rests on.** The sum is the marginal cost of letting a ticket wait, and it never falls
while the ticket waits. Serving the highest one first is therefore the *generalised c-mu rule*
(van Mieghem 1995; optimal in heavy traffic for any convex cost of delay: Mandelbaum and Stolyar
2004) for tickets that take equally long. Within a level the deadline part is the *generalised
largest delay* rule (van Mieghem 2003: largest share of the promised time used up first, which
keeps most promises in heavy traffic). Waiting alone, the same for all, is Jackson's head start
(1960): a level is a head start in days, so every wait has an end.

**First come, first served once the deadline is near**, that is, from three quarters of the time
allowed on (`sla_state` at_risk, breached). From then on consequence and deadline are 20
together, whatever the consequence: of two such tickets of one level, both complaints or
neither, the older goes first.

**No ticket starves.** All points but waiting are between 0 and `KNEE` = 81. So whatever a ticket
is about, it goes before every one that came 324 days later. A complaint past its deadline goes
before each newer one of its own level or a lower one at once, and each newer one of a higher level
after `overtakes_after`: low before normal 10 days, normal before high 110, high before critical
120. What is no complaint (praise, a question) waits 4 days longer: so no late ticket lets a low or
normal one pass that came 14 days later, and old praise stays behind new critical complaints for
five months at least.

**Scale.** `priority` is the sum up to `KNEE`, and approaches 100 beyond, where only waiting
can lead; the waiting part is shown as what the scale leaves of it, so the parts add up.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.ticket import EMOTIONS, LEVELS

Points = npt.NDArray[np.float64]

#: Points by level, low to critical. A high or critical ticket outweighs all consequence, deadline
#: and four weeks of waiting of the level below: 30 > 2.5 + 20 + 7 and 60 > 30 + 20 + 7. Normal and
#: low share a deadline, so they are closer. Replayed with 0 to 8 points for normal: more answers
#: early, and longer waits for low ones, the more points (docs/decisions/0012).
LEVEL_POINTS: Final = dict(zip(LEVELS, (0.0, 2.5, 30.0, 60.0), strict=True))
COMPLAINT_POINTS: Final = 1.0
URGENCY_POINTS: Final = 8.0
#: Tone decides between equals only: who shouts is not who is hurt.
EMOTION_POINTS: Final = dict(zip(EMOTIONS, (0.0, 0.4, 0.8, 1.2, 1.5), strict=True))
VALUE_POINTS: Final = 4.0
FULL_VALUE: Final = 10_000.0
TIER_POINTS: Final = 2.5
REPEAT_POINTS: Final = 2.0
INCIDENT_POINTS: Final = 2.0
FULL_INCIDENT: Final = 1_024.0
WAITING_POINTS_PER_DAY: Final = 0.25

#: What consequence within a level adds up to at most, and what the deadline fills up to.
CONSEQUENCE_POINTS: Final = (
    URGENCY_POINTS
    + max(EMOTION_POINTS.values())
    + VALUE_POINTS
    + TIER_POINTS
    + REPEAT_POINTS
    + INCIDENT_POINTS
)
#: Share of the time allowed from which a deadline is near: that of `sla_state` at_risk.
NEAR: Final = 0.75
#: The most that all parts but waiting can add up to; the scale bends here.
KNEE: Final = max(LEVEL_POINTS.values()) + COMPLAINT_POINTS + CONSEQUENCE_POINTS

#: The parts that consequence is made of, within a level.
CONSEQUENCE: Final = ("urgency", "emotion", "order_value", "tier", "repeats", "incident")
_TOP: Final = 100.0
_DAY: Final = 86_400.0


class Inputs(NamedTuple):
    """What the parts are made of, one entry for each ticket.

    `level_points` and `emotion_points` come from the tables above; `complaint` is 1 or 0;
    `value` is in dollars (NaN for none), `tier` 0..1; `used` is the share of the time allowed
    that is used up (above 1 past the deadline, 0 where none runs), `waited` seconds since
    creation.
    """

    level_points: Points
    complaint: Points
    urgency: Points
    emotion_points: Points
    value: Points
    tier: Points
    repeats: Points
    incident: Points
    used: Points
    waited: Points


def parts(inputs: Inputs) -> dict[str, Points]:
    """The points of each part; every one but `deadline` grows with its input alone.

    The deadline part is smaller where the consequence is larger, so that both together are
    the same for all tickets whose deadline is near; their sum grows with either.
    """
    found = consequence(inputs)
    return {
        "level": inputs.level_points,
        "complaint": COMPLAINT_POINTS * inputs.complaint,
        **found,
        "deadline": pressure(inputs.used) * (CONSEQUENCE_POINTS - sum(found.values())),
        "waiting": waiting(inputs.waited),
    }


def consequence(inputs: Inputs) -> dict[str, Points]:
    """The points of the parts in `CONSEQUENCE`."""
    value = np.nan_to_num(np.maximum(inputs.value, 0.0))
    repeats = np.maximum(inputs.repeats, 0.0)
    return {
        "urgency": URGENCY_POINTS * np.clip(np.nan_to_num(inputs.urgency), 0, 100) / 100,
        "emotion": inputs.emotion_points,
        "order_value": VALUE_POINTS * _log_share(value, FULL_VALUE),
        "tier": TIER_POINTS * inputs.tier,
        "repeats": REPEAT_POINTS * repeats / (repeats + 2.0),
        "incident": INCIDENT_POINTS * _log_share(np.maximum(inputs.incident - 1, 0), FULL_INCIDENT),
    }


def pressure(used: Points) -> Points:
    """How much the deadline presses, 0..1, by the share of the time allowed that is used up.

    >>> pressure(np.array([0.0, 0.375, 0.75, 4.0])).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """
    return np.clip(used / NEAR, 0.0, 1.0)


def waiting(seconds: Points) -> Points:
    """The points of a wait."""
    return WAITING_POINTS_PER_DAY * np.maximum(seconds, 0.0) / _DAY


def overtakes_after(level: str, other: str) -> float:
    """Days after which a complaint of `level`, past its deadline, goes before any newer of `other`.

    >>> overtakes_after("low", "low"), overtakes_after("low", "high")
    (0.0, 120.0)
    """
    gap = LEVEL_POINTS[other] - LEVEL_POINTS[level]
    return max(gap, 0.0) / WAITING_POINTS_PER_DAY


def scale(points: Points) -> Points:
    """Points to 0..100: unchanged up to `KNEE`, then ever closer to 100.

    >>> scale(np.array([0.0, 62.5, 81.0, 100.0, 195.0])).round(2).tolist()
    [0.0, 62.5, 81.0, 90.5, 97.29]
    """
    room = _TOP - KNEE
    over = np.maximum(points - KNEE, 0.0)
    return np.minimum(points, KNEE) + room * over / (over + room)


def _log_share(amount: Points, full: float) -> Points:
    """0 at 0, 1 from `full` on, the same step for each doubling in between."""
    return np.minimum(np.log1p(amount) / np.log1p(full), 1.0)
