"""inference-experiment create: the options; operate/change.py plans and creates."""

from dataclasses import replace
from typing import Annotated

import typer

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.experiments import choose, read_experiments
from inference_experiment_cli.inputs.parameters import given_parameters
from inference_experiment_cli.inputs.type_names import registry_types
from inference_experiment_cli.operate.change import create_experiment
from inference_experiment_cli.operate.edits import Edit, EditOptions
from inference_experiment_cli.operate.patch import check_resolved, edited
from inference_experiment_cli.operate.settings import Settings
from inference_experiment_cli.options import (
    FileOption,
    LogicalId,
    ParameterFiles,
    Parameters,
    RegistryTypes,
    with_options_of,
)


@with_options_of(Settings, "yes", "force")
@with_options_of(EditOptions, parameter="edits")
def create(  # noqa: PLR0913 - one parameter per option
    edits: EditOptions,
    file: FileOption = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="Name, instead of the file's.")] = "",
    logical_id: LogicalId = "",
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
    registry_type: RegistryTypes = None,
    *,
    options: Settings,
) -> None:
    """Create an experiment and wait until it is Created or Running.

    With DesiredState Running the command waits until it runs. The experiment gets an owner tag of this command.
    Options change the properties of the file.

    Examples:
      inference-experiment create -f experiment.yaml --name fraud-2 --dry-run
      inference-experiment create -f experiment.yaml --sampling 5 --end-time +7d

    Exit codes: 0 created, 1 it exists already, cannot be created or was cancelled, 2 the file or the options are
    wrong, 4 AWS failed.

    Documentation: docs/manage.md
    """
    if file is None:
        raise UsageError("pass -f FILE")
    changes = [*edits.edits(), *([Edit(f"--name {name}", "Name", name)] if name else [])]
    given = given_parameters(parameter, parameter_file)
    experiment = choose(read_experiments(file, given, registry_types(registry_type)), logical_id)
    properties, changed = edited(experiment.properties, changes)
    unresolved = {
        keys: text
        for keys, text in experiment.unresolved.items()
        if not any(keys[: len(one)] == one for one in changed)
    }
    experiment = replace(experiment, properties=properties, unresolved=unresolved)
    if "Name" not in properties:
        raise UsageError("is required here; write it, or pass --name", experiment.place("Name"))
    check_resolved(experiment, changed)
    region = options.region or experiment.declaration.region  # which a StackQL manifest has
    create_experiment(properties, experiment.logical_id, replace(options, region=region))
