"""The comparison of predictions as a document for programs, as lines for the terminal, and as a page."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

from inference_experiment.criteria import Verdict
from inference_experiment.intervals import Interval
from inference_experiment_cli.captures import queries
from inference_experiment_cli.captures.comparison import Part, PredictionReport, Truth
from inference_experiment_cli.gate import RECOMMENDATIONS
from inference_experiment_cli.inventory.properties import timestamp

SHOWN_CLASSES: Final = 20
SHOWN_SLICES: Final = 20
Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""Title, head and rows."""


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


def _task_facts(report: PredictionReport) -> Iterator[tuple[str, str]]:
    drifts = [each for found in (report.classification, report.regression) if found for each in found.drift]
    if report.regression is not None:
        each = report.regression
        yield "difference, mean", f"{_number(each.mean)} (mean absolute {_number(each.mean_absolute)})"
        levels = ", ".join(f"{level:.0%} {_number(value)}" for level, value in each.quantiles.items())
        yield "difference, quantiles", levels
    for drift in drifts:
        yield (
            f"drift of {drift.of}",
            f"PSI {_number(drift.psi)}" + (f", KS {_number(drift.ks)}" if drift.ks is not None else ""),
        )
    if report.text is not None:
        yield "same text", f"{report.text.exact:.2%}; without case, punctuation, spaces {report.text.normalised:.2%}"
        yield "length, characters", _both(report.text.length, "{:.1f}")
    if report.ranking is not None:
        yield "same order", f"{report.ranking.same_order:.2%}; first ten in common {report.ranking.overlap:.2%}"


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
    """Return the tables: classes, slices, disagreements."""
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
    if report.slices:
        found.append(("Slices", _PART_HEAD, [_part(each) for each in report.slices[:SHOWN_SLICES]]))
    if report.examples:
        head = ("id", "production", "shadow", "label", "difference", "request")
        rows = [
            (each.identifier or "", each.production or "", each.shadow or "", each.label or "",
             _number(each.difference), each.request or "")
            for each in report.examples
        ]  # fmt: skip
        found.append(("Largest disagreements", head, rows))
    return found


_PART_HEAD: Final = ("slice", "records", "agreement", "accuracy", "mean absolute difference")


def _part(each: Part) -> tuple[str, ...]:
    agreement = "" if each.agreement is None else f"{each.agreement:.2%}"
    accuracy = _both(each.accuracy, "{:.2%}") if each.accuracy else ""
    return str(each.key) or "(none)", f"{each.records:,}", agreement, accuracy, _number(each.mean_absolute_difference)


def _both(values: Mapping[str, float], form: str) -> str:
    return ", ".join(f"{side} {form.format(value)}" for side, value in values.items())


def _share(interval: Interval | None) -> str:
    return "-" if interval is None else f"{interval.estimate:.2%} ({interval.low:.2%} to {interval.high:.2%})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:1000px;padding:20px}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse}th,td{padding:4px 12px 4px 0;text-align:left;"
    "border-bottom:1px solid color-mix(in srgb,CanvasText 20%,Canvas)}td{font-variant-numeric:tabular-nums}"
)


def page(report: PredictionReport, verdict: Verdict | None = None) -> str:
    """Return the report as one page that is complete in itself, with the verdict where there are criteria."""
    title = f"Predictions of {report.variants.production} and {report.variants.shadow}"
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><link rel="icon" href="data:,">',
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><h1>{escape(title)}</h1>",
        f"<p>{escape(report.place)}</p>",
        _verdict(verdict) if verdict else "",
        *(f"<p>{escape(note)}</p>" for note in report.notes),
        html_table("", ("", ""), facts(report), "predictions"),
        *(html_table(name, head, rows, name.lower().replace(" ", "-")) for name, head, rows in tables(report)),
        "</body></html>\n",
    ]
    return "".join(parts)


def check_items(verdict: Verdict) -> str:
    """Return the criteria as items of a list in HTML."""
    return "".join(
        f'<li><span class="tag {check.result}">{check.result}</span> {escape(check.reason)}</li>'
        for check in verdict.checks
    )


def _verdict(verdict: Verdict) -> str:
    title = RECOMMENDATIONS[verdict.result].capitalize()
    return f'<section id="verdict" class="{verdict.result}"><h2>{title}</h2><ul>{check_items(verdict)}</ul></section>'


def html_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], identity: str) -> str:
    """Return a table as HTML."""
    first = f"<h2>{escape(title)}</h2>" if title else ""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'{first}<div class="scroll"><table id="{escape(identity)}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
