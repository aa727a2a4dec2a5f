"""inference-experiment update: the options; operate/patch.py has the properties, operate/change.py applies them."""

# Typer makes an option of every parameter.
# ruff: noqa: PLR0913

from pathlib import Path
from typing import Annotated

import typer

from inference_experiment.model import RequestType
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.experiments import choose, read_experiments
from inference_experiment_cli.inputs.parameters import given_parameters
from inference_experiment_cli.inputs.type_names import registry_types
from inference_experiment_cli.operate.change import LiveChange, Settings
from inference_experiment_cli.operate.patch import of_file, patched
from inference_experiment_cli.options import (
    FileOption,
    LogicalId,
    Name,
    ParameterFiles,
    Parameters,
    RegistryTypes,
    with_options_of,
)


@with_options_of(Settings)
def update(
    name: Name,
    patch: Annotated[Path | None, typer.Option(metavar="FILE", help="RFC 6902 JSON patch of the properties.")] = None,
    file: FileOption = None,
    logical_id: LogicalId = "",
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
    registry_type: RegistryTypes = None,
    *,
    options: Settings,
) -> None:
    """Change an experiment in place by a JSON patch or a file.

    The file has the properties to reach; a patch changes the properties as `manifest --from NAME` writes them.
    Everything is checked before the first call, so that an update that cannot be done changes nothing. Name, Type,
    RoleArn, EndpointName and KmsKey cannot change.

    Examples: inference-experiment update fraud-2 --patch patch.json --dry-run;
    inference-experiment update fraud-2 -f experiment.yaml

    Exit codes: 0 done, 1 not possible now, or the experiment belongs to a stack, 2 the file or the options are wrong,
    4 AWS failed.
    """
    if (patch is None) == (file is None):
        raise UsageError("pass --patch FILE or -f FILE")
    change = LiveChange.of(name, options)
    if patch is not None:
        properties = patched(change.live, patch)
    elif file is not None:
        given = given_parameters(parameter, parameter_file)
        experiment = choose(read_experiments(file, given, registry_types(registry_type)), logical_id)
        properties = of_file(change.live, experiment)
    if properties.get("DesiredState") in ("Completed", "Cancelled"):
        properties.setdefault("StatusReason", "Stopped by inference-experiment update")
    change.apply(RequestType.UPDATE, properties, f"{name} is running and would be stopped. Continue?")
