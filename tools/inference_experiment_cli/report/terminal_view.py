"""The report in the terminal: the verdict and the comparison as a table, or as rows for programs."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from inference_experiment.observed_properties import timestamp
from inference_experiment_cli.captures import terminal_view as predictions_view
from inference_experiment_cli.captures import views
from inference_experiment_cli.output import Format, console, print_rows, print_value
from inference_experiment_cli.plan.production import changes_of, observed_of, result_of
from inference_experiment_cli.plan.production_view import print_production
from inference_experiment_cli.report import wording
from inference_experiment_cli.report.comparison import ComparisonReport
from inference_experiment_cli.report.page import configuration

COLUMNS: Final = ("metric", "production", "shadow", "difference", "confidence_95", "note")


def show(report: ComparisonReport, style: Format) -> None:
    """Print the report on standard output: a document for JSON and YAML, the comparison's rows for CSV."""
    if style is Format.CSV:
        numbers = list(_numbers(report))
        print_rows(numbers, [*numbers[0]], style)
    elif style is Format.TABLE:
        _print(report)
    else:
        print_value(document(report), style)


def document(report: ComparisonReport) -> dict[str, Any]:
    """Return the report as JSON has it."""
    measurement = report.measurement
    window = measurement.window
    return {
        "name": measurement.subject.name,
        "region": measurement.subject.region,
        "synthetic": measurement.synthetic,
        "messages": list(measurement.messages),
        **views.verdict_document(report.verdict),
        "window": {"start": timestamp(window.start), "end": timestamp(window.end), "period": window.period},
        "configuration": dict(configuration(report)),
        "timeline": [{"event": name, "time": timestamp(time)} for name, time in wording.timeline(report)],
        "comparison": list(_numbers(report)),
        "production_changes": changes_of(observed_of(measurement.subject.members), measurement.taken),
        **({"predictions": views.document(report.predictions)} if report.predictions else {}),
    }


def _numbers(report: ComparisonReport) -> Iterator[Mapping[str, Any]]:
    for row in report.rows:
        yield {
            "metric": row.identity,
            "unit": "fraction" if row.kind == "share" else row.unit,
            "production": _rounded(row.production),
            "shadow": _rounded(row.shadow),
            "difference": _rounded(row.difference),
            "low_95": _rounded(row.change.low if row.change else None),
            "high_95": _rounded(row.change.high if row.change else None),
            "note": row.note,
        }


def _rounded(value: float | None) -> float | None:
    """Return a number without the digits that only binary arithmetic knows."""
    return None if value is None else float(f"{value:.8g}")


def _print(report: ComparisonReport) -> None:
    screen, measurement = console(), report.measurement
    subject, window = measurement.subject, measurement.window
    span = wording.length(window.end - window.start)
    screen.line(f"{subject.name} on {subject.endpoint}, {span} from {timestamp(window.start)}", style="bold")
    if measurement.synthetic:
        screen.line("Synthetic metrics: nothing was measured.", style="bold yellow")
    for message in measurement.messages:
        screen.line(message, style="yellow")
    rows = [dict(zip(COLUMNS, cells, strict=True)) for cells in wording.cells(report)]
    print_rows(rows, COLUMNS, Format.TABLE)
    _print_production(report)
    predictions_view.show_verdict(report.verdict)
    for text in wording.uncertain(report):
        screen.line(f"met, but more traffic could change it: {text}", style="yellow")
    if report.predictions is not None:
        screen.line()
        predictions_view.show(report.predictions)


def _print_production(report: ComparisonReport) -> None:
    observed, now = observed_of(report.measurement.subject.members), report.measurement.taken
    print_production(changes_of(observed, now))
    if left := result_of(observed, now):
        console().line(left)
    console().line()
