"""How unlikely a count is: the test behind rising issues.

An issue is compared with the other tickets of the same time, not with itself on other days
alone: when twice as many complaints of all kinds come in (a sale, a Monday, the season), each
issue may double too and nothing is rising. With b tickets of the issue and B others in the
baseline, and W others in the window, the window's count is expected to be mu = (b + 1/2) W / B.
Given a rate that is itself estimated from b + 1/2 tickets, and days that differ more than
chance (overdispersion alpha), the count is negative binomial with variance
mu + mu^2 (1 / (b + 1/2) + 1 / W + 1 / B + alpha).

The 1/2 is the Jeffreys prior of a Poisson rate; it keeps an issue never seen before testable.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


class Expectation(NamedTuple):
    """What a window should hold: the mean, and how much more than a Poisson count it varies."""

    mean: Numbers
    dispersion: Numbers


def expect(base: Numbers, others_base: Numbers, others: Numbers, alpha: float) -> Expectation:
    """What the window should hold if the issue's share of all tickets is what it was."""
    base = base + 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = base * others / others_base
        dispersion = 1 / base + 1 / others + 1 / others_base + alpha
    return Expectation(mean, dispersion)


def tail(count: Numbers, expected: Expectation) -> Numbers:
    """P(a count is `count` or more).

    >>> one = Expectation(np.array([5.0]), np.array([1e-9]))
    >>> tail(np.array([20.0]), one).round(9).tolist()  # Poisson: 3.45e-07
    [3.45e-07]
    """
    from scipy.special import betainc

    # P(N >= k) of a negative binomial with size s and success probability 1 / (1 + mean / s).
    size = 1 / expected.dispersion
    odds = expected.mean / (expected.mean + size)
    return np.where(count > 0, betainc(np.maximum(count, 1), size, odds), 1.0)


def overdispersion(counts: Numbers, expected: Numbers) -> float:
    """How much more than Poisson the counts vary: alpha in variance = mean + alpha mean^2.

    The moment estimator (Breslow 1984): the excess of the squared residuals over the mean.

    >>> overdispersion(np.array([4.0, 16.0]), np.array([10.0, 10.0]))  # (72 - 20) / 200
    0.26
    """
    squares = float((expected**2).sum())
    excess = float(((counts - expected) ** 2 - expected).sum())
    return max(0.0, excess / squares) if squares else 0.0


def false_discovery(p: Numbers) -> Numbers:
    """Adjusted p-values: reporting all below q makes at most a share q of them false.

    Benjamini and Hochberg (1995).

    >>> false_discovery(np.array([0.01, 0.5, 0.03])).round(3).tolist()
    [0.03, 0.5, 0.045]
    """
    # scipy.stats has it too, but takes longer to import than a run has time for.
    order = np.argsort(-p, kind="stable")
    ranked = p[order] * len(p) / np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(ranked))
    return adjusted
