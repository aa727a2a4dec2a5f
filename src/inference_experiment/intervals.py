"""Confidence intervals of shares, from counts alone. Pure, and without the statistics module: a cold start pays for it.

Wilson's interval of a share, and intervals of differences of two, hold for few successes and for none. That a limit is
missed takes an interval that lies wholly beyond it; criteria.py and the report use the same ones.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final

CONFIDENCE: Final = 0.95
Z: Final = 1.9599639845400536
"""How many standard deviations either side hold CONFIDENCE of a normal distribution."""


@dataclass(frozen=True)
class Interval:
    """From `low` to `high` around an estimate."""

    estimate: float
    low: float
    high: float


def share(successes: float, trials: float) -> Interval | None:
    """Return Wilson's interval of a share; None without trials."""
    if trials <= 0:
        return None
    z = Z
    estimate = min(successes / trials, 1.0)
    middle = (estimate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * sqrt(estimate * (1 - estimate) / trials + z * z / (4 * trials * trials))
    # Rounding leaves no estimate outside of its interval.
    return Interval(estimate, max(0.0, min(estimate, middle - half)), min(1.0, max(estimate, middle + half)))


def share_difference(first: Interval, second: Interval, factor: float = 1.0) -> Interval:
    """Return Newcombe's interval of second minus `factor` times first, of two independent samples."""
    estimate = second.estimate - factor * first.estimate
    below = sqrt((second.estimate - second.low) ** 2 + (factor * (first.high - first.estimate)) ** 2)
    above = sqrt((second.high - second.estimate) ** 2 + (factor * (first.estimate - first.low)) ** 2)
    return Interval(estimate, estimate - below, estimate + above)


def paired_difference(only_first: float, only_second: float, trials: float) -> Interval | None:
    """Return Bonett and Price's interval of second minus first, two shares of the same records; None without records.

    The records on which both agree say nothing about the difference: it takes those that only one of them has.
    """
    if trials <= 0:
        return None
    first, second = (only_first + 1) / (trials + 2), (only_second + 1) / (trials + 2)
    half = Z * sqrt((first + second - (second - first) ** 2) / (trials + 2))
    middle = second - first
    return Interval((only_second - only_first) / trials, max(-1.0, middle - half), min(1.0, middle + half))
