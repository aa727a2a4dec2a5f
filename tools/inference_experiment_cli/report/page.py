"""The report as one HTML page that is complete in itself: styles, script and drawings are inside."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from inference_experiment.observed_properties import timestamp
from inference_experiment_cli.captures import page as predictions_page
from inference_experiment_cli.plan import production
from inference_experiment_cli.report import layout, wording
from inference_experiment_cli.report.comparison import ComparisonReport
from inference_experiment_cli.report.plots import plots

NOTES: Final = (
    "The shadow gets copies of a share of production's requests, so sums are not compared: rates, averages and "
    "percentiles are. Intervals of error rates are Wilson's, of their difference Newcombe's, of latency a ratio "
    "estimate over batches of neighbouring periods, both variants weighted by the shadow's requests; 95 % each. "
    "Percentiles of the whole time are means of the periods' percentiles, weighted by requests. SageMaker has only "
    "the present sampling percentage: earlier ones are unknown."
)


METRICS: Final = ("metric", "production", "shadow", "difference", "95 % confidence", "note")


def page(report: ComparisonReport) -> str:
    """Return the page. Raises UsageError without Matplotlib."""
    subject, window = report.measurement.subject, report.measurement.window
    parts = [_banner(report), _verdict(report), _metrics(report), _predictions(report), _production(report)]
    return layout.page(
        f"{subject.name}: {report.recommendation}",
        subject.name,
        f"Shadow test on endpoint {subject.endpoint} in {subject.region}, "
        f"{wording.length(window.end - window.start)} from {timestamp(window.start)}",
        "\n".join([CONTENTS, *parts, _background(report)]),
        f"{NOTES} Created {timestamp(report.measurement.taken)} by inference-experiment report.",
    )


CONTENTS: Final = (
    '<nav><a href="#verdict">Verdict</a><a href="#metrics">Metrics</a><a href="#predictions">Predictions</a></nav>'
)


def _banner(report: ComparisonReport) -> str:
    texts = ["Synthetic metrics: nothing was measured."] if report.measurement.synthetic else []
    texts += report.measurement.messages
    if not texts:
        return ""
    return f'<p class="card banner" id="synthetic">{"<br>".join(escape(text) for text in texts)}</p>'


def _verdict(report: ComparisonReport) -> str:
    uncertain = layout.items(wording.uncertain(report))
    doubts = f"{layout.texts(['Met, but more traffic could change it:'])}{uncertain}" if uncertain else ""
    return layout.verdict(report.verdict, doubts)


def _metrics(report: ComparisonReport) -> str:
    comparison = layout.table(("Comparison", METRICS, wording.cells(report)), "comparison", "noted")
    return layout.section("Metrics", [layout.figures(plots(report)), layout.card(comparison)], "metrics")


def _predictions(report: ComparisonReport) -> str:
    """Return the section on predictions; where there are none, why."""
    if report.predictions is not None:
        return predictions_page.section(report.predictions)
    storage = report.measurement.subject.members.get("DataStorageConfig") or {}
    if place := storage.get("Destination"):
        text = f"Not compared: this report was made without --captures. The captured data are in {place}."
    else:
        text = "Not compared: the experiment has no DataStorageConfig, so that requests and answers are not captured."
    return layout.section("Predictions", [layout.card(layout.texts([text]))], "predictions")


def _production(report: ComparisonReport) -> str:
    """Return the section on what changes for production; empty where the experiment does not tell."""
    observed, now = production.observed_of(report.measurement.subject.members), report.measurement.taken
    changes = production.changes_of(observed, now)
    if not changes:
        return ""
    head = [column.replace("_", " ") for column in production.COLUMNS]
    rows = [[cells[column] for column in production.COLUMNS] for cells in production.cells(changes)]
    texts = [text for text in (production.result_of(observed, now), *production.notes(changes)) if text]
    table = layout.table(("", head, rows), "production")
    return layout.section(production.TITLE, [layout.card(table, layout.texts(texts))], "changes")


def _background(report: ComparisonReport) -> str:
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in configuration(report))
    events = "".join(
        f"<li><time>{timestamp(time)}</time>{escape(name)}</li>" for name, time in wording.timeline(report)
    )
    return (
        f'<div class="two"><div class="card"><h3>Configuration</h3><dl id="configuration">{facts}</dl></div>'
        f'<div class="card"><h3>Timeline</h3><ol id="timeline">{events}</ol></div></div>'
    )


def configuration(report: ComparisonReport) -> list[tuple[str, str]]:
    """Return what was tested, as names and texts."""
    subject = report.measurement.subject
    members = subject.members
    variants = {variant["VariantName"]: variant for variant in members.get("ModelVariants") or []}
    storage = members.get("DataStorageConfig") or {}
    rows = [
        ("status", f"{members.get('Status', '')} {members.get('StatusReason', '')}".strip()),
        ("description", members.get("Description", "")),
        ("endpoint", subject.endpoint),
        *((role.value, _variant(name, variants.get(name))) for role, name in subject.variants.items()),
        ("sampling", f"{subject.sampling:.0%} of production's requests"),
        ("data capture", storage.get("Destination", "")),
        ("role", members.get("RoleArn", "")),
        ("ARN", members.get("Arn", "")),
        ("tags", ", ".join(f"{key} = {value}" for key, value in sorted(subject.tags.items()))),
        ("criteria", _criteria(report)),
    ]
    return [(name, str(text)) for name, text in rows if text]


def _variant(name: str, variant: Mapping[str, Any] | None) -> str:
    if variant is None:
        return name
    hardware = variant["InfrastructureConfig"]["RealTimeInferenceConfig"]
    return f"{name}: {variant['ModelName']}, {hardware['InstanceCount']} x {hardware['InstanceType']}"


def _criteria(report: ComparisonReport) -> str:
    limits, texts = report.criteria, list[str]()
    if limits.max_latency_increase is not None:
        texts.append(f"{limits.latency_statistic} latency at most {limits.max_latency_increase * 100:+.6g}%")
    if limits.max_error_rate is not None:
        texts.append(f"errors at most {limits.max_error_rate * 100:.6g}%")
    if limits.max_error_increase is not None:
        texts.append(f"errors at most {limits.max_error_increase * 100:+.6g}% against production's")
    if limits.min_agreement is not None:
        texts.append(f"at least {limits.min_agreement * 100:.6g}% of the predictions agree")
    if limits.max_prediction_drift is not None:
        texts.append(f"predictions drift by a PSI of at most {limits.max_prediction_drift:.6g}")
    if limits.min_accuracy_gain is not None:
        texts.append(f"accuracy at least {limits.min_accuracy_gain * 100:+.6g} percentage points")
    if limits.of_predictions:
        texts.append(f"at least {limits.min_pairs} pairs")
    return ", ".join([*texts, f"at least {limits.min_invocations} invocations"])
