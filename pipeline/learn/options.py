"""Options of ``train`` that are more than a word: parsed, or refused in words."""

import re
from collections.abc import Sequence

from pipeline.errors import TrainingError

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(given: str) -> float:
    """Return a length of time in seconds.

    >>> seconds("10m"), seconds("90"), seconds("1.5h")
    (600.0, 90.0, 5400.0)

    :raises TrainingError: It is no length of time.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", given.strip().lower())
    if not found:
        raise TrainingError(
            f"--budget must be a time such as 90s, 10m or 1h. Got {given!r} instead."
        )
    return float(found[1]) * _UNITS[found[2]]


def mapping(given: Sequence[str]) -> dict[str, str]:
    """Return the new name of each category that is to be called otherwise.

    >>> mapping(["quality=Produktmangel", "quality=Defekt"])
    {'Produktmangel': 'quality', 'Defekt': 'quality'}

    :raises TrainingError: A pair is no pair, or a label is given two names.
    """
    names: dict[str, str] = {}
    for one in given:
        new, equals, old = (part.strip() for part in one.partition("="))
        if not (equals and new and old):
            raise TrainingError(f"--map must be NAME=LABEL. Got {one!r} instead.")
        if names.setdefault(old, new) != new:
            raise TrainingError(f"--map calls {old!r} both {names[old]!r} and {new!r}.")
    return names
