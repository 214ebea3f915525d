"""How long it takes, counting what is still open.

The mean or median of *finished* tickets is too kind: slow ones are the ones that are still
open. Kaplan and Meier (1958) count an open ticket as "at least this long". The interval of the
curve is Greenwood's on the log(-log) scale; that of a quantile is where the bands cross it
(Brookmeyer and Crowley 1982). lifelines gives the same numbers (tests/insights).
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Of the normal distribution, for intervals of 95 %.
Z: Final = 1.959963984540054


class Estimate(NamedTuple):
    """A number with its 95 % interval; NaN or infinity where the data do not say."""

    value: float
    low: float
    high: float


class Curve(NamedTuple):
    """Share still open after each time at which something finished."""

    times: NDArray[np.float64]
    open: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def kaplan_meier(durations: NDArray[np.float64], done: NDArray[np.bool_]) -> Curve:
    """The curve of tickets that took `durations`, or that long so far where not `done`.

    >>> curve = kaplan_meier(np.array([1.0, 2.0, 3.0]), np.array([True, False, True]))
    >>> curve.times.tolist(), curve.open.round(3).tolist()
    ([1.0, 3.0], [0.667, 0.0])
    """
    times, place = np.unique(durations, return_inverse=True)
    ended = np.bincount(place, weights=done, minlength=len(times))
    left = np.bincount(place, minlength=len(times))
    at_risk = left[::-1].cumsum()[::-1].astype(float)
    happened = ended > 0
    times, ended, at_risk = times[happened], ended[happened], at_risk[happened]
    share = np.cumprod(1 - ended / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(ended / (at_risk * (at_risk - ended)))
        log = np.log(share)
        shift = Z * np.sqrt(greenwood) / log
        low = np.exp(-np.exp(np.log(-log) - shift))
        high = np.exp(-np.exp(np.log(-log) + shift))
    # When nothing is left open the interval is not defined; the point stands for itself.
    empty = share <= 0
    return Curve(times, share, np.where(empty, 0.0, low), np.where(empty, 0.0, high))


def quantile(curve: Curve, share: float) -> Estimate:
    """The time after which `share` of the tickets are done; infinity when that is not reached.

    >>> curve = kaplan_meier(np.array([1.0, 2.0, 4.0, 8.0]), np.array([True, True, True, False]))
    >>> quantile(curve, 0.5).value, quantile(curve, 0.9).value
    (2.0, inf)
    """
    left = 1 - share + 1e-9  # 1 - 0.9 is a little less than 0.1

    def first(values: NDArray[np.float64]) -> float:
        reached = np.flatnonzero(values <= left)
        return float(curve.times[reached[0]]) if len(reached) else np.inf

    return Estimate(first(curve.open), first(curve.low), first(curve.high))


def done_within(curve: Curve, time: float) -> Estimate:
    """The share that is done within `time`.

    >>> curve = kaplan_meier(np.array([1.0, 2.0, 4.0, 8.0]), np.array([True, True, True, False]))
    >>> done_within(curve, 3.0).value
    0.5
    """
    at = int(np.searchsorted(curve.times, time, side="right")) - 1
    if at < 0:
        return Estimate(0.0, 0.0, 0.0)
    return Estimate(*(float(1 - part[at]) for part in (curve.open, curve.high, curve.low)))


def proportion(hits: int, of: int) -> Estimate:
    """A share with Wilson's interval (1927), which stays within 0..1 and is honest for few.

    >>> proportion(8, 10)._asdict()  # doctest: +ELLIPSIS
    {'value': 0.8, 'low': 0.490..., 'high': 0.943...}
    >>> proportion(0, 0).value
    nan
    """
    if not of:
        return Estimate(np.nan, np.nan, np.nan)
    share, square = hits / of, Z**2 / of
    middle = (share + square / 2) / (1 + square)
    half = Z * math.sqrt(share * (1 - share) / of + square / (4 * of)) / (1 + square)
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half))
