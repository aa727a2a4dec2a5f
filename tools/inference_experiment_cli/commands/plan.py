"""inference-experiment plan: the options; plan/ simulates and prints."""

# Typer makes an option of every parameter.
# ruff: noqa: PLR0913, PLR0917

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from inference_experiment_cli.errors import ExitCode, UsageError
from inference_experiment_cli.inputs.documents import read_document
from inference_experiment_cli.inputs.experiments import Experiment, choose, read_experiments
from inference_experiment_cli.inputs.parameters import deployment_settings, given_parameters
from inference_experiment_cli.inputs.type_names import registry_types
from inference_experiment_cli.operate.patch import require_valid
from inference_experiment_cli.options import (
    FILE_HELP,
    LogicalId,
    Output,
    ParameterFiles,
    Parameters,
    Profile,
    Region,
    RegistryTypes,
    choice,
)
from inference_experiment_cli.output import Format, note
from inference_experiment_cli.plan.plan import Plan
from inference_experiment_cli.plan.requests import Assumable, against_file, against_live, creation
from inference_experiment_cli.plan.view import show

ONE_ONLY: Final = "pass one of --stack, --current and --previous"
STACK_NAME: Final = re.compile("[A-Za-z][A-Za-z0-9-]{0,127}")


def plan(
    file: Annotated[
        Path | None, typer.Argument(help=FILE_HELP + " Default with --stack: the deployed template.")
    ] = None,
    stack: Annotated[
        str, typer.Option(metavar="NAME", help="Name of the stack. The file is compared with what it has deployed.")
    ] = "",
    stack_name: Annotated[
        str, typer.Option(metavar="NAME", help="Name of a stack that does not exist yet; names are derived from it.")
    ] = "",
    current: Annotated[str, typer.Option(metavar="NAME", help="The live experiment that the file is to update.")] = "",
    previous: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file as it was deployed; needs no account.")
    ] = None,
    status: Annotated[
        Assumable | None,
        choice(
            Assumable,
            "STATUS",
            "Status of the experiment. With --previous, the one to assume. Default: Running, or how it ended.",
        ),
    ] = None,
    logical_id: LogicalId = "",
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
    previous_parameter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Parameter value of the --previous file. Default: those of --parameter."
        ),
    ] = None,
    registry_type: RegistryTypes = None,
    region: Region = "",
    profile: Profile = "",
    output: Output = Format.TABLE,
) -> None:
    r"""Show what deploying a file would do.

    That is an update in place, a replacement, a stop with or without promotion, or nothing that is possible, and why.
    The provider's own lifecycle runs against a simulation; nothing is changed.

    With --stack the file is compared with what is deployed: parameters keep their deployed values unless options
    change them, names come from the stack's resources, the status from SageMaker. Without FILE that is the deployed
    template with other parameters. --current compares with a live experiment, whose own tags are left alone;
    --previous with another file. With none of them the plan is that of a creation. A value that nothing tells before a
    deployment counts as unchanged.

    Examples:
      inference-experiment plan template.yaml --stack shop
      inference-experiment plan --stack shop --parameter SamplingPercentage=50
      inference-experiment plan template.yaml --stack-name shop \
          --parameter-file samconfig.toml:prod
      inference-experiment plan template.yaml --current shop-fraud-1
      inference-experiment plan new.yaml --previous old.yaml --status Created

    Exit codes: 0 possible, 1 not possible, or findings in the file, 2 wrong usage or unreadable input, 3 a transform
    or another resource brings the properties, 4 AWS failed.

    Documentation: docs/plan.md
    """
    _check_options(
        {"--stack": stack, "--current": current, "--previous": previous},
        {"--stack-name": stack_name, "--status": status, "--previous-parameter": previous_parameter},
        file=file,
    )
    settings = deployment_settings(parameter_file)
    values = given_parameters(parameter, parameter_file)
    types = registry_types(registry_type)
    if stack:
        # Most plans need no account.
        from inference_experiment_cli.operate.gateway import CliGateway  # noqa: PLC0415
        from inference_experiment_cli.plan.stack import plan_update  # noqa: PLC0415

        if settings.get("stack_name", stack) != stack:
            note(f"the parameters are those of stack {settings['stack_name']}")
        gateway = CliGateway(region or settings.get("region", ""), profile)
        update = plan_update(read_document(file) if file else None, stack, values, logical_id, gateway, types)
        if update.experiment:
            require_valid(update.experiment)
        for text in update.remarks:
            note(text)
        _finish(update.plan, update.experiment, output, update.previous)
    stack_name = stack_name or settings.get("stack_name", "")
    if stack_name and not (current or previous):
        note(f"assumed: stack {stack_name} does not exist yet; with --stack {stack_name} it is compared")
    pseudo = {"AWS::StackName": stack_name, "AWS::Region": region or settings.get("region", "")}
    values = {**{name: value for name, value in pseudo.items() if value}, **values}
    experiment = choose(read_experiments(file or Path("-"), values, types, assume=True), logical_id)
    require_valid(experiment)
    deployed = None
    if current:
        result = against_live(experiment, current, region or experiment.declaration.region, profile)
    elif previous:
        own = given_parameters(previous_parameter, option="--previous-parameter")
        declared = read_experiments(previous, own or values, types, strict=bool(own), assume=True)
        deployed = choose(declared, logical_id and experiment.logical_id)
        result = against_file(experiment, deployed, status)
    else:
        result = creation(experiment, stack_name)
    _finish(result, experiment, output, deployed)


def _finish(result: Plan, experiment: Experiment | None, output: Format, deployed: Experiment | None) -> NoReturn:
    """Show a plan, and end with the exit code of its answer."""
    show(result, experiment, output, deployed)
    raise typer.Exit(ExitCode.DONE if result["possible"] else ExitCode.NO)


def _check_options(compared: Mapping[str, object], dependent: Mapping[str, object], *, file: Path | None) -> None:
    """Raise UsageError for options that contradict each other, or that would change nothing."""
    chosen = [option for option, value in compared.items() if value]
    if len(chosen) > 1:
        raise UsageError(f"pass {' or '.join(chosen)}, not both" if len(chosen) < len(compared) else ONE_ONLY)
    if file is None and chosen != ["--stack"]:
        raise UsageError("missing argument FILE, or --stack NAME (see inference-experiment plan --help)")
    if dependent["--stack-name"]:
        if chosen and chosen != ["--previous"]:
            raise UsageError(f"{chosen[0]} names what is deployed; leave out --stack-name")
        if not STACK_NAME.fullmatch(str(dependent["--stack-name"])):
            text = "is not a stack's name; it begins with a letter and has letters, digits and hyphens, at most 128"
            raise UsageError(f"--stack-name {dependent['--stack-name']}: {text}")
    for option in ("--status", "--previous-parameter"):
        if dependent[option] and chosen != ["--previous"]:
            raise UsageError(f"{option} is about --previous FILE; add it, or leave out {option}")
