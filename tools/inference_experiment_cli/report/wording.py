"""How numbers and times are written, in the terminal and on the page alike."""

from datetime import datetime, timedelta
from typing import Final

from inference_experiment.criteria import Role
from inference_experiment.intervals import share
from inference_experiment_cli.report.comparison import ComparisonReport, Row

NO_VALUE: Final = "-"


def number(value: float | None, row: Row) -> str:
    """Return a variant's value with its unit."""
    if value is None:
        return NO_VALUE
    if row.kind == "share":
        return f"{value:.3%}"
    if row.unit == "%":
        return f"{value:.1f} %"
    return f"{value:.1f} {row.unit}" if row.unit else f"{value:,.0f}".replace(",", "\u202f")


def change(row: Row) -> str:
    """Return the shadow's difference: relative, or in percentage points."""
    return NO_VALUE if row.difference is None else _differences(row, row.difference)


def interval(row: Row) -> str:
    """Return the confidence interval of the difference."""
    return NO_VALUE if row.change is None else _differences(row, row.change.low, row.change.high)


def _differences(row: Row, *values: float) -> str:
    if row.kind == "share":
        return " to ".join(f"{value * 100:+.3f}" for value in values) + " pp"
    return " to ".join(f"{value:+.1%}" for value in values)


def cells(report: ComparisonReport) -> list[tuple[str, ...]]:
    """Return the comparison as a table: metric, both variants, difference, its interval, note."""
    return [
        (row.title, number(row.production, row), number(row.shadow, row), change(row), interval(row), row.note)
        for row in report.rows
        if (row.production, row.shadow) != (None, None)
    ]


def length(span: timedelta) -> str:
    """Return a time span in its two largest units."""
    minutes = round(span.total_seconds() / 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (rest, "min")) if count]
    return " ".join(parts[:2]) or "0 min"


def timeline(report: ComparisonReport) -> list[tuple[str, datetime]]:
    """Return the events of the experiment, in order."""
    members = report.measurement.subject.members
    schedule = members.get("Schedule") or {}
    events = {
        "created": members.get("CreationTime"),
        "scheduled start": schedule.get("StartTime"),
        "last modified": members.get("LastModifiedTime"),
        "ended": members.get("CompletionTime"),
        "scheduled end": schedule.get("EndTime"),
        "reported": report.measurement.taken,
    }
    known = [(name, time) for name, time in events.items() if time is not None]
    return sorted(known, key=lambda event: event[1])


def uncertain(report: ComparisonReport) -> list[str]:
    """Return what is met but could change with more traffic: the interval exceeds the limit."""
    texts = []
    limits, rows = report.criteria, {row.identity: row for row in report.rows}
    latency = rows[f"latency_{limits.latency_statistic.lower()}"]
    limit = limits.max_latency_increase
    if limit is not None and latency.change and latency.change.estimate <= limit < latency.change.high:
        texts.append(f"{latency.title}: the interval {interval(latency)} exceeds the limit of {limit:+.1%}")
    shown, summary = rows["model_errors"].shadow, report.summaries[Role.SHADOW]
    rate, limit = share(summary.errors, summary.invocations), limits.max_error_rate
    if limit is not None and shown is not None and rate and shown <= limit < rate.high:
        texts.append(f"errors: the shadow's rate may be up to {rate.high:.3%}, the limit is {limit:.3%}")
    return texts
