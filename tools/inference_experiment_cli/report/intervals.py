"""The confidence interval of a ratio of two means; those of shares are the function's own (intervals.py).

The ratio compares the two variants batch by batch, so that the daily variation, which both have, cancels out.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from statistics import fmean
from typing import Final

from inference_experiment.intervals import Interval, Z

BATCHES: Final = 30
MIN_BATCHES: Final = 8


def student_quantile(freedom: int) -> float:
    """Return Z of Student's distribution (Cornish and Fisher's expansion; within 0.1 % from 7 degrees on)."""
    z = Z
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    quantile = 0.0
    for term in reversed(terms):
        quantile = quantile / freedom + term
    return quantile


def mean_ratio(pairs: Sequence[tuple[float, float, float]]) -> Interval | None:
    """Return the interval of second mean over first mean, minus one: the relative increase.

    `pairs` are, in order of time, (first, second, weight) of the periods that both have. Neighbours are put together
    into batches, as they resemble each other. None for too few.
    """
    batches = _batches([pair for pair in pairs if pair[2] > 0])
    count = len(batches)
    if count < MIN_BATCHES:
        return None
    firsts, seconds, weights = zip(*batches, strict=True)
    total, first, second = sum(weights), fmean(firsts, weights), fmean(seconds, weights)
    if first <= 0:
        return None
    ratio = second / first
    spread = sum((weight / total * (b - ratio * a)) ** 2 for a, b, weight in batches)
    half = student_quantile(count - 1) * sqrt(spread * count / (count - 1)) / first
    return Interval(ratio - 1, ratio - 1 - half, ratio - 1 + half)


def _batches(pairs: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    count = min(BATCHES, len(pairs))
    edges = [len(pairs) * number // count for number in range(count + 1)] if count else []
    batches = []
    for begin, end in pairwise(edges):
        firsts, seconds, weights = zip(*pairs[begin:end], strict=True)
        batches.append((fmean(firsts, weights), fmean(seconds, weights), sum(weights)))
    return batches
