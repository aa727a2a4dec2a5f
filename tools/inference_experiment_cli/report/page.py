"""The report as one HTML page that is complete in itself: styles, script and drawings are inside."""

from collections.abc import Mapping
from html import escape
from importlib import resources
from string import Template
from typing import Any, Final

from inference_experiment_cli.captures import views
from inference_experiment_cli.inventory.properties import timestamp
from inference_experiment_cli.plan import production
from inference_experiment_cli.report import wording
from inference_experiment_cli.report.comparison import ComparisonReport
from inference_experiment_cli.report.plots import Plot, plots

NOTES: Final = (
    "The shadow gets copies of a share of production's requests, so sums are not compared: rates, averages and "
    "percentiles are. Intervals of error rates are Wilson's, of their difference Newcombe's, of latency a ratio "
    "estimate over batches of neighbouring periods, both variants weighted by the shadow's requests; 95 % each. "
    "Percentiles of the whole time are means of the periods' percentiles, weighted by requests. SageMaker has only "
    "the present sampling percentage: earlier ones are unknown."
)


def page(report: ComparisonReport) -> str:
    """Return the page. Raises UsageError without Matplotlib."""
    template = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    subject, window = report.measurement.subject, report.measurement.window
    texts = {
        "title": f"{subject.name}: {report.recommendation}",
        "name": subject.name,
        "subtitle": f"Shadow test on endpoint {subject.endpoint} in {subject.region}, "
        f"{wording.length(window.end - window.start)} from {timestamp(window.start)}",
        "tone": str(report.verdict.result),
        "result": str(report.verdict.result),
        "recommendation": report.recommendation.capitalize(),
        "notes": f"{NOTES} Created {timestamp(report.measurement.taken)} by inference-experiment report.",
    }
    parts = {
        "banner": _banner(report),
        "checks": "".join(
            f'<li><span class="tag {check.result}">{check.result}</span>{escape(check.reason)}</li>'
            for check in report.verdict.checks
        ),
        "uncertain": _uncertain(report),
        "plots": "".join(_figure(plot) for plot in plots(report)),
        "rows": "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>" for cells in wording.cells(report)
        ),
        "production": _production(report),
        "predictions": _predictions(report),
        "configuration": "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in configuration(report)
        ),
        "timeline": "".join(
            f"<li><time>{timestamp(time)}</time>{escape(name)}</li>" for name, time in wording.timeline(report)
        ),
    }
    return Template(template).substitute({key: escape(text) for key, text in texts.items()} | parts)


def _banner(report: ComparisonReport) -> str:
    texts = ["Synthetic metrics: nothing was measured."] if report.measurement.synthetic else []
    texts += report.measurement.messages
    if not texts:
        return ""
    return f'<p class="card banner" id="synthetic">{"<br>".join(escape(text) for text in texts)}</p>'


def _uncertain(report: ComparisonReport) -> str:
    texts = wording.uncertain(report)
    if not texts:
        return ""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<p class="muted" style="margin-top:12px">Met, but more traffic could change it:</p><ul>{items}</ul>'


def _production(report: ComparisonReport) -> str:
    """Return the section on what changes for production; empty where the experiment does not tell."""
    observed, now = production.observed_of(report.measurement.subject.members), report.measurement.taken
    changes = production.changes_of(observed, now)
    if not changes:
        return ""
    head = [column.replace("_", " ") for column in production.COLUMNS]
    rows = [[cells[column] for column in production.COLUMNS] for cells in production.cells(changes)]
    texts = [text for text in (production.result_of(observed, now), *production.notes(changes)) if text]
    below = "".join(f'<p class="muted">{escape(text)}</p>' for text in texts)
    return f'<section class="card">{views.html_table(production.TITLE, head, rows, "production")}{below}</section>'


def _predictions(report: ComparisonReport) -> str:
    if report.predictions is None:
        return ""
    tables = [("Predictions", ("", ""), views.facts(report.predictions)), *views.tables(report.predictions)]
    return "".join(
        f'<section class="card">{views.html_table(title, head, rows, title.lower().replace(" ", "-"))}</section>'
        for title, head, rows in tables
    )


def _figure(plot: Plot) -> str:
    head = f"<h3>{escape(plot.title)}</h3><figcaption>{escape(plot.text)}</figcaption>"
    place = "card wide" if plot.wide else "card"
    return f'<section class="{place}"><figure>{head}{plot.svg}</figure></section>'


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
    return ", ".join([*texts, f"at least {limits.min_invocations} invocations"])
