"""The comparison of predictions as a page, and as the section of the report's page."""

from datetime import UTC, datetime
from typing import Final

from inference_experiment.criteria import Verdict
from inference_experiment.observed_properties import timestamp
from inference_experiment_cli.captures import views
from inference_experiment_cli.captures.comparison import PredictionReport
from inference_experiment_cli.captures.plots import plots
from inference_experiment_cli.report import layout

NO_GAPS: Final = "Every captured line was read and paired."
NOT_TOLD: Final = (
    "SageMaker stops capturing while a disk is nearly full, and does not say so: requests that are missing on both "
    "sides cannot be counted."
)
UNFOLDED_ROWS: Final = 12
"""Of longer tables, which the plots show, the page has the title and opens the rest."""
QUOTED: Final = "quoted"
"""The style of tables with texts of requests and answers."""


def page(report: PredictionReport, verdict: Verdict | None = None) -> str:
    """Return the report as one page that is complete in itself, with the verdict where there are criteria.

    Raises UsageError without Matplotlib.
    """
    title = f"Predictions of {report.variants.production} and {report.variants.shadow}"
    notes = f"Created {timestamp(datetime.now(UTC))} by inference-experiment captures."
    return layout.page(
        title, title, report.place, (layout.verdict(verdict) if verdict else "") + section(report), notes
    )


def section(report: PredictionReport) -> str:
    """Return the section on predictions. Raises UsageError without Matplotlib."""
    return layout.section("Predictions", _parts(report), "predictions")


def _parts(report: PredictionReport) -> list[str]:
    missing = views.not_captured(report)
    gaps = layout.items(missing) if missing else layout.texts([NO_GAPS])
    tables = [
        layout.folded_table(each)
        if len(each[2]) > UNFOLDED_ROWS
        else layout.card(layout.table(each, style=QUOTED if each[0] == views.DISAGREEMENTS else ""))
        for each in views.tables(report)
    ]
    return [
        layout.card(layout.table(("", ("", ""), views.facts(report)), "figures")),
        f'<div class="card" id="not-captured"><h3>What was not captured</h3>{gaps}{layout.texts([NOT_TOLD])}</div>',
        layout.figures(plots(report)),
        *tables,
    ]
