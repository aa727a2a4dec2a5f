"""inference-experiment plan: what an update would do, before it does it."""

# Typer makes an option of every parameter.
# ruff: noqa: PLR0913, PLR0917

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.options import File, LogicalId, Output, Parameters, Profile, Region
from inference_experiment_cli.output import Format

if TYPE_CHECKING:
    from inference_experiment_cli.inputs.experiments import Experiment
    from inference_experiment_cli.plan.plan import Plan


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(plan)


def plan(
    file: File,
    current: Annotated[str, typer.Option(metavar="NAME", help="The live experiment that the file is to update.")] = "",
    previous: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file as it was deployed; needs no account.")
    ] = None,
    status: Annotated[
        str, typer.Option(help="Status to assume with --previous. Default: Running, or how it ended.")
    ] = "",
    logical_id: LogicalId = "",
    parameter: Parameters = None,
    previous_parameter: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE for --previous. Default: those of --parameter.")
    ] = None,
    region: Region = "",
    profile: Profile = "",
    output: Output = Format.TABLE,
) -> None:
    """Show what deploying a file would do: in place, replacement, stop and promote, or impossible and why.

    The provider's own lifecycle is rehearsed call by call; nothing is changed. With neither --current nor --previous
    the plan is that of a creation. A value that only a deployment knows counts as unchanged. With --current, tags that
    the file does not have are left alone, as nobody can tell who set them.

    Examples:
    inference-experiment plan template.yaml --current shop-fraud-1;
    inference-experiment plan new.yaml --previous old.yaml --status Created --format json

    Exit codes: 0 can be done, 1 cannot, or AWS refused, 2 the file or the options are wrong.
    """
    from inference_experiment_cli.inputs.experiments import choose, findings, parse_parameters, read_experiments  # noqa: PLC0415
    from inference_experiment_cli.plan.requests import against_file, against_live, creation  # noqa: PLC0415
    from inference_experiment_cli.session import answering  # noqa: PLC0415

    if current and previous:
        raise UsageError("give --current or --previous, not both")
    given = parse_parameters(parameter or [])
    experiment = choose(read_experiments(file, given), logical_id)
    found = findings(experiment)
    if found:
        more = f" (and {len(found) - 1} more: inference-experiment validate {file})" if len(found) > 1 else ""
        raise UsageError(f"{experiment.document.name}:{experiment.line(found[0].keys)}: {found[0]}{more}")
    with answering():
        if current:
            made = against_live(experiment, current, region, profile)
        elif previous:
            before = parse_parameters(previous_parameter) if previous_parameter else given
            old = choose(read_experiments(previous, before), logical_id and experiment.logical_id)
            made = against_file(experiment, old, status)
        else:
            made = creation(experiment)
    show(made, experiment, output)
    if not made.possible:
        raise typer.Exit(1)


def show(made: "Plan", experiment: "Experiment | None", output: Format) -> None:
    """Print a plan."""
    from inference_experiment_cli.inputs.experiments import stand_ins  # noqa: PLC0415
    from inference_experiment_cli.output import console, note, print_rows, print_value  # noqa: PLC0415

    document = _told(made.document(), stand_ins(experiment)) if experiment else made.document()
    if output in (Format.JSON, Format.YAML):
        print_value(document, output)
        return
    if output is Format.CSV:
        print_rows(document["properties"], ("path", "before", "after", "how"), output)
        return
    screen = console()
    style = "bold green" if made.possible else "bold red"
    screen.print(f"{document['experiment']} ({made.status}): {made.verdict}", style=style)
    if made.reason:
        screen.print(made.reason)
    changes = document["properties"] if made.status != "Absent" else []
    _section("Properties", changes, ("path", "before", "after", "how"))
    _print_calls("Calls", document["calls"])
    _print_calls("Afterwards, CloudFormation deletes the old experiment", document["afterwards"])
    _section("Permissions", document["permissions"], ("action", "resource", "condition"))
    for keys, hole in experiment.holes.items() if experiment else ():
        note(f"known at deployment only, taken as unchanged: {'/'.join(map(str, keys))} ({hole})")


def _told(value: Any, made_up: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with what stood in for unknown values as the template writes it."""
    if isinstance(value, Mapping):
        return {key: _told(item, made_up) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_told(item, made_up) for item in value]
    if isinstance(value, str):
        for stand_in, hole in made_up.items():
            value = value.replace(stand_in, hole)
    return value


def _section(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    from inference_experiment_cli.output import cell, console, print_rows  # noqa: PLC0415

    if rows:
        console().print(f"\n{title}", style="bold")
        print_rows([{key: cell(row[key]) for key in columns} for row in rows], columns, Format.TABLE)


def _print_calls(title: str, calls: list[dict[str, Any]]) -> None:
    from inference_experiment_cli.output import console, yaml_text  # noqa: PLC0415

    screen = console()
    if calls:
        screen.print(f"\n{title}", style="bold")
    for number, call in enumerate(calls, 1):
        screen.print(f"{number}. {call['operation']}  ({call['because']})")
        arguments = dict(call["arguments"])
        if "MetricDataQueries" in arguments:
            arguments["MetricDataQueries"] = f"{len(arguments['MetricDataQueries'])} metrics of both variants"
        screen.print(textwrap.indent(yaml_text(arguments).rstrip(), "     "), style="dim")
