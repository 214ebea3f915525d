"""What is new: the last seven days against the seven before.

Of the tickets of both weeks together, each value (a reason, a country) should have the share `s`
in this week that all tickets have: when everything doubled, twice as many of one reason are
nothing new. For a + b tickets of a value that chance spreads so, the number of this week varies by
the root of (a + b) s (1 - s); a change is called clear when it is `CLEAR` times that. Of some 80
reasons, countries and languages, 3 lets one through by mistake in five quiet weeks or so.
"""

from collections import Counter
from math import sqrt
from typing import Any, Final, NamedTuple

WEEK: Final = 7
#: Days of the small line beside each name.
DAYS: Final = 28
CLEAR: Final = 3.0


class Change(NamedTuple):
    """How often `name` came this week and the week before, and its last 28 days, oldest first.

    `strength` is how many times chance the change is, compared with all tickets together.
    """

    name: str
    now: int
    before: int
    days: tuple[int, ...]
    strength: float

    @property
    def rose(self) -> bool:
        """Clearly more than the rest."""
        return self.strength >= CLEAR

    @property
    def fell(self) -> bool:
        """Clearly less than the rest."""
        return self.strength <= -CLEAR

    @property
    def clear(self) -> bool:
        """Clearly more or less than the rest."""
        return self.rose or self.fell


def strength(now: int, before: int, share: float) -> float:
    """The change of one value in units of chance (see the top); 0 when nothing can be said.

    :param share: What all tickets of both weeks have in this week, 0..1.

    36 tickets in two weeks that are alike: 18 are expected, and chance makes 3 more or less.

    >>> strength(27, 9, 0.5), strength(9, 27, 0.5), strength(0, 0, 0.5)
    (3.0, -3.0, 0.0)
    """
    spread = sqrt((now + before) * share * (1 - share))
    return (now - (now + before) * share) / spread if spread else 0.0


def changes(cross: Counter[tuple[Any, Any]], *, youngest: int) -> list[Change]:
    """Each value of a cross of (age, value): clear rises first, then the most frequent.

    :param youngest: Age in days of the newest ticket: this week ends there.
    """
    ages: dict[str, list[int]] = {}
    for (age, name), count in cross.items():
        days = ages.setdefault(name, [0] * DAYS)
        if 0 <= age - youngest < DAYS:
            days[DAYS - 1 - (age - youngest)] += count
    weeks = {name: (sum(days[-WEEK:]), sum(days[-2 * WEEK : -WEEK])) for name, days in ages.items()}
    all_now, all_before = (sum(week[i] for week in weeks.values()) for i in (0, 1))
    share = all_now / (all_now + all_before) if all_now + all_before else 0.0
    found = [
        Change(name, now, before, tuple(ages[name]), strength(now, before, share))
        for name, (now, before) in weeks.items()
    ]
    return sorted(found, key=lambda one: (not one.rose, -one.now, one.name))
