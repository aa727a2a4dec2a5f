"""inference-experiment report: the options; report/ measures, compares, judges and draws."""

from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inference_experiment_cli.options import Output, Profile, Region
from inference_experiment_cli.output import Format

if TYPE_CHECKING:
    from inference_experiment.criteria import Criteria
    from inference_experiment_cli.report.comparison import Report


class LatencyStatistic(StrEnum):
    """Which latency MaxLatencyIncrease is about; criteria.py has the same."""

    AVERAGE = "Average"
    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)


def report(  # noqa: PLR0913, PLR0917 - one parameter per option
    name: Annotated[str, typer.Argument(help="Name of the experiment; may be left out with --trial.")] = "",
    max_latency_increase: Annotated[
        str, typer.Option(help="How much slower the shadow may be; -5% means that it must be faster.")
    ] = "10%",
    latency_statistic: Annotated[
        LatencyStatistic, typer.Option(help="Which latency that is about.")
    ] = LatencyStatistic.AVERAGE,
    max_error_rate: Annotated[
        str, typer.Option(help="Share of the shadow's invocations that may end in anything but 2XX.")
    ] = "1%",
    min_invocations: Annotated[int, typer.Option(min=1, help="Fewer of the shadow's decide nothing.")] = 100,
    html: Annotated[Path | None, typer.Option(help="File for the page with plots. Needs the extra report.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 2 unless every threshold is met.")] = False,  # noqa: FBT002 - an option
    trial: Annotated[  # noqa: FBT002 - an option
        bool, typer.Option("--trial", help="Report on a made-up test on the local AWS. Needs the extra local.")
    ] = False,
    region: Region = "",
    profile: Profile = "",
    output: Output = Format.TABLE,
) -> None:
    """Say whether the shadow won: CloudWatch metrics of both variants, compared and judged.

    Latency, errors, traffic and utilisation from the experiment's start to its end (or now), normalised for the
    sampling percentage, with confidence intervals where the counts allow them.

    Exit codes: 0 reported, 1 AWS refused or did not answer, 2 the options are wrong or, with --check, a threshold is
    not met or not enough was measured.

    Examples: inference-experiment report fraud-v2 --html report.html;
    inference-experiment report fraud-v2 --check --max-latency-increase 5% --latency-statistic p90 --max-error-rate 0.1%
    """
    from inference_experiment_cli.errors import UsageError  # noqa: PLC0415 - keeps --help fast

    wanted = _criteria(max_latency_increase, latency_statistic, max_error_rate, min_invocations)
    if bool(name) == trial:
        raise UsageError("give the name of an experiment, or --trial")
    place: AbstractContextManager[None] = nullcontext()
    if trial:
        from inference_experiment_cli.report.trial import NAME  # noqa: PLC0415 - imports the local AWS
        from inference_experiment_cli.report.trial import trial as local_aws  # noqa: PLC0415 - as above

        name, place = NAME, local_aws()
    with place:
        made = _make(name, wanted, region, profile)
    _present(made, output, html)
    if check and made.verdict.result != "met":
        raise typer.Exit(2)


def _criteria(latency: str, statistic: LatencyStatistic, errors: str, invocations: int) -> "Criteria":
    from inference_experiment import criteria  # noqa: PLC0415 - keeps --help fast
    from inference_experiment_cli.errors import UsageError  # noqa: PLC0415 - as above

    values = {}
    for option, text in (("--max-latency-increase", latency), ("--max-error-rate", errors)):
        try:
            values[option] = criteria.fraction(text)
        except ValueError as error:
            raise UsageError(f"{option}: {error}") from error
    return criteria.Criteria(values["--max-latency-increase"], values["--max-error-rate"], invocations, statistic.value)


def _make(name: str, wanted: "Criteria", region: str, profile: str) -> "Report":
    from datetime import UTC, datetime  # noqa: PLC0415 - as above

    from inference_experiment_cli.inventory.describe import configuration, describe  # noqa: PLC0415 - as above
    from inference_experiment_cli.output import fail, working  # noqa: PLC0415 - as above
    from inference_experiment_cli.report.comparison import compare  # noqa: PLC0415 - as above
    from inference_experiment_cli.report.measurement import measure, subject_of  # noqa: PLC0415 - as above
    from inference_experiment_cli.session import answering, open_session  # noqa: PLC0415 - as above

    session = open_session(region, profile)
    with answering(), working("asking CloudWatch"):
        client = session.client("sagemaker", config=configuration())
        experiment = describe(client, session.region_name, name)
        if experiment is None:
            fail(f"there is no experiment {name} in {session.region_name}")
        subject = subject_of(experiment.members, experiment.tags, experiment.region)
        return compare(measure(session, subject, wanted.latency_statistic, datetime.now(UTC)), wanted)


def _present(made: "Report", output: Format, html: Path | None) -> None:
    from inference_experiment_cli.errors import UsageError  # noqa: PLC0415 - as above
    from inference_experiment_cli.output import note, working  # noqa: PLC0415 - as above
    from inference_experiment_cli.report.terminal_view import show  # noqa: PLC0415 - as above

    text = ""
    if html is not None:
        from inference_experiment_cli.report.page import page  # noqa: PLC0415 - needs an extra

        with working("drawing"):
            text = page(made)
    show(made, output)
    if html is None:
        return
    try:
        html.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{html}: {error.strerror or error}") from error
    note(f"wrote {html}")
