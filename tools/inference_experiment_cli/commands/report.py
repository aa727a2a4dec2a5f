"""inference-experiment report: the options; report/ measures, compares, decides and draws."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inference_experiment import criteria
from inference_experiment_cli.captures.options import CaptureOptions
from inference_experiment_cli.errors import NotPossibleError, UsageError, check_exclusive
from inference_experiment_cli.extras import require_extras
from inference_experiment_cli.gate import CRITERIA, PredictionLimits, finish, gate
from inference_experiment_cli.inventory.describe import CONFIG, describe
from inference_experiment_cli.options import Profile, Region, with_options_of
from inference_experiment_cli.output import Format, console, note, write_file
from inference_experiment_cli.report.comparison import ComparisonReport, compare
from inference_experiment_cli.report.measurement import measure, subject_of
from inference_experiment_cli.results_file import output_to
from inference_experiment_cli.session import open_session

if TYPE_CHECKING:
    from inference_experiment_cli.captures.question import Question

# Statistics of ModelLatency that criteria can be about
LatencyStatistic = StrEnum(
    "LatencyStatistic", {"AVERAGE": "Average", "P50": "p50", "P90": "p90", "P95": "p95", "P99": "p99"}
)


DOUBLE = 1.0
"""The increase of the error rate that is missed where nothing is said about it."""


class ReportFormat(StrEnum):
    """How a report is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    HTML = "html"


@with_options_of(CaptureOptions)
@with_options_of(PredictionLimits, parameter="limits")
def report(  # noqa: PLR0913 - one parameter per option
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the experiment. Not with --trial.")] = "",
    *,
    options: CaptureOptions,
    limits: PredictionLimits,
    max_latency_increase: Annotated[
        str, typer.Option(metavar="PERCENTAGE", help="How much slower the shadow may be; with -5% it must be faster.")
    ] = "10%",
    latency_statistic: Annotated[
        LatencyStatistic, typer.Option(help="Latency statistic of --max-latency-increase.")
    ] = LatencyStatistic.AVERAGE,
    max_error_rate: Annotated[
        str,
        typer.Option(metavar="PERCENTAGE", help="Share of the shadow's invocations that may end in anything but 2XX."),
    ] = "1%",
    max_error_increase: Annotated[
        str,
        typer.Option(
            metavar="PERCENTAGE|none",
            help="How much higher than production's the shadow's error rate may be; none: any. Default: twice as "
            "high, and what may be chance is no reason against a promotion.",
        ),
    ] = "",
    min_invocations: Annotated[int, typer.Option(min=1, help="Minimum shadow invocations for a verdict.")] = 100,
    html: Annotated[Path | None, typer.Option(help="File for the page with plots. Needs the extra report.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 or 3 unless all criteria are met.")] = False,
    trial: Annotated[
        bool, typer.Option("--trial", help="Report on a synthetic test on the local AWS. Needs the extra local.")
    ] = False,
    captures: Annotated[
        bool, typer.Option("--captures", help="Compare the captured predictions too. Needs the extra captures.")
    ] = False,
    publish: Annotated[
        str,
        typer.Option(metavar="S3-URI", help="Object to write the compared predictions to, for PredictionResult."),
    ] = "",
    region: Region = "",
    profile: Profile = "",
    output: Annotated[ReportFormat, typer.Option("--format", help="Output format.")] = ReportFormat.TABLE,
) -> None:
    r"""Compare the variants of a shadow test by their metrics, and by their predictions.

    Latency, errors, traffic and utilisation from the experiment's start to its end (or now), normalised for the
    sampling percentage, with confidence intervals where the counts allow them, and whether the shadow meets the
    criteria. With --captures also the captured predictions, as the command captures does.

    Examples:
      inference-experiment report fraud-2 -o report.html
      inference-experiment report fraud-2 --check --max-latency-increase 5% \
          --latency-statistic p90
      inference-experiment report fraud-2 --captures --labels labels.csv \
          --check --min-agreement 99%

    Exit codes: 0 reported, 1 no such experiment, 2 the options are wrong, 4 AWS failed. With --check: 0 all criteria
    are met, 1 one is missed, 3 not enough data, or no such experiment.

    Documentation: docs/report.md
    """
    percentages = (max_latency_increase, max_error_rate, max_error_increase)
    wanted = _criteria(limits, percentages, latency_statistic, min_invocations)
    check_exclusive({"NAME": name, "--trial": trial}, is_required=True)
    of_captures = replace(options, outputs=options.addresses) != CaptureOptions() or limits != PredictionLimits()
    asked = of_captures or wanted.of_predictions or bool(publish)
    _check_captures(captures=captures, trial=trial, asked=asked)
    if publish:
        from inference_experiment_cli.captures.verdict import check_place  # noqa: PLC0415 - as in _with_predictions

        check_place(publish)
    needed = {"local": trial, "captures": captures, "report": html is not None or output is ReportFormat.HTML}
    require_extras(*(extra for extra, is_needed in needed.items() if is_needed))
    with output_to(options.file):
        with gate(check=check):
            if trial:
                # The local AWS is an extra and takes a second to import.
                from inference_experiment_cli.report.trial import NAME, local_aws  # noqa: PLC0415

                with local_aws() as (sagemaker, cloudwatch):
                    comparison = _compare(NAME, wanted, sagemaker, cloudwatch, guarded=not max_error_increase)
            else:
                session = open_session(region, profile)
                sagemaker, cloudwatch = (session.client(each, config=CONFIG) for each in ("sagemaker", "cloudwatch"))
                comparison = _compare(name, wanted, sagemaker, cloudwatch, guarded=not max_error_increase)
                if captures:
                    comparison = _with_predictions(comparison, options.question(), session, publish)
        finish(comparison.verdict, lambda: _present(comparison, output, html), check=check)


def _check_captures(*, captures: bool, trial: bool, asked: bool) -> None:
    if captures and trial:
        raise UsageError("--trial has no captured data; leave out --captures")
    if not captures and asked:
        also = "--labels, --prediction, --task, --slice, --redact, --engine, --output s3://, --min-pairs and --publish"
        raise UsageError(f"{also}, and {CRITERIA}, are about captured data; add --captures")


def _with_predictions(
    comparison: ComparisonReport,
    question: "Question",
    session: Any,  # noqa: ANN401 - a session
    publish: str,
) -> ComparisonReport:
    # What compares predictions is slow to import, and most reports are about metrics.
    from inference_experiment_cli.captures.experiment import source_of  # noqa: PLC0415
    from inference_experiment_cli.captures.run import evaluate  # noqa: PLC0415
    from inference_experiment_cli.captures.verdict import judge  # noqa: PLC0415
    from inference_experiment_cli.captures.verdict import publish as write_result  # noqa: PLC0415

    subject = comparison.measurement.subject

    def client(service: str) -> Any:  # noqa: ANN401 - a client
        return session.client(service, config=CONFIG)

    predictions = evaluate(source_of(subject), question, client)
    if publish:
        write_result(predictions, subject, publish, lambda: client("s3"), datetime.now(UTC))
        note(f"wrote {publish}")
    checks = judge(predictions, comparison.criteria).checks
    verdict = criteria.Verdict((*comparison.verdict.checks, *checks))
    return replace(comparison, predictions=predictions, verdict=verdict)


def _criteria(
    limits: PredictionLimits, percentages: Sequence[str], statistic: LatencyStatistic, invocations: int
) -> criteria.Criteria:
    values: list[float | None] = []
    options = ("--max-latency-increase", "--max-error-rate", "--max-error-increase")
    for option, text in zip(options, percentages, strict=True):
        try:
            is_off = option == "--max-error-increase" and text in {"", "none"}
            values.append(None if is_off else criteria.fraction(text))
        except ValueError as error:
            raise UsageError(f"{option} {text}: is not a percentage; write it as 10% or 0.1%") from error
    latency, rate, increase = values
    return replace(
        limits.criteria(),
        max_latency_increase=latency,
        max_error_rate=rate,
        max_error_increase=increase,
        min_invocations=invocations,
        latency_statistic=statistic.value,
    )


def _compare(
    name: str,
    limits: criteria.Criteria,
    sagemaker: Any,  # noqa: ANN401 - a client
    cloudwatch: Any,  # noqa: ANN401 - a client
    *,
    guarded: bool,
) -> ComparisonReport:
    """Compare the metrics; `guarded` misses an error rate that has more than doubled beyond chance, too."""
    with console(stderr=True).status("reading CloudWatch metrics"):
        experiment = describe(sagemaker, name)
        if experiment is None:
            raise NotPossibleError(f"no experiment {name} in {sagemaker.meta.region_name}")
        subject = subject_of(experiment.members, experiment.tags, experiment.region)
        measured = measure(cloudwatch, subject, limits.latency_statistic, experiment.observed)
    strict = compare(measured, replace(limits, max_error_increase=DOUBLE)) if guarded else None
    missed = (
        {check.criterion for check in strict.verdict.checks if check.result is criteria.Result.MISSED} if strict else ()
    )
    return strict if strict and "MaxErrorIncrease" in missed else compare(measured, limits)


def _present(comparison: ComparisonReport, style: ReportFormat, html: Path | None) -> None:
    text = ""
    if html is not None or style is ReportFormat.HTML:
        from inference_experiment_cli.report.page import page  # noqa: PLC0415 - for one format

        with console(stderr=True).status("drawing"):
            text = page(comparison)
    if style is ReportFormat.HTML:
        sys.stdout.write(text)
    else:
        from inference_experiment_cli.report.terminal_view import show  # noqa: PLC0415 - not before the first call

        show(comparison, Format(style.value))
    if html is not None:
        write_file(html, text)
        note(f"wrote {html}")
