"""inference-experiment update: the options; operate/patch.py has the properties, operate/change.py applies them."""

from typing import Annotated

import typer

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.experiments import choose, read_experiments
from inference_experiment_cli.inputs.parameters import given_parameters
from inference_experiment_cli.inputs.type_names import registry_types
from inference_experiment_cli.operate.change import LiveChange
from inference_experiment_cli.operate.edits import EditOptions
from inference_experiment_cli.operate.patch import check_edited, edited, of_file, patched
from inference_experiment_cli.operate.settings import Settings
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
@with_options_of(EditOptions, parameter="edits")
def update(  # noqa: PLR0913 - one parameter per option
    name: Name,
    edits: EditOptions,
    *,
    patch: Annotated[
        str, typer.Option(metavar="FILE|JSON", help="JSON patch (RFC 6902): a file, - or the patch itself.")
    ] = "",
    file: FileOption = None,
    logical_id: LogicalId = "",
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
    registry_type: RegistryTypes = None,
    options: Settings,
) -> None:
    r"""Change an experiment in place, by options, a JSON patch or a file.

    A patch is of the properties as `manifest --from NAME` writes them, a file has the properties to reach; options
    apply after them. Everything is checked before the first call, so that an
    update that cannot be done changes nothing. Name, Type, RoleArn, EndpointName and KmsKey cannot change. Relative
    times count from now.

    Examples:
      inference-experiment update fraud-2 --sampling 50 --end-time +3d
      inference-experiment update fraud-2 --set Description="Fraud model 2" \
          --tag team=ml --dry-run
      inference-experiment update fraud-2 --patch patch.json
      inference-experiment update fraud-2 -f experiment.yaml

    Exit codes: 0 done, 1 not possible now, or the experiment belongs to a stack, 2 the file or the options are wrong,
    4 AWS failed.

    Documentation: docs/manage.md
    """
    changes = edits.edits()
    if patch and file is not None:
        raise UsageError("pass --patch or -f FILE, not both")
    if not (patch or file or changes):
        raise UsageError("pass --patch FILE or -f FILE, or what to change, such as --sampling 50 or --set PATH=VALUE")
    if file is None and (parameter or parameter_file or logical_id):
        option = "--parameter" if parameter else "--parameter-file" if parameter_file else "--logical-id"
        raise UsageError(f"{option} is about a file; add -f FILE")
    change = LiveChange.of(name, options)
    properties = change.live
    if patch:
        properties = patched(change.live, patch)
    elif file is not None:
        given = given_parameters(parameter, parameter_file)
        experiment = choose(read_experiments(file, given, registry_types(registry_type)), logical_id)
        properties = of_file(change.live, experiment)
    properties, changed = edited(properties, changes, change.live)
    check_edited(properties, changed, "--patch" if patch else str(file or name))
    change.update(properties, "update")
