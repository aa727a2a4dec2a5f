"""The plots of the predictions."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from inference_experiment.criteria import Role
from inference_experiment_cli.captures import queries
from inference_experiment_cli.captures.comparison import Classification, ClassRow, Drift, Part, PredictionReport
from inference_experiment_cli.captures.views import drifts_of, histogram_of
from inference_experiment_cli.report.drawing import (
    INK,
    MUTED,
    OF_ROLE,
    PRODUCTION,
    SHADOW,
    Drawing,
    Line,
    Plot,
    drawn,
    legend,
    over_time,
    zero_line,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWN_CLASSES: Final = 8
NAME_CHARACTERS: Final = 12
OTHERS: Final = "(others)"
# The strongest colour of a cell: text in the page's ink has to be readable on it in both themes.
MOST_OPAQUE: Final = 0.5
FLOORS: Final = (99.0, 95.0, 90.0, 80.0, 50.0, 0.0)
"""Where the axis of percentages may begin: differences of one in a hundred are not seen above zero."""
ROOM: Final = 0.04
GREATEST: Final = 1e300
"""Matplotlib computes ticks and margins, which have to be numbers too."""


def plots(report: PredictionReport) -> list[Plot]:
    """Return the plots of a comparison; those without data are left out. Raises UsageError without Matplotlib."""
    return drawn(_drawings(report), "prediction")


def _drawings(report: PredictionReport) -> Iterator[Drawing]:
    if report.classification is not None:
        yield Drawing("Confusion", CONFUSION, partial(_confusion, found=report.classification), (4.7, 3.9))
    of = "score" if report.classification is not None else "value"
    text = f"The shadow's {of} less production's, of the same record. The line is at no difference."
    yield Drawing("Difference", text, partial(_histogram, bars=histogram_of(report), label=f"difference of {of}"))
    yield _hours(report)
    for drift in drifts_of(report):
        yield Drawing(f"Drift of {drift.of}", _drift_text(drift), partial(_drift, drift=drift))


CONFUSION: Final = (
    "Records by the class that each variant predicts: blue where both agree, orange where they do not. The colour is "
    "stronger, the larger the share of production's class."
)


@dataclass(frozen=True)
class Matrix:
    """Records by production's class (row) and the shadow's (column). The last class may stand for all others."""

    names: Sequence[str]
    records: Sequence[Sequence[int]]
    others: bool


def matrix_of(found: Classification) -> Matrix:
    """Return the confusion of the most frequent classes."""
    names = [each.name for each in _in_order(found.classes[:DRAWN_CLASSES])]
    others = len(found.classes) > len(names)
    places = {name: at for at, name in enumerate(names)}
    size = len(names) + others
    records = [[0] * size for _ in range(size)]
    for first, second, count in found.confusion:
        records[places.get(first, size - 1)][places.get(second, size - 1)] += count
    return Matrix([*names, OTHERS] if others else names, records, others)


def _in_order(classes: Sequence[ClassRow]) -> list[ClassRow]:
    """Return classes by their numbers, or names."""
    numeric = all(each.name.removeprefix("-").isdecimal() for each in classes)
    return sorted(classes, key=lambda each: (int(each.name), "") if numeric else (0, each.name))


def _confusion(axes: "Axes", found: Classification) -> bool:
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - an optional extra

    matrix = matrix_of(found)
    size = len(matrix.names)
    for row, counts in enumerate(matrix.records):
        for column, count in enumerate(counts):
            colour = _colour(row, column, size if matrix.others else None)
            strength = MOST_OPAQUE * math.sqrt(count / sum(counts)) if count else 0.0
            corner = (column - 0.48, row - 0.48)
            axes.add_patch(Rectangle(corner, 0.96, 0.96, facecolor=colour, alpha=strength, linewidth=0))
            if count:
                small = 8.5 if size > DRAWN_CLASSES // 2 else 9.5
                axes.text(column, row, short(count), ha="center", va="center", color=INK, fontsize=small)
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)
    labels = [_label(name) for name in matrix.names]
    turned = 0 if sum(map(len, labels)) <= 40 else 45  # noqa: PLR2004 - characters that fit beside each other
    axes.set_xticks(range(size), labels, rotation=turned, ha="right" if turned else "center", rotation_mode="anchor")
    axes.set_yticks(range(size), labels)
    axes.set_xlabel("shadow")
    axes.set_ylabel("production")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    return size > 0


def _colour(row: int, column: int, size: int | None) -> str:
    """Return the colour of a cell; both in other classes than those drawn may agree or not."""
    if size is not None and row == column == size - 1:
        return MUTED
    return PRODUCTION if row == column else SHADOW


def short(count: int) -> str:
    """Return a number in the width of a cell."""
    for limit, unit in ((10_000_000, "M"), (10_000, "k")):
        if count >= limit:
            return f"{count / (limit / 10):.0f}{unit}"
    return str(count)


def _label(name: str) -> str:
    line = "".join(letter if letter.isprintable() else " " for letter in name).strip() or "(none)"
    return line if len(line) <= NAME_CHARACTERS else line[: NAME_CHARACTERS - 1] + "…"


def _histogram(axes: "Axes", bars: Sequence[tuple[float, float, int]], label: str) -> bool:
    if not bars or max(abs(bars[0][0]), abs(bars[-1][1])) > GREATEST:
        return False
    span = bars[-1][1] - bars[0][0]
    # All differences may be the same.
    width = span / len(bars) if span else max(abs(bars[0][0]) / 10, 1e-9)
    axes.bar(
        [(low + high) / 2 for low, high, _ in bars], [count for *_, count in bars], width=width * 0.94, color=SHADOW
    )
    zero_line(axes)
    axes.set_xlabel(label)
    axes.set_ylabel("records")
    axes.grid(visible=False, axis="x")
    return True


def _hours(report: PredictionReport) -> Drawing:
    parts = [part for part in report.over_time if isinstance(part.key, datetime)]
    if report.regression is not None:
        title, text, label = "Difference over time", "Mean of the absolute differences of each hour.", "difference"
    else:
        title, text, label = (
            "Agreement over time",
            "Records of each hour for which both say the same",
            "percent of records",
        )
        text += ", and those that each has right." if any(part.accuracy for part in parts) else "."
    return Drawing(title, text, partial(_over_time, parts=parts, label=label))


def _over_time(axes: "Axes", parts: Sequence[Part], label: str) -> bool:
    lines = list(_lines(parts))
    if not over_time(axes, label, lines):
        return False
    if lines[0].name == "agreement":
        least = min(value for line in lines for value in line.values)
        floor = next(each for each in FLOORS if each <= least)
        axes.set_ylim(floor, 100 + ROOM * (100 - floor))
    return True


def _lines(parts: Sequence[Part]) -> Iterator[Line]:
    def line(values: Sequence[float | None], colour: str, name: str) -> Line:
        known = [(part.key, value) for part, value in zip(parts, values, strict=True) if value is not None]
        moments = [key.replace(tzinfo=UTC) for key, _ in known if isinstance(key, datetime)]
        return Line(moments, [value for _, value in known], colour, name)

    shares = line([None if part.agreement is None else 100 * part.agreement for part in parts], INK, "agreement")
    if shares.moments:
        yield shares
    for side in queries.SIDES:
        right = [100 * part.accuracy[side] if part.accuracy else None for part in parts]
        yield line(right, OF_ROLE[Role(side)], f"{side} is right")
    yield line([part.mean_absolute_difference for part in parts], SHADOW, "mean absolute difference")


def _drift_text(drift: Drift) -> str:
    figures = [f"{name} {value:.4g}" for name, value in (("PSI", drift.psi), ("KS", drift.ks)) if value is not None]
    text = "Records in each tenth of production's distribution: without drift the bars of a pair are equal"
    return f"{text} ({', '.join(figures)})." if figures else f"{text}."


def _drift(axes: "Axes", drift: Drift) -> bool:
    production, shadow = [each[2] for each in drift.bins], [each[3] for each in drift.bins]
    for at, (role, counts) in enumerate(((Role.PRODUCTION, production), (Role.SHADOW, shadow))):
        if total := sum(counts):
            places = [place + 0.3 + 0.4 * at for place in range(len(counts))]
            shares = [100 * count / total for count in counts]
            axes.bar(places, shares, width=0.36, color=OF_ROLE[role], label=str(role))
    if not drift.bins:
        return False
    cuts = [high for _, high, *_ in drift.bins[:-1]]
    axes.set_xticks(range(1, len(cuts) + 1), [f"{cut:.2g}" for cut in cuts])
    axes.set_xlim(0, len(drift.bins))
    axes.set_xlabel(drift.of)
    axes.set_ylabel("percent of records")
    axes.grid(visible=False, axis="x")
    legend(axes)
    return True
