"""inference-experiment captures: the options; captures/ reads, pairs and compares."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from inference_experiment_cli.captures.comparison import PredictionReport
from inference_experiment_cli.captures.options import CaptureOptions
from inference_experiment_cli.captures.place import Variants
from inference_experiment_cli.captures.run import Source, evaluate
from inference_experiment_cli.captures.terminal_view import show
from inference_experiment_cli.captures.views import document, page
from inference_experiment_cli.options import Profile, Region, with_options_of
from inference_experiment_cli.output import write_file


class PredictionFormat(StrEnum):
    """How the comparison is printed."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"


@with_options_of(CaptureOptions)
def captures(
    place: Annotated[
        str, typer.Argument(metavar="PLACE", help="Folder or s3:// prefix with a folder for each variant.")
    ],
    options: CaptureOptions,
    *,
    production: Annotated[str, typer.Option(help="Name of the production variant: its folder.")],
    shadow: Annotated[str, typer.Option(help="Name of the shadow variant: its folder.")],
    style: Annotated[
        PredictionFormat, typer.Option("--format", help="Format of the results.")
    ] = PredictionFormat.TABLE,
    region: Region = "",
    profile: Profile = "",
) -> None:
    """Compare captured predictions of two variants.

    Pairs the answers of both variants to the same request, says how far they agree, and with labels which variant is
    right. Needs the extra captures; an account only for S3.

    Example: inference-experiment captures captured --production AllTraffic --shadow Shadow-01
    --labels labels.csv --label-key id --label-column target

    With --engine athena nothing but results is downloaded: inference-experiment captures s3://bucket/captured/fraud
    --production AllTraffic --shadow Shadow-01 --engine athena --workgroup ml --output s3://bucket/athena/

    Exit codes: 0 compared, 2 wrong usage, or the place or the labels cannot be read, 4 AWS failed.
    """
    file = options.file

    def client(service: str) -> Any:  # noqa: ANN401 - a client
        from inference_experiment_cli.session import open_session  # noqa: PLC0415 - a folder needs no boto3

        session: Any = open_session(region, profile)
        return session.client(service)

    report = evaluate(Source(place, Variants(production, shadow)), options.question(), client)
    write(report, style, file)


def write(report: PredictionReport, style: PredictionFormat, output: Path | None) -> None:
    """Print a comparison, or write it to a file."""
    if style is PredictionFormat.JSON:
        write_file(output, json.dumps(document(report), indent=2, ensure_ascii=False) + "\n")
    elif style is PredictionFormat.HTML:
        write_file(output, page(report))
    else:
        show(report)
