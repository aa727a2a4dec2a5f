"""The plots of the metrics."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from inference_experiment.criteria import Role
from inference_experiment_cli.report.comparison import LATENCIES, MICROSECONDS_PER_MILLISECOND, ComparisonReport
from inference_experiment_cli.report.drawing import (
    DASHED,
    INK,
    LIMIT,
    OF_ROLE,
    SHADOW,
    Drawing,
    Line,
    Plot,
    drawn,
    over_time,
    zero_line,
)
from inference_experiment_cli.report.measurement import Measurement

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SECONDS_PER_MINUTE: Final = 60
MAX_POINTS: Final = 120


def plots(report: ComparisonReport) -> list[Plot]:
    """Return the plots of a report; those without data are left out. Raises UsageError without Matplotlib."""
    effects = Drawing("Latency of the shadow against production", EFFECTS, partial(_effects, report=report))
    lines = [
        Drawing(title, text, lambda axes, label=label, of=of: over_time(axes, label, of(report)))  # type: ignore[misc]
        for title, text, label, of in OVER_TIME
    ]
    return drawn([effects, *lines], "metric")


def _binned(
    measurement: Measurement, values: Mapping[datetime, float], weights: Mapping[datetime, float] | None = None
) -> tuple[list[datetime], list[float]]:
    """Return the points of a line: means over neighbouring periods, weighted where weights are known."""
    start, period = measurement.window.start, measurement.window.period
    seconds = (measurement.window.end - start).total_seconds()
    step = period * max(1, math.ceil(seconds / period / MAX_POINTS))  # of one point of a plot
    groups: dict[int, list[tuple[float, float]]] = {}
    for moment, value in values.items():
        place = int((moment - start).total_seconds()) // step
        groups.setdefault(place, []).append((value, 1.0 if weights is None else weights.get(moment, 0.0)))
    moments, means = [], []
    for place, group in sorted(groups.items()):
        total = sum(weight for _, weight in group)
        if total:
            moments.append(start + timedelta(seconds=(place + 0.5) * step))
            means.append(sum(value * weight for value, weight in group) / total)
    return moments, means


def _latency(report: ComparisonReport) -> Iterator[Line]:
    measurement = report.measurement
    for role, colour in OF_ROLE.items():
        weights = measurement.of(role, "latency_samples")
        for identity, title, dashes in (("latency_p50", "p50", "-"), ("latency_p99", "p99", DASHED)):
            values = {
                moment: value / MICROSECONDS_PER_MILLISECOND for moment, value in measurement.of(role, identity).items()
            }
            yield Line(*_binned(measurement, values, weights), colour, f"{role} {title}", dashes)


def _errors(report: ComparisonReport) -> Iterator[Line]:
    measurement = report.measurement
    for role, colour in OF_ROLE.items():
        calls, failed = measurement.of(role, "invocations"), measurement.of(role, "model_errors")
        rates = {moment: 100 * failed.get(moment, 0.0) / count for moment, count in calls.items() if count}
        yield Line(*_binned(measurement, rates, calls), colour, str(role))


def _traffic(report: ComparisonReport) -> Iterator[Line]:
    measurement, sampling = report.measurement, report.measurement.subject.sampling
    for role, colour in OF_ROLE.items():
        moments, values = _binned(measurement, measurement.of(role, "invocations"))
        rates = [value * SECONDS_PER_MINUTE / measurement.window.period for value in values]
        yield Line(moments, rates, colour, str(role))
        if role is Role.SHADOW and 0 < sampling < 1:
            # Where all is well it lies on production's line.
            yield Line(moments, [rate / sampling for rate in rates], colour, "shadow, normalised", broad=True)


def _load(report: ComparisonReport) -> Iterator[Line]:
    measurement = report.measurement
    for role, colour in OF_ROLE.items():
        for identity, title, dashes in (("cpu", "CPU", "-"), ("gpu", "GPU", "-."), ("memory", "memory", DASHED)):
            yield Line(*_binned(measurement, measurement.of(role, identity)), colour, f"{role} {title}", dashes)


def _effects(axes: "Axes", report: ComparisonReport) -> bool:
    changes = {row.title: row.change for row in reversed(report.rows) if row.identity in LATENCIES and row.change}
    for place, change in enumerate(changes.values()):
        axes.plot([100 * change.low, 100 * change.high], [place, place], color=INK, linewidth=2)
        axes.plot([100 * change.estimate], [place], color=SHADOW, marker="o", markersize=6)
    axes.set_yticks(range(len(changes)), [title.replace("latency, ", "") for title in changes])
    if report.criteria.max_latency_increase is not None:
        limit = 100 * report.criteria.max_latency_increase
        axes.axvline(limit, color=LIMIT, linewidth=1.2, linestyle=(0, (4, 3)))
        name = f"limit, {report.criteria.latency_statistic}"
        axes.annotate(name, (limit, 1), xycoords=("data", "axes fraction"), color=LIMIT, va="bottom", ha="center")
    zero_line(axes)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("percent above production")
    return bool(changes)


EFFECTS: Final = "Dots, and where they are with 95 % confidence. Left of the line at zero the shadow is faster."
# Title, text, label of the vertical axis, lines
OVER_TIME: Final[Sequence[tuple[str, str, str, Callable[[ComparisonReport], Iterator[Line]]]]] = (
    ("Model latency", "The median and, dashed, the 99th percentile.", "milliseconds", _latency),
    ("Model errors", "Invocations that did not end in 2XX.", "percent of invocations", _errors),
    (
        "Invocations",
        "The broad, pale line divides the shadow's by its sampling percentage: production's should lie on it.",
        "per minute",
        _traffic,
    ),
    ("Utilisation", "Mean over the instances of each variant, at the traffic that it had.", "percent", _load),
)
