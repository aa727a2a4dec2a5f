"""Line charts as SVG: small, reproducible and readable in Markdown, in dark and light themes."""

from typing import Final
from xml.sax.saxutils import escape

from benchmarks.measure import Curve

WIDTH: Final = 560
HEIGHT: Final = 300
LEFT: Final = 60
RIGHT: Final = 150
TOP: Final = 34
BOTTOM: Final = 44
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
TICKS: Final = 4


def svg(curve: Curve) -> str:
    """Return a line chart with axes that start at zero."""
    highest = max(y for line in curve.series.values() for _, y in line) or 1.0
    furthest = max(x for line in curve.series.values() for x, _ in line) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + x / furthest * (WIDTH - LEFT - RIGHT)
        return round(across, 1), round(HEIGHT - BOTTOM - y / highest * (HEIGHT - TOP - BOTTOM), 1)

    parts = [_text(LEFT, 18, curve.name, "font-weight='bold'"), _text(LEFT, HEIGHT - 8, curve.x)]
    parts.append(_text(WIDTH - RIGHT + 8, HEIGHT - BOTTOM, curve.y))
    for step in range(TICKS + 1):
        x, y = furthest * step / TICKS, highest * step / TICKS
        left, height = place(0, y)
        parts.append(
            f"<line x1='{left}' y1='{height}' x2='{WIDTH - RIGHT}' y2='{height}' stroke='#888' stroke-opacity='.3'/>"
        )
        parts.append(_text(left - 6, height + 4, f"{y:.3g}", "text-anchor='end'"))
        parts.append(_text(place(x, 0)[0], HEIGHT - BOTTOM + 16, f"{x:.3g}", "text-anchor='middle'"))
    for index, (name, line) in enumerate(curve.series.items()):
        colour = COLOURS[index % len(COLOURS)]
        points = [place(x, y) for x, y in line]
        path = " ".join(f"{x},{y}" for x, y in points)
        parts.append(f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'/>")
        parts += [f"<circle cx='{x}' cy='{y}' r='3' fill='{colour}'/>" for x, y in points]
        parts.append(_text(WIDTH - RIGHT + 8, TOP + 12 + 18 * index, name, colour=colour))
    body = "\n".join(parts)
    style = "font-family='sans-serif' font-size='12'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' {style}>\n{body}\n</svg>\n"


def _text(x: float, y: float, text: str, more: str = "", colour: str = "#777") -> str:
    return f"<text x='{x}' y='{y}' fill='{colour}' {more}>{escape(text)}</text>"
