"""The comparison of predictions in the terminal."""

from typing import Final

from inference_experiment_cli.captures.comparison import PredictionReport
from inference_experiment_cli.captures.views import facts, not_captured, tables
from inference_experiment_cli.output import Format, console, print_rows

CELL_CHARACTERS: Final = 60


def show(report: PredictionReport) -> None:
    """Print the comparison on standard output."""
    screen = console()
    screen.print(f"{report.variants.production} and {report.variants.shadow} in {report.place}", style="bold")
    width = max(len(name) for name, _ in facts(report))
    for name, text in facts(report):
        screen.print(f"{name.ljust(width)}  {text}")
    for note in not_captured(report):
        screen.print(note, style="yellow")
    for title, head, rows in tables(report):
        screen.print(f"\n{title}", style="bold")
        print_rows([dict(zip(head, map(_short, row), strict=True)) for row in rows], head, Format.TABLE)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= CELL_CHARACTERS else line[: CELL_CHARACTERS - 1] + "…"
