"""The comparison of predictions as a document for programs, and as facts and tables for the terminal and the page."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import UTC, datetime
from typing import Any, Final

from inference_experiment.criteria import Verdict
from inference_experiment.intervals import Interval
from inference_experiment.observed_properties import timestamp
from inference_experiment_cli.captures import queries
from inference_experiment_cli.captures.comparison import HOURS as MOST_HOURS
from inference_experiment_cli.captures.comparison import Drift, Part, PredictionReport, Truth
from inference_experiment_cli.gate import RECOMMENDATIONS
from inference_experiment_cli.report.layout import Table

SHOWN_CLASSES: Final = 20
SHOWN_SLICES: Final = 20
DISAGREEMENTS: Final = "Largest disagreements"
SHOWN_HOURS: Final = 24
SECONDS_PER_HOUR: Final = 3600


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON has it."""
    return {
        "recommendation": RECOMMENDATIONS[verdict.result],
        "result": verdict.result.value,
        "checks": [
            {"criterion": check.criterion, "result": check.result.value, "reason": check.reason}
            for check in verdict.checks
        ],
    }


def document(report: PredictionReport, verdict: Verdict | None = None) -> dict[str, Any]:
    """Return the report as JSON has it, with the verdict where there are criteria."""
    pairing = report.pairing
    answer: dict[str, Any] = {
        "place": report.place,
        "engine": report.engine,
        "production": report.variants.production,
        "shadow": report.variants.shadow,
        "lines": dict(pairing.lines),
        "broken_lines": sum(each.broken for each in report.lines.values()),
        "other_lines": sum(each.other for each in report.lines.values()),
        "repeated_lines": {side: each.repeated for side, each in report.lines.items()},
        "incomplete_lines": pairing.incomplete,
        "undecoded_records": dict(report.undecoded),
        "undecoded_lines": {side: sum(each.undecoded.values()) for side, each in report.lines.items()},
        "pairs": pairing.pairs,
        "unpaired": pairing.unpaired,
        "paired_by": pairing.by,
        "pairs_by": dict(pairing.ways),
        "shadow_share": pairing.sampled,
        "task": report.detected.task.value,
        "task_reason": report.detected.reason,
        "threshold": report.detected.threshold,
        "records": report.records,
        "agreement": report.agreement.estimate if report.agreement else None,
        "agreement_95": [report.agreement.low, report.agreement.high] if report.agreement else None,
    }
    if report.scanned_bytes is not None:
        answer |= {"scanned_bytes": report.scanned_bytes, "cost": report.cost}
    answer |= {name: _plain(getattr(report, name)) for name in ("classification", "regression", "text", "ranking")}
    answer |= _truth(report.truth) if report.truth else {}
    if report.slices is not None:
        answer["slices"] = _plain(report.slices)
    answer["over_time"] = _plain(report.over_time)
    answer["disagreements"] = _plain(report.examples)
    answer["notes"] = list(report.notes)
    answer |= verdict_document(verdict) if verdict else {}
    finite: dict[str, Any] = _finite(answer)
    return finite


def _truth(truth: Truth) -> dict[str, Any]:
    answer: dict[str, Any] = _plain(truth)
    return {"labelled_by": answer.pop("by") or None, **answer}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a report
    if isinstance(value, Interval):
        return {"estimate": value.estimate, "low_95": value.low, "high_95": value.high}
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return timestamp(value.replace(tzinfo=UTC)) if isinstance(value, datetime) else value


def _finite(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a document as JSON has it: what is not finite is null."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def facts(report: PredictionReport) -> list[tuple[str, str]]:
    """Return the figures as names and texts, in the order in which they matter."""
    pairing, counts = report.pairing, report.lines
    rows = [
        ("pairs", f"{pairing.pairs:,}" + (f", by {pairing.by}" if pairing.by else "")),
        ("unpaired", _both(pairing.unpaired, "{:,}")),
        *([("why unpaired", text)] if (text := _why_unpaired(report)) else []),
        ("broken lines", f"{sum(each.broken for each in counts.values()):,}"),
        ("lines without an answer", _both(pairing.incomplete, "{:,}")),
        ("task", f"{report.detected.task}: {report.detected.reason}"),
        ("records", f"{report.records:,}"),
        ("agreement", _share(report.agreement)),
    ]
    return [*rows, *_task_facts(report), *_truth_facts(report.truth), *_cost_facts(report)]


def _cost_facts(report: PredictionReport) -> Iterator[tuple[str, str]]:
    if report.scanned_bytes is not None:
        yield "scanned by Athena", f"{report.scanned_bytes:,} bytes, about ${report.cost:.4f}; prices differ by region"


def _why_unpaired(report: PredictionReport) -> str:
    pairing, sampled = report.pairing, report.pairing.sampled
    if sampled is None or sampled >= 1 or not pairing.unpaired["production"]:
        return ""
    explained = pairing.lines["production"] - pairing.lines["shadow"]
    return f"the shadow has {sampled:.1%} of production's lines; sampling explains {explained:,} of production's"


def not_captured(report: PredictionReport) -> list[str]:
    """Return what the captured data do not hold, or not in a way that can be compared; nothing where all is there."""
    return [
        *_unread(report),
        *([f"Unpaired: {text}."] if (text := _why_unpaired(report)) else []),
        *([f"Time: {text}."] if (text := _gaps(report.over_time)) else []),
        *(f"{note[:1].upper()}{note[1:]}." for note in report.notes),
    ]


def _unread(report: PredictionReport) -> Iterator[str]:
    pairing, lines = report.pairing, report.lines
    broken = {side: each.broken for side, each in lines.items()}
    others = {side: each.other for side, each in lines.items()}
    counts = (
        ("No answer was captured", pairing.incomplete, "lines"),
        ("No JSON", broken, "lines"),
        ("JSON of something else than SageMaker's captured data", others, "lines"),
        ("Answers in no known format, so that only their bytes were compared", report.undecoded, "records"),
    )
    for text, found, unit in counts:
        if any(found.values()):
            yield f"{text}: {_both(found, '{:,}')} {unit}."
    for side, count in pairing.unpaired.items():
        if rest := count - pairing.incomplete[side]:
            yield f"No partner: {rest:,} answers of {side} have no answer of the other variant to the same request."


def _gaps(parts: Sequence[Part]) -> str:
    """Return how many hours between the first and the last pair have none."""
    hours = [part.key for part in parts if isinstance(part.key, datetime)]
    if not hours or len(parts) >= MOST_HOURS:
        return ""
    span = round((max(hours) - min(hours)).total_seconds() / SECONDS_PER_HOUR) + 1
    missing = span - len(hours)
    return f"{missing:,} of {span:,} hours between the first and the last pair have no pairs" if missing else ""


def _task_facts(report: PredictionReport) -> Iterator[tuple[str, str]]:
    if report.regression is not None:
        each = report.regression
        yield "difference, mean", f"{_number(each.mean)} (mean absolute {_number(each.mean_absolute)})"
        levels = ", ".join(f"{level:.0%} {_number(value)}" for level, value in each.quantiles.items())
        yield "difference, quantiles", levels
    for drift in drifts_of(report):
        yield (
            f"drift of {drift.of}",
            f"PSI {_number(drift.psi)}" + (f", KS {_number(drift.ks)}" if drift.ks is not None else ""),
        )
    if report.text is not None:
        yield "same text", f"{report.text.exact:.2%}; without case, punctuation, spaces {report.text.normalised:.2%}"
        yield "length, characters", _both(report.text.length, "{:.1f}")
    if report.ranking is not None:
        yield "same order", f"{report.ranking.same_order:.2%}; first ten in common {report.ranking.overlap:.2%}"


def drifts_of(report: PredictionReport) -> list[Drift]:
    """Return the drift of what the task compares."""
    return [each for found in (report.classification, report.regression) if found for each in found.drift]


def histogram_of(report: PredictionReport) -> Sequence[tuple[float, float, int]]:
    """Return how the differences of values or scores are distributed."""
    return next((each.histogram for each in (report.classification, report.regression) if each), ())


def _truth_facts(truth: Truth | None) -> Iterator[tuple[str, str]]:
    if truth is None:
        return
    yield "with a label", f"{truth.labelled:,}" + (f", by {truth.by}" if truth.by else "")
    shares = (("accuracy", truth.accuracy), ("F1, macro", truth.f1_macro), ("F1 of class 1", truth.f1_binary))
    for name, values in shares:
        if values:
            yield name, _both(values, "{:.2%}")
    if truth.mcnemar is not None:
        each = truth.mcnemar
        only = f"production {each.production_only:,}, shadow {each.shadow_only:,}"
        yield "only one is right", f"{only}; McNemar p = {each.p_value:.3g}"
    yield from _error_facts(truth)


def _error_facts(truth: Truth) -> Iterator[tuple[str, str]]:
    for name, errors in (("MAE", truth.mae), ("RMSE", truth.rmse), ("mean error", truth.bias)):
        if errors:
            yield name, _both(errors, "{:.6g}")
    for name in ("MAE", "RMSE"):
        if interval := truth.intervals.get(f"{name.lower()}_difference"):
            limits = f"{interval.low:.4g} to {interval.high:.4g}"
            yield f"{name}, shadow less production", f"{interval.estimate:.4g} ({limits})"


def tables(report: PredictionReport) -> list[Table]:
    """Return the tables: classes, distributions, slices, hours, disagreements."""
    found: list[Table] = []
    if report.classification is not None and report.classification.classes:
        head = ("class", "production", "shadow", "both", "F1 production", "F1 shadow")
        rows = [
            (each.name, f"{each.production:,}", f"{each.shadow:,}", f"{each.both:,}",
             *(_number((each.f1 or {}).get(side)) for side in queries.SIDES))
            for each in report.classification.classes[:SHOWN_CLASSES]
        ]  # fmt: skip
        found.append(("Classes", head, rows))
        cells = [(first, second, f"{count:,}") for first, second, count in report.classification.confusion]
        found.append(("Confusion", ("production", "shadow", "records"), cells[:SHOWN_CLASSES]))
    found += _distributions(report)
    if report.slices:
        found.append(("Slices", ("slice", *_PART_HEAD), [_part(each) for each in report.slices[:SHOWN_SLICES]]))
    if report.over_time:
        found.append(_hours(report.over_time))
    if report.examples:
        head = ("id", "production", "shadow", "label", "difference", "request")
        rows = [
            (each.identifier or "", each.production or "", each.shadow or "", each.label or "",
             _number(each.difference), each.request or "")
            for each in report.examples
        ]  # fmt: skip
        found.append((DISAGREEMENTS, head, rows))
    return [_without_empty_columns(each) for each in found]


def _without_empty_columns(table: Table) -> Table:
    """Return a table without the columns that this task, or data without labels, leave empty."""
    title, head, rows = table
    kept = [at for at in range(len(head)) if any(row[at] for row in rows)]
    return title, [head[at] for at in kept], [[row[at] for at in kept] for row in rows]


def _distributions(report: PredictionReport) -> Iterator[Table]:
    if histogram := histogram_of(report):
        rows = [(_number(low), _number(high), f"{count:,}") for low, high, count in histogram]
        yield "Differences", ("from", "to", "records"), rows
    for drift in drifts_of(report):
        if drift.bins:
            bins = [
                (_number(low), _number(high), f"{first:,}", f"{second:,}") for low, high, first, second in drift.bins
            ]
            yield f"Distribution of {drift.of}", ("above", "up to", "production", "shadow"), bins


def _hours(parts: Sequence[Part]) -> Table:
    """Return the hours; of many those in which the variants agree least."""
    title, shown = "Hours", list(parts)
    if len(shown) > SHOWN_HOURS:
        title = f"The {SHOWN_HOURS} of {len(shown)} hours that agree least"
        far = sorted(shown, key=lambda part: part.agreement if part.agreement is not None else _nearness(part))
        shown = [part for part in shown if part in far[:SHOWN_HOURS]]
    return title, ("from", *_PART_HEAD), [_part(each) for each in shown]


def _nearness(part: Part) -> float:
    return -(part.mean_absolute_difference or 0.0)


_PART_HEAD: Final = ("records", "agreement", "accuracy", "mean absolute difference")


def _part(each: Part) -> tuple[str, ...]:
    key = timestamp(each.key.replace(tzinfo=UTC)) if isinstance(each.key, datetime) else each.key or "(none)"
    agreement = "" if each.agreement is None else f"{each.agreement:.2%}"
    accuracy = _both(each.accuracy, "{:.2%}") if each.accuracy else ""
    return key, f"{each.records:,}", agreement, accuracy, _number(each.mean_absolute_difference)


def _both(values: Mapping[str, float], form: str) -> str:
    return ", ".join(f"{side} {form.format(value)}" for side, value in values.items())


def _share(interval: Interval | None) -> str:
    return "-" if interval is None else f"{interval.estimate:.2%} ({interval.low:.2%} to {interval.high:.2%})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
