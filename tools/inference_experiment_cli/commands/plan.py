"""inference-experiment plan: the options; plan/ simulates and prints."""

# Typer makes an option of every parameter.
# ruff: noqa: PLR0913, PLR0917

from pathlib import Path
from typing import Annotated

import typer

from inference_experiment_cli.errors import ExitCode, UsageError
from inference_experiment_cli.inputs.experiments import choose, read_experiments
from inference_experiment_cli.inputs.parameters import given_parameters
from inference_experiment_cli.inputs.type_names import registry_types
from inference_experiment_cli.operate.patch import require_valid
from inference_experiment_cli.options import (
    File,
    LogicalId,
    Output,
    ParameterFiles,
    Parameters,
    Profile,
    Region,
    RegistryTypes,
)
from inference_experiment_cli.output import Format
from inference_experiment_cli.plan.requests import Assumable, against_file, against_live, creation
from inference_experiment_cli.plan.view import show


def plan(
    file: File,
    current: Annotated[str, typer.Option(metavar="NAME", help="The live experiment that the file is to update.")] = "",
    previous: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file as it was deployed; needs no account.")
    ] = None,
    status: Annotated[
        Assumable | None, typer.Option(help="Status to assume with --previous. Default: Running, or how it ended.")
    ] = None,
    logical_id: LogicalId = "",
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
    previous_parameter: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE for --previous. Default: those of --parameter.")
    ] = None,
    registry_type: RegistryTypes = None,
    region: Region = "",
    profile: Profile = "",
    output: Output = Format.TABLE,
) -> None:
    """Show what deploying a file would do.

    That is an update in place, a replacement, a stop with or without promotion, or nothing that is possible, and why.
    The provider's own lifecycle runs against a simulation; nothing is changed. With neither --current nor --previous
    the plan is that of a creation. A value that is resolved at deployment counts as unchanged. With --current, tags
    that the file does not have are left alone, since their origin is unknown.

    Examples:
    inference-experiment plan template.yaml --current shop-fraud-1;
    inference-experiment plan new.yaml --previous old.yaml --status Created --format json

    Exit codes: 0 possible, 1 not possible, or findings in the file, 2 wrong usage or unreadable input, 3 a transform
    or another resource brings the properties, 4 AWS failed.
    """
    if current and previous:
        raise UsageError("pass --current or --previous, not both")
    values = given_parameters(parameter, parameter_file)
    types = registry_types(registry_type)
    experiment = choose(read_experiments(file, values, types, assume=True), logical_id)
    require_valid(experiment)
    deployed = None
    if current:
        result = against_live(experiment, current, region, profile)
    elif previous:
        own = given_parameters(previous_parameter)
        declared = read_experiments(previous, own or values, types, strict=bool(own), assume=True)
        deployed = choose(declared, logical_id and experiment.logical_id)
        result = against_file(experiment, deployed, status)
    else:
        result = creation(experiment)
    show(result, experiment, output, deployed)
    if not result["possible"]:
        raise typer.Exit(ExitCode.NO)
