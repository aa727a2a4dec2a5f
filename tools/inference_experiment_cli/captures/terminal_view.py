"""The comparison of predictions in the terminal."""

from typing import Final

from inference_experiment.criteria import Result, Verdict
from inference_experiment_cli.captures.comparison import PredictionReport
from inference_experiment_cli.captures.views import facts, not_captured, tables
from inference_experiment_cli.gate import RECOMMENDATIONS
from inference_experiment_cli.output import Format, console, print_rows, print_title

CELL_CHARACTERS: Final = 60


STYLES: Final = {Result.MET: "bold green", Result.MISSED: "bold red", Result.UNKNOWN: "bold yellow"}


def show_verdict(verdict: Verdict) -> None:
    """Print the recommendation and the criteria on standard output."""
    screen = console()
    screen.line(RECOMMENDATIONS[verdict.result].capitalize(), style=STYLES[verdict.result])
    for check in verdict.checks:
        screen.line(f"{check.result:<8} {check.reason}", style=STYLES[check.result].removeprefix("bold "))


def show(report: PredictionReport, verdict: Verdict | None = None) -> None:
    """Print the comparison on standard output, with the verdict where there are criteria."""
    screen = console()
    screen.line(f"{report.variants.production} and {report.variants.shadow} in {report.place}", style="bold")
    width = max(len(name) for name, _ in facts(report))
    for name, text in facts(report):
        screen.line(f"{name.ljust(width)}  {text}")
    for note in not_captured(report):
        screen.line(note, style="yellow")
    if verdict is not None:
        show_verdict(verdict)
    for title, head, rows in tables(report):
        print_title(title)
        print_rows([dict(zip(head, map(_short, row), strict=True)) for row in rows], head, Format.TABLE)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= CELL_CHARACTERS else line[: CELL_CHARACTERS - 3] + "..."
