"""Draws with Matplotlib as SVG; colours are CSS variables, so that one drawing serves light and dark.

Every colour is drawn as one that occurs nowhere else and replaced in the text afterwards; fonts are the page's.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final

from inference_experiment.criteria import Role
from inference_experiment_cli.errors import missing_extra

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
DASHED: Final = (0, (3, 2))
# A phone shows a drawing at about this width, so that its text stays as large as the page's small print.
SIZE: Final = (4.7, 2.7)
MAX_LEGEND_COLUMNS: Final = 3
LEGEND_CHARACTERS: Final = 36
"""What a row of a legend has room for."""
FEW_POINTS: Final = 12


@dataclass(frozen=True)
class Drawing:
    """What is to be drawn. `draw` returns whether there was anything."""

    title: str
    text: str
    draw: "Callable[[Axes], bool]"
    size: tuple[float, float] = SIZE


@dataclass(frozen=True)
class Plot:
    """One drawing: a heading, what it shows in a sentence, and the SVG."""

    title: str
    text: str
    svg: str


@dataclass(frozen=True)
class Line:
    """A line over time. A broad one is pale and below the others, which it must not hide."""

    moments: Sequence[datetime]
    values: Sequence[float]
    colour: str
    name: str
    dashes: Any = "-"
    broad: bool = False


def matplotlib() -> Any:  # noqa: ANN401 - a module
    """Return the module. Raises UsageError without it."""
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
        "text.parse_math": False,  # a class may be named $x$
        "font.size": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
    }


def drawn(drawings: Iterable[Drawing], prefix: str) -> list[Plot]:
    """Return the plots; those without data are left out. Raises UsageError without Matplotlib.

    `prefix` begins the identifiers in the SVG: all drawings of a page need different ones.
    """
    mpl, plots = matplotlib(), list[Plot]()
    # Matplotlib warns of letters that its own font lacks; the page has fonts of its own.
    with mpl.rc_context(_settings()), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for each in drawings:
            axes: Axes = mpl.figure.Figure(figsize=each.size, layout="constrained").subplots()
            if each.draw(axes):
                svg = _svg(axes, f"{prefix}{len(plots)}", f"{each.title}. {each.text}")
                plots.append(Plot(each.title, each.text, svg))
    return plots


def _svg(axes: "Axes", name: str, label: str) -> str:
    """Return the figure as an SVG element that takes its colours and fonts from the page."""
    output = io.StringIO()
    figure: Any = axes.figure
    figure.savefig(output, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = output.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # What stands between tags may look like an identifier or a colour.
    text = re.sub(r"<[^>]*>", lambda tag: _fitted(tag[0], name), text)
    attributes = f'role="img" aria-label="{escape(label)}" '
    return text.replace("<svg ", f"<svg {attributes}", 1)


def _fitted(tag: str, name: str) -> str:
    """Return a tag as the page needs it: identifiers of several drawings share one page."""
    tag = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", tag)
    tag = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", tag)
    for colour, variable in COLOURS.items():
        tag = tag.replace(colour, f"var({variable})")
    return tag


def over_time(axes: "Axes", label: str, lines: Iterable[Line]) -> bool:
    """Draw the lines that have points, from zero on; return whether there are any."""
    from matplotlib import dates  # noqa: PLC0415 - an optional extra

    for line in lines:
        if line.moments:
            width = 5.0 if line.broad else 1.8 if line.dashes == "-" else 1.2
            marker = "o" if len(line.moments) <= FEW_POINTS and not line.broad else ""
            axes.plot(
                line.moments, line.values, color=line.colour, label=line.name, linewidth=width,  # type: ignore[arg-type]
                linestyle=line.dashes, marker=marker, markersize=3.5, alpha=0.35 if line.broad else 1.0,
                zorder=1.9 if line.broad else 2.0, solid_capstyle="butt",
            )  # fmt: skip
    if not axes.lines:
        return False
    untyped: Any = dates
    locator = untyped.AutoDateLocator(maxticks=6)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator))
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    legend(axes)
    return True


def legend(axes: "Axes") -> None:
    """Name what is drawn, above it."""
    names = axes.get_legend_handles_labels()[1]
    columns = min(MAX_LEGEND_COLUMNS, len(names))
    if len(names) > MAX_LEGEND_COLUMNS or sum(map(len, names)) > LEGEND_CHARACTERS:
        columns = 2
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.2, handlelength=1.6)


def zero_line(axes: "Axes") -> None:
    """Mark zero on the horizontal axis, which shows it wherever the data are."""
    low, high = axes.get_xlim()
    room = 0.05 * (max(high, 0.0) - min(low, 0.0))
    axes.set_xlim(min(low, -room), max(high, room))
    axes.axvline(0, color=INK, linewidth=1.4)
