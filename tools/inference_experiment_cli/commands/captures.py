"""inference-experiment captures: the options; captures/ reads, pairs and compares."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from inference_experiment.criteria import Verdict
from inference_experiment_cli.captures.comparison import PredictionReport
from inference_experiment_cli.captures.options import CaptureOptions
from inference_experiment_cli.captures.page import page
from inference_experiment_cli.captures.place import Variants
from inference_experiment_cli.captures.run import Source, evaluate
from inference_experiment_cli.captures.terminal_view import show
from inference_experiment_cli.captures.verdict import judge
from inference_experiment_cli.captures.views import document
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.extras import require_extras
from inference_experiment_cli.gate import CRITERIA, PredictionLimits, finish, gate
from inference_experiment_cli.options import Profile, Region, with_options_of
from inference_experiment_cli.output import json_text, write_file
from inference_experiment_cli.report.drawing import matplotlib
from inference_experiment_cli.results_file import output_to


class PredictionFormat(StrEnum):
    """How the comparison is printed."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"


@with_options_of(CaptureOptions)
@with_options_of(PredictionLimits, parameter="limits")
def captures(  # noqa: PLR0913 - one parameter per option
    place: Annotated[
        str, typer.Argument(metavar="PLACE", help="Folder or s3:// prefix with a folder for each variant.")
    ],
    options: CaptureOptions,
    limits: PredictionLimits,
    *,
    production: Annotated[str, typer.Option(metavar="NAME", help="Name of the production variant: its folder.")],
    shadow: Annotated[str, typer.Option(metavar="NAME", help="Name of the shadow variant: its folder.")],
    style: Annotated[PredictionFormat, typer.Option("--format", help="Output format.")] = PredictionFormat.TABLE,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 or 3 unless all criteria are met.")] = False,
    region: Region = "",
    profile: Profile = "",
) -> None:
    r"""Compare captured predictions of two variants.

    Pairs the answers of both variants to the same request, says how far they agree, and with labels which variant is
    right. With a criterion also whether the shadow meets it. Needs the extra captures, for a page with plots the extra
    report too; an account only for S3.

    With --engine athena nothing but results is downloaded.

    Examples:
      inference-experiment captures captured --production AllTraffic \
          --shadow Shadow-01 --labels labels.csv --min-agreement 99% --check
      inference-experiment captures captured --production AllTraffic \
          --shadow Shadow-01 -o predictions.html
      inference-experiment captures s3://bucket/captured/fraud \
          --production AllTraffic --shadow Shadow-01 --engine athena \
          --workgroup ml --output s3://bucket/athena/

    Exit codes: 0 compared, 1 with --check: a criterion is missed, 2 wrong usage, or the place or the labels cannot be
    read, 3 with --check: not enough data, 4 AWS failed.

    Documentation: docs/captures.md
    """

    def client(service: str) -> Any:  # noqa: ANN401 - a client
        from inference_experiment_cli.session import open_session  # noqa: PLC0415 - a folder needs no boto3

        session: Any = open_session(region, profile)
        return session.client(service)

    criteria = limits.criteria()
    if check and not criteria.of_predictions:
        raise UsageError(f"--check needs a criterion: {CRITERIA}")
    require_extras("captures", *(["report"] if style is PredictionFormat.HTML else []))
    if style is PredictionFormat.HTML:
        matplotlib()  # before hours of reading
    with output_to(options.file):
        with gate(check=check):
            report = evaluate(Source(place, Variants(production, shadow)), options.question(), client)
        verdict = judge(report, criteria)
        shown = verdict if criteria.of_predictions else None
        finish(verdict, lambda: write(report, shown, style), check=check)


def write(report: PredictionReport, verdict: Verdict | None, style: PredictionFormat) -> None:
    """Print a comparison."""
    if style is PredictionFormat.JSON:
        write_file(None, json_text(document(report, verdict), indent=2) + "\n")
    elif style is PredictionFormat.HTML:
        write_file(None, page(report, verdict))
    else:
        show(report, verdict)
