"""Interleaved pairs, medians of their ratios, and the results of a benchmark."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

CONFIDENCE: Final = 0.95
Timer: TypeAlias = Callable[[], float]
Work: TypeAlias = Callable[[], object]


@dataclass(frozen=True)
class Figure:
    """One row of the table. `floor` is the limit of `ratio`: the least value with `at_least`, else the greatest.

    `interval` holds the median of the pairs' ratios with 95 % confidence.
    """

    name: str
    ours: float
    peer: float | None
    unit: str
    peer_name: str = ""
    ratio: float | None = None
    floor: float | None = None
    at_least: bool = False
    rounds: int = 1
    remark: str = ""
    interval: tuple[float, float] | None = None

    @property
    def holds(self) -> bool:
        """Whether the floor holds; true without a floor."""
        if self.floor is None or self.ratio is None:
            return True
        return self.ratio >= self.floor if self.at_least else self.ratio <= self.floor


@dataclass(frozen=True)
class Curve:
    """The growth of a cost: `series` has one line per name, a list of (x, y)."""

    name: str
    x: str
    y: str
    series: dict[str, list[tuple[float, float]]]
    remark: str = ""


@dataclass
class Results:
    """The results of one benchmark."""

    title: str
    about: str
    figures: list[Figure] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    seconds: float = 0.0


def timed(work: Work, timer: Timer = time.perf_counter) -> float:
    """Return the seconds of a function call."""
    start = timer()
    work()
    return timer() - start


def pairs(
    ours: Work, peer: Work, rounds: int, timer: Timer = time.perf_counter, before: Work | None = None
) -> list[tuple[float, float]]:
    """Run both in turn, alternating the order, and return the seconds of each round: ours, the peer's.

    `before` is called before each run and not timed.
    """
    timings = []
    for number in range(rounds):
        seconds = {}
        for work in (peer, ours) if number % 2 else (ours, peer):
            if before is not None:
                before()
            seconds[work is ours] = timed(work, timer)
        timings.append((seconds[True], seconds[False]))
    return timings


def compared(
    name: str,
    timings: Sequence[tuple[float, float]],
    peer_name: str,
    floor: float | None = None,
    *,
    faster: bool = False,
    unit: str = "s",
    remark: str = "",
) -> Figure:
    """Return the row of a paired measurement: ours divided by the peer's, or with `faster` the inverse."""
    ratios = [peer / ours if faster else ours / peer for ours, peer in timings]
    return Figure(
        name,
        statistics.median(ours for ours, _ in timings),
        statistics.median(peer for _, peer in timings),
        unit,
        peer_name,
        statistics.median(ratios),
        floor,
        faster,
        len(timings),
        remark,
        interval_of_median(ratios),
    )


def interval_of_median(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the order statistics between which the median is with at least 95 % confidence; None with too few values.

    As many of the values are below the median as heads are thrown: the interval leaves out the tails of that binomial.
    """
    count, ordered = len(values), sorted(values)
    tail, below = 0.0, 0
    while below < count:
        tail += math.comb(count, below) / 2**count
        if tail > (1 - CONFIDENCE) / 2:
            break
        below += 1
    return (ordered[below - 1], ordered[count - below]) if below else None
