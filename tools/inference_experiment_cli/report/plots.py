"""Draws the plots as SVG with Matplotlib; colours are CSS variables, so that one drawing serves light and dark.

Every colour is drawn as one that occurs nowhere else and replaced in the text afterwards; fonts are the page's.
"""

import io
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from inference_experiment.criteria import Role
from inference_experiment_cli.errors import missing_extra
from inference_experiment_cli.report.comparison import LATENCIES, MICROSECONDS_PER_MILLISECOND, ComparisonReport
from inference_experiment_cli.report.measurement import Measurement

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Final[Mapping[str, str]] = {
    "#010203": "--production",
    "#040506": "--shadow",
    "#070809": "--ink",
    "#0a0b0c": "--faint",
    "#0d0e0f": "--limit",
    "#101112": "--muted",
}
PRODUCTION, SHADOW, INK, FAINT, LIMIT, MUTED = COLOURS
OF_ROLE: Final = {Role.PRODUCTION: PRODUCTION, Role.SHADOW: SHADOW}
SECONDS_PER_MINUTE: Final = 60
MAX_POINTS: Final = 120
MAX_LEGEND_COLUMNS: Final = 3
DASHED: Final = (0, (3, 2))


# Points, colour, name and dashes
Line = tuple[tuple[list[datetime], list[float]], str, str, Any]


@dataclass(frozen=True)
class Plot:
    """One drawing: a heading, what it shows in a sentence, and the SVG."""

    title: str
    text: str
    svg: str
    wide: bool = False


def _matplotlib() -> Any:  # noqa: ANN401 - a module
    try:
        import matplotlib as mpl  # noqa: PLC0415 - an optional extra, and half a second
        from matplotlib import figure  # noqa: F401, PLC0415 - as above
    except ImportError as missing:
        raise missing_extra("Matplotlib", "report") from missing
    return mpl


def _settings() -> dict[str, Any]:
    inks = ("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor", "axes.titlecolor")
    faints = ("axes.edgecolor", "xtick.color", "ytick.color", "grid.color")
    return {
        **dict.fromkeys(inks, MUTED),
        **dict.fromkeys(faints, FAINT),
        "svg.fonttype": "none",
        "svg.hashsalt": "plots",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
    }


def plots(report: ComparisonReport) -> list[Plot]:
    """Return the drawings of a report; those without data are left out. Raises UsageError without Matplotlib."""
    mpl = _matplotlib()
    drawings: list[Plot] = []
    with mpl.rc_context(_settings()):
        for title, text, label, lines in DRAWINGS:
            size = (5.6, 2.6) if lines else (11.4, 2.1)
            axes: Axes = mpl.figure.Figure(figsize=size, layout="constrained").subplots()
            if _over_time(axes, label, lines(report)) if lines else _effects(axes, report):
                svg = _svg(axes, f"plot{len(drawings)}", f"{title}. {text}")
                drawings.append(Plot(title, text, svg, wide=not lines))
    return drawings


def _svg(axes: "Axes", name: str, label: str) -> str:
    """Return the figure as an SVG element that takes its colours and fonts from the page."""
    output = io.StringIO()
    figure: Any = axes.figure
    figure.savefig(output, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = output.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Identifiers of several drawings share one page.
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", text)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    for colour, variable in COLOURS.items():
        text = text.replace(colour, f"var({variable})")
    attributes = f'role="img" aria-label="{label}" '
    return text.replace("<svg ", f"<svg {attributes}", 1)


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
            yield _binned(measurement, values, weights), colour, f"{role} {title}", dashes


def _errors(report: ComparisonReport) -> Iterator[Line]:
    measurement = report.measurement
    for role, colour in OF_ROLE.items():
        calls, failed = measurement.of(role, "invocations"), measurement.of(role, "model_errors")
        rates = {moment: 100 * failed.get(moment, 0.0) / count for moment, count in calls.items() if count}
        yield _binned(measurement, rates, calls), colour, str(role), "-"


def _traffic(report: ComparisonReport) -> Iterator[Line]:
    measurement, sampling = report.measurement, report.measurement.subject.sampling
    for role, colour in OF_ROLE.items():
        moments, values = _binned(measurement, measurement.of(role, "invocations"))
        rates = [value * SECONDS_PER_MINUTE / measurement.window.period for value in values]
        yield (moments, rates), colour, str(role), "-"
        if role is Role.SHADOW and 0 < sampling < 1:
            yield (moments, [rate / sampling for rate in rates]), colour, "shadow, normalised", DASHED


def _load(report: ComparisonReport) -> Iterator[Line]:
    measurement = report.measurement
    for role, colour in OF_ROLE.items():
        for identity, title, dashes in (("cpu", "CPU", "-"), ("gpu", "GPU", "-."), ("memory", "memory", DASHED)):
            yield _binned(measurement, measurement.of(role, identity)), colour, f"{role} {title}", dashes


def _over_time(axes: "Axes", label: str, lines: Iterator[Line]) -> bool:
    """Draw the lines that have points; return whether there are any."""
    from matplotlib import dates  # noqa: PLC0415 - as above

    for points, colour, name, dashes in lines:
        if points[0]:
            width = 1.8 if dashes == "-" else 1.2
            axes.plot(*points, color=colour, label=name, linewidth=width, linestyle=dashes)  # type: ignore[arg-type]
    if not axes.lines:
        return False
    untyped: Any = dates
    locator = untyped.AutoDateLocator(maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator))
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    columns = 2 if len(axes.lines) > MAX_LEGEND_COLUMNS else MAX_LEGEND_COLUMNS
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.2, handlelength=1.6)
    return True


def _effects(axes: "Axes", report: ComparisonReport) -> bool:
    changes = {row.title: row.change for row in reversed(report.rows) if row.identity in LATENCIES and row.change}
    for place, change in enumerate(changes.values()):
        axes.plot([100 * change.low, 100 * change.high], [place, place], color=INK, linewidth=2)
        axes.plot([100 * change.estimate], [place], color=SHADOW, marker="o", markersize=6)
    axes.set_yticks(range(len(changes)), list(changes))
    axes.axvline(0, color=MUTED, linewidth=1)
    if report.criteria.max_latency_increase is not None:
        limit = 100 * report.criteria.max_latency_increase
        axes.axvline(limit, color=LIMIT, linewidth=1.2, linestyle=(0, (4, 3)))
        name = f"limit, {report.criteria.latency_statistic}"
        axes.annotate(name, (limit, 1), xycoords=("data", "axes fraction"), color=LIMIT, va="bottom", ha="center")
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("percent above production (dot) and where it is with 95 % confidence (line)")
    return bool(changes)


# Title, text, label of the vertical axis, lines; without lines the effects
DRAWINGS: Final[Sequence[tuple[str, str, str, Callable[[ComparisonReport], Iterator[Line]] | None]]] = (
    ("Latency of the shadow against production", "Left of zero the shadow is faster.", "", None),
    ("Model latency", "The median and, dashed, the 99th percentile.", "milliseconds", _latency),
    ("Model errors", "Invocations that did not end in 2XX.", "percent of invocations", _errors),
    ("Invocations", "The dashed line divides the shadow's by its sampling percentage.", "per minute", _traffic),
    ("Utilisation", "Mean over the instances of each variant, at the traffic that it had.", "percent", _load),
)
