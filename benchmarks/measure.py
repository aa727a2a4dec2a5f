"""Measuring: interleaved pairs, medians of their ratios, and what a measurement found."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Timer: TypeAlias = Callable[[], float]
Work: TypeAlias = Callable[[], object]


@dataclass(frozen=True)
class Figure:
    """One row of the table. `ratio` is ours to the peer's as `better` words it; `floor` is what it has to keep."""

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

    @property
    def holds(self) -> bool:
        """Whether the floor is kept; one that there is not always is."""
        if self.floor is None or self.ratio is None:
            return True
        return self.ratio >= self.floor if self.at_least else self.ratio <= self.floor


@dataclass(frozen=True)
class Curve:
    """How a cost grows: `series` holds a line per name, each a list of (x, y)."""

    name: str
    x: str
    y: str
    series: dict[str, list[tuple[float, float]]]
    remark: str = ""


@dataclass
class Results:
    """What one benchmark found."""

    title: str
    about: str
    figures: list[Figure] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    seconds: float = 0.0


def timed(work: Work, timer: Timer = time.perf_counter) -> float:
    """Return the seconds that some work takes."""
    began = timer()
    work()
    return timer() - began


def pairs(
    ours: Work, peer: Work, rounds: int, timer: Timer = time.perf_counter, before: Work | None = None
) -> list[tuple[float, float]]:
    """Run both in turn, who is first alternating, and return the seconds of each round: ours, the peer's.

    `before` is done before each, and not timed.
    """
    found = []
    for number in range(rounds):
        seconds = {}
        for work in (peer, ours) if number % 2 else (ours, peer):
            if before is not None:
                before()
            seconds[work is ours] = timed(work, timer)
        found.append((seconds[True], seconds[False]))
    return found


def compared(
    name: str,
    found: Sequence[tuple[float, float]],
    peer_name: str,
    floor: float | None = None,
    *,
    faster: bool = False,
    unit: str = "s",
    remark: str = "",
) -> Figure:
    """Return the row of a paired measurement: ours divided by the peer's, or `faster` the other way round."""
    ratios = [peer / ours if faster else ours / peer for ours, peer in found]
    return Figure(
        name,
        statistics.median(ours for ours, _ in found),
        statistics.median(peer for _, peer in found),
        unit,
        peer_name,
        statistics.median(ratios),
        floor,
        faster,
        len(found),
        remark,
    )
