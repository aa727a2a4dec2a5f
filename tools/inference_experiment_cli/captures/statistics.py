"""Statistics of counts and sums that SQL has reduced the records to; what a library has is the library's."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from inference_experiment.intervals import CONFIDENCE, Interval, Z
from inference_experiment_cli.errors import missing_extra

if TYPE_CHECKING:
    import types

LEAST_SHARE: Final = 1e-4
"""Share that an empty bin counts as, so that the population stability index is finite."""
RESAMPLES: Final = 1000
SEED: Final = 0


def scipy_module(name: str) -> "types.ModuleType":
    """Return a module of SciPy, each of which takes long to load. Raises UsageError where it is not installed."""
    try:
        return import_module(f"scipy.{name}")
    except ImportError as missing:
        raise missing_extra("SciPy", "captures") from missing


@dataclass
class Outcomes:
    """How often a class was true, predicted, and both."""

    true: int = 0
    predicted: int = 0
    hits: int = 0

    @property
    def precision(self) -> float:
        """The share of predictions that are right; 0 without predictions."""
        return self.hits / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """The share of the class that was found; 0 where it never was true."""
        return self.hits / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.hits / (self.true + self.predicted) if self.true + self.predicted else 0.0


@dataclass
class Judgement:
    """One variant's classes against the labels."""

    records: int = 0
    right: int = 0
    classes: dict[str, Outcomes] = field(default_factory=dict)

    def add(self, label: str, predicted: str | None, count: int) -> None:
        """Count records; None for no prediction."""
        self.records += count
        self.classes.setdefault(label, Outcomes()).true += count
        if predicted is not None:
            self.classes.setdefault(predicted, Outcomes()).predicted += count
        if predicted == label:
            self.right += count
            self.classes[label].hits += count

    @property
    def accuracy(self) -> float:
        """The share of right predictions."""
        return self.right / self.records

    @property
    def macro_f1(self) -> float:
        """The mean of the classes' F1."""
        return sum(each.f1 for each in self.classes.values()) / len(self.classes)

    @property
    def binary_f1(self) -> float | None:
        """F1 of class 1 where the classes are 0 and 1; None otherwise."""
        if not self.classes.keys() <= {"0", "1"}:
            return None
        return self.classes.get("1", Outcomes()).f1


@dataclass(frozen=True)
class McNemar:
    """Records that only one variant has right, and how probable so uneven a split is between equal variants."""

    production_only: int
    shadow_only: int
    p_value: float


def mcnemar(production_only: int, shadow_only: int) -> McNemar:
    """Return McNemar's exact test. Raises UsageError without SciPy."""
    # The binomial distribution itself: scipy.stats takes three times as long to load.
    below = scipy_module("special").bdtr(min(production_only, shadow_only), production_only + shadow_only, 0.5)
    return McNemar(production_only, shadow_only, min(1.0, 2 * float(below)))


def stability_index(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Return the population stability index of two distributions over the same bins; None without counts."""
    if not sum(first) or not sum(second):
        return None
    shares = [[max(count / sum(counts), LEAST_SHARE) for count in counts] for counts in (first, second)]
    return math.fsum((b - a) * math.log(b / a) for a, b in zip(*shares, strict=True))


def least_stability_index(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Return the lower end of the index's interval: less what equal distributions show by chance, and its deviation.

    By the delta method, as if the samples were independent: those of the same requests vary less.
    """
    index = stability_index(first, second)
    if index is None:
        return None
    totals = [sum(counts) for counts in (first, second)]
    bins = [
        [max(count / total, LEAST_SHARE) for count, total in zip(pair, totals, strict=True)]
        for pair in zip(first, second, strict=True)
        if any(pair)
    ]
    logs = [(a, b, math.log(b / a)) for a, b in bins]
    slopes = ([(a, 1 - b / a - log) for a, b, log in logs], [(b, 1 - a / b + log) for a, b, log in logs])
    variance = math.fsum(_variance(each) / total for each, total in zip(slopes, totals, strict=True))
    chance = (len(bins) - 1) * math.fsum(1 / total for total in totals)
    return max(0.0, index - chance - Z * math.sqrt(variance))


def _variance(slopes: Sequence[tuple[float, float]]) -> float:
    mean = math.fsum(share * slope for share, slope in slopes)
    return math.fsum(share * (slope - mean) ** 2 for share, slope in slopes)


def class_counts(rows: Iterable[Mapping[str, Any]], name: str) -> Counter[str]:
    """Return how many records there are of each class."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts["" if row[name] is None else str(row[name])] += row["records"]
    return counts


def error_intervals(groups: Sequence[Mapping[str, Any]]) -> dict[str, Interval]:
    """Return bootstrap intervals of both variants' RMSE, and of the shadow's errors less production's.

    A group is drawn as a whole: both variants' errors of the same records. Raises UsageError without SciPy.
    """
    stats = scipy_module("stats")
    import numpy as np  # noqa: PLC0415 - comes with SciPy

    columns = {name: np.array([group[name] for group in groups], dtype=float) for name in groups[0] if name != "part"}

    def rmse(count: Any, squared: Any, axis: int = -1) -> Any:  # noqa: ANN401 - arrays
        return np.sqrt(squared.sum(axis=axis) / count.sum(axis=axis))

    def rmse_difference(count: Any, p_squared: Any, s_squared: Any, axis: int = -1) -> Any:  # noqa: ANN401 - arrays
        return rmse(count, s_squared, axis) - rmse(count, p_squared, axis)

    def mae_difference(count: Any, p_absolute: Any, s_absolute: Any, axis: int = -1) -> Any:  # noqa: ANN401 - arrays
        return (s_absolute - p_absolute).sum(axis=axis) / count.sum(axis=axis)

    wanted = {
        "production_rmse": (rmse, ("records", "p_squared")),
        "shadow_rmse": (rmse, ("records", "s_squared")),
        "rmse_difference": (rmse_difference, ("records", "p_squared", "s_squared")),
        "mae_difference": (mae_difference, ("records", "p_absolute", "s_absolute")),
    }
    found = {}
    for name, (statistic, names) in wanted.items():
        samples = [columns[each] for each in names]
        result = stats.bootstrap(
            samples, statistic, paired=True, vectorized=True, n_resamples=RESAMPLES, batch=100,
            confidence_level=CONFIDENCE, method="percentile", rng=np.random.default_rng(SEED),
        ).confidence_interval  # fmt: skip
        estimate: Any = statistic(*samples)  # type: ignore[operator] # each takes the samples that it names
        found[name] = Interval(float(estimate), float(result.low), float(result.high))
    return found
