"""inference-experiment report: the options; report/ measures, compares, decides and draws."""

from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from inference_experiment import criteria
from inference_experiment_cli.captures.experiment import source_of
from inference_experiment_cli.captures.options import CaptureOptions
from inference_experiment_cli.captures.run import Question, evaluate
from inference_experiment_cli.errors import ExitCode, NotPossibleError, UsageError
from inference_experiment_cli.inventory.describe import CONFIG, describe
from inference_experiment_cli.options import Output, Profile, Region, with_options_of
from inference_experiment_cli.output import Format, console, note, write_file
from inference_experiment_cli.report.comparison import ComparisonReport, compare
from inference_experiment_cli.report.measurement import measure, subject_of
from inference_experiment_cli.report.page import page
from inference_experiment_cli.report.terminal_view import show
from inference_experiment_cli.session import open_session

# With --check
EXIT_CODES = {
    criteria.Result.MET: ExitCode.DONE,
    criteria.Result.MISSED: ExitCode.NO,
    criteria.Result.UNKNOWN: ExitCode.UNDECIDED,
}


# Statistics of ModelLatency that criteria can be about
LatencyStatistic = StrEnum(
    "LatencyStatistic", {"AVERAGE": "Average", "P50": "p50", "P90": "p90", "P95": "p95", "P99": "p99"}
)


@with_options_of(CaptureOptions)
def report(  # noqa: PLR0913 - one parameter per option
    name: Annotated[str, typer.Argument(help="Name of the experiment; not with --trial.")] = "",
    *,
    options: CaptureOptions,
    max_latency_increase: Annotated[
        str, typer.Option(help="How much slower the shadow may be; with -5% it must be faster.")
    ] = "10%",
    latency_statistic: Annotated[
        LatencyStatistic, typer.Option(help="Latency statistic of --max-latency-increase.")
    ] = LatencyStatistic.AVERAGE,
    max_error_rate: Annotated[
        str, typer.Option(help="Share of the shadow's invocations that may end in anything but 2XX.")
    ] = "1%",
    min_invocations: Annotated[int, typer.Option(min=1, help="Minimum shadow invocations for a verdict.")] = 100,
    html: Annotated[Path | None, typer.Option(help="File for the page with plots. Needs the extra report.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 or 3 unless all criteria are met.")] = False,
    trial: Annotated[
        bool, typer.Option("--trial", help="Report on a synthetic test on the local AWS. Needs the extra local.")
    ] = False,
    captures: Annotated[
        bool, typer.Option("--captures", help="Compare the captured predictions too. Needs the extra captures.")
    ] = False,
    region: Region = "",
    profile: Profile = "",
    output: Output = Format.TABLE,
) -> None:
    """Compare the variants of a shadow test by their metrics, and by their predictions.

    Latency, errors, traffic and utilisation from the experiment's start to its end (or now), normalised for the
    sampling percentage, with confidence intervals where the counts allow them, and whether the shadow meets the
    criteria. With --captures also the captured predictions, as the command captures does.

    Examples: inference-experiment report fraud-v2 --html report.html;
    inference-experiment report fraud-v2 --check --max-latency-increase 5% --latency-statistic p90;
    inference-experiment report fraud-v2 --captures --labels labels.csv

    Exit codes: 0 reported, 1 no such experiment or, with --check, a criterion is missed, 2 the options are wrong,
    3 with --check: not enough data, 4 AWS failed.
    """
    limits = _criteria(max_latency_increase, latency_statistic, max_error_rate, min_invocations)
    if bool(name) == trial:
        raise UsageError("pass the name of an experiment, or --trial")
    _check_captures(options, captures=captures, trial=trial)
    if trial:
        # The local AWS is an extra and takes a second to import.
        from inference_experiment_cli.report.trial import NAME, local_aws  # noqa: PLC0415

        with local_aws() as (sagemaker, cloudwatch):
            comparison = _compare(NAME, limits, sagemaker, cloudwatch)
    else:
        session = open_session(region, profile)
        sagemaker, cloudwatch = (session.client(each, config=CONFIG) for each in ("sagemaker", "cloudwatch"))
        comparison = _compare(name, limits, sagemaker, cloudwatch)
        if captures:
            comparison = _with_predictions(comparison, options.question(), session)
    _present(comparison, output, html)
    if check:
        raise typer.Exit(EXIT_CODES[comparison.verdict.result])


def _check_captures(options: CaptureOptions, *, captures: bool, trial: bool) -> None:
    if captures and trial:
        raise UsageError("--trial has no captured data; leave out --captures")
    if not captures and options != CaptureOptions():
        raise UsageError(
            "--labels, --prediction, --task, --slice, --redact, --engine and --output are about captured data; "
            "add --captures"
        )
    if options.file is not None:
        raise UsageError("--output is the s3:// address for results of Athena; write the page with --html FILE")


def _with_predictions(comparison: ComparisonReport, question: Question, session: Any) -> ComparisonReport:  # noqa: ANN401 - a session
    source = source_of(comparison.measurement.subject)
    return replace(comparison, predictions=evaluate(source, question, lambda name: session.client(name, config=CONFIG)))


def _criteria(latency: str, statistic: LatencyStatistic, errors: str, invocations: int) -> criteria.Criteria:
    values = {}
    for option, text in (("--max-latency-increase", latency), ("--max-error-rate", errors)):
        try:
            values[option] = criteria.fraction(text)
        except ValueError as error:
            raise UsageError(f"{option}: {error}") from error
    return criteria.Criteria(values["--max-latency-increase"], values["--max-error-rate"], invocations, statistic.value)


def _compare(name: str, limits: criteria.Criteria, sagemaker: Any, cloudwatch: Any) -> ComparisonReport:  # noqa: ANN401 - clients
    with console(stderr=True).status("reading CloudWatch metrics"):
        experiment = describe(sagemaker, name)
        if experiment is None:
            raise NotPossibleError(f"no experiment {name} in {sagemaker.meta.region_name}")
        subject = subject_of(experiment.members, experiment.tags, experiment.region)
        return compare(measure(cloudwatch, subject, limits.latency_statistic, datetime.now(UTC)), limits)


def _present(comparison: ComparisonReport, output: Format, html: Path | None) -> None:
    text = ""
    if html is not None:
        with console(stderr=True).status("drawing"):
            text = page(comparison)
    show(comparison, output)
    if html is not None:
        write_file(html, text)
        note(f"wrote {html}")
