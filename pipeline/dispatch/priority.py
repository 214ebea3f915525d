"""The order of the queue: points for consequence, for the deadline and for waiting, added up.

The sum follows the index rules of scheduling. With only the consequence in it, it would be the
c-mu rule: serve first what costs most while it waits. The deadline part is the apparent tardiness
cost of Vepsalainen and Morton (1987): it grows exponentially as the slack shrinks. The waiting
part is what those rules lack, protection from starving.

=============  ======  ==========================================================================
part           points  from
=============  ======  ==========================================================================
level          0-45    critical 45, high 15, normal 5, low 0
urgency        0-10    the 0..100 score, a tenth of it: order within a level
emotion        0-2     distressed 2 ... satisfied 0
order_value    0-4     logarithm of the value in dollars, 4 from 10,000 on
tier           0-3     ``[tiers]`` of routing.toml
repeats        0-3     3n / (n + 2) for n earlier tickets
incident       0-3     logarithm of the size, 3 from 1,024 tickets on
deadline       0-20    20 once it has passed, half for every four hours to go; 0 when answered
waiting        0-...   1 for each day since the ticket was created, without an end
=============  ======  ==========================================================================

**No ticket starves.** All parts but waiting add up to 90 at most, and waiting gives one point a
day: whatever a ticket is about, it goes before every ticket that came `OVERTAKES_AFTER_DAYS` = 90
days later or more. For two tickets past their deadlines that differ in the level alone, low
goes before normal after 5 days, normal before high after 10, high before critical after 30.

**Scale.** `priority` is the sum of the parts up to 90 points, and approaches 100 beyond, so that
a higher sum is always a higher priority.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.ticket import EMOTIONS, LEVELS

Points = npt.NDArray[np.float64]

#: Points by level, low to critical. Danger to people outweighs all other consequence together:
#: a high ticket with every other one at its maximum has 15 + 25 = 40 points, fewer than 45.
LEVEL_POINTS: Final = dict(zip(LEVELS, (0.0, 5.0, 15.0, 45.0), strict=True))
URGENCY_POINTS: Final = 10.0
#: Tone decides between equals only: who shouts is not who is hurt.
EMOTION_POINTS: Final = dict(zip(EMOTIONS, (0.0, 0.5, 1.0, 1.5, 2.0), strict=True))
VALUE_POINTS: Final = 4.0
FULL_VALUE: Final = 10_000.0
TIER_POINTS: Final = 3.0
REPEAT_POINTS: Final = 3.0
INCIDENT_POINTS: Final = 3.0
FULL_INCIDENT: Final = 1_024.0
DEADLINE_POINTS: Final = 20.0
#: Half of a high ticket's four hours shows early enough that an agent can still make it.
HALVING_SECONDS: Final = 4 * 3600.0
WAITING_POINTS_PER_DAY: Final = 1.0

#: The most that all parts but waiting can add up to; the scale bends here.
KNEE: Final = (
    max(LEVEL_POINTS.values())
    + URGENCY_POINTS
    + max(EMOTION_POINTS.values())
    + VALUE_POINTS
    + TIER_POINTS
    + REPEAT_POINTS
    + INCIDENT_POINTS
    + DEADLINE_POINTS
)
OVERTAKES_AFTER_DAYS: Final = KNEE / WAITING_POINTS_PER_DAY
_TOP: Final = 100.0
_DAY: Final = 86_400.0


class Inputs(NamedTuple):
    """What the parts are made of, one entry for each ticket.

    `level_points` and `emotion_points` come from the tables above; `value` is in dollars (NaN
    for none), `tier` 0..1, `slack` seconds to the deadline (negative once it has passed,
    infinite when answered), `waited` seconds since creation.
    """

    level_points: Points
    urgency: Points
    emotion_points: Points
    value: Points
    tier: Points
    repeats: Points
    incident: Points
    slack: Points
    waited: Points


def parts(inputs: Inputs) -> dict[str, Points]:
    """The points of each part; every one is 0 or more and grows with its input."""
    value = np.nan_to_num(np.maximum(inputs.value, 0.0))
    repeats = np.maximum(inputs.repeats, 0.0)
    return {
        "level": inputs.level_points,
        "urgency": URGENCY_POINTS * np.clip(np.nan_to_num(inputs.urgency), 0, 100) / 100,
        "emotion": inputs.emotion_points,
        "order_value": VALUE_POINTS * _log_share(value, FULL_VALUE),
        "tier": TIER_POINTS * inputs.tier,
        "repeats": REPEAT_POINTS * repeats / (repeats + 2.0),
        "incident": INCIDENT_POINTS * _log_share(np.maximum(inputs.incident - 1, 0), FULL_INCIDENT),
        "deadline": DEADLINE_POINTS * np.exp2(-np.maximum(inputs.slack, 0.0) / HALVING_SECONDS),
        "waiting": WAITING_POINTS_PER_DAY * np.maximum(inputs.waited, 0.0) / _DAY,
    }


def scale(points: Points) -> Points:
    """Points to 0..100: unchanged up to `KNEE`, then ever closer to 100.

    >>> scale(np.array([0.0, 62.5, 90.0, 100.0, 190.0])).round(2).tolist()
    [0.0, 62.5, 90.0, 95.0, 99.09]
    """
    room = _TOP - KNEE
    over = np.maximum(points - KNEE, 0.0)
    return np.minimum(points, KNEE) + room * over / (over + room)


def _log_share(amount: Points, full: float) -> Points:
    """0 at 0, 1 from `full` on, the same step for each doubling in between."""
    return np.minimum(np.log1p(amount) / np.log1p(full), 1.0)
