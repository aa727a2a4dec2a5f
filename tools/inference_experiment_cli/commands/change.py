"""inference-experiment create, update, start, stop and delete: the options; operate/change.py plans and applies."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from inference_experiment.model import ENDED, RequestType
from inference_experiment_cli.errors import NotPossibleError, UsageError
from inference_experiment_cli.inputs.experiments import choose, read_experiments
from inference_experiment_cli.inputs.parameters import given_parameters
from inference_experiment_cli.operate.change import LiveChange, Settings, create_experiment
from inference_experiment_cli.operate.patch import check_resolved, of_file, patched
from inference_experiment_cli.options import FileOption, LogicalId, Name, ParameterFiles, Parameters, with_options_of

OUTCOMES: Final = {"Promote": "is promoted", "Retain": "stays on the endpoint", "Remove": "is removed"}


@with_options_of(Settings, "yes", "force")
def create(
    file: FileOption = None,
    name: Annotated[str, typer.Option(help="Name, instead of the file's.")] = "",
    logical_id: LogicalId = "",
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
    *,
    options: Settings,
) -> None:
    """Create an experiment and wait until it is Created or Running.

    With DesiredState Running the command waits until it runs. The experiment gets an owner tag of this command.

    Example: inference-experiment create -f experiment.yaml --name fraud-2 --dry-run

    Exit codes: 0 created, 1 it exists already, cannot be created or was cancelled, 2 the file or the options are
    wrong, 4 AWS failed.
    """
    if file is None:
        raise UsageError("pass -f FILE")
    experiment = choose(read_experiments(file, given_parameters(parameter, parameter_file)), logical_id)
    if name:
        unresolved = {keys: written for keys, written in experiment.unresolved.items() if keys != ("Name",)}
        experiment = replace(experiment, properties={**experiment.properties, "Name": name}, unresolved=unresolved)
    if "Name" not in experiment.properties:
        raise UsageError("is required here; write it, or pass --name", experiment.place("Name"))
    check_resolved(experiment)
    create_experiment(experiment.properties, experiment.logical_id, options)


@with_options_of(Settings)
def update(
    name: Name,
    patch: Annotated[Path | None, typer.Option(metavar="FILE", help="RFC 6902 JSON patch of the properties.")] = None,
    file: FileOption = None,
    logical_id: LogicalId = "",
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
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
        properties = of_file(change.live, file, given_parameters(parameter, parameter_file), logical_id)
    if properties.get("DesiredState") in ("Completed", "Cancelled"):
        properties.setdefault("StatusReason", "Stopped by inference-experiment update")
    change.apply(RequestType.UPDATE, properties, f"{name} is running and would be stopped. Continue?")


@with_options_of(Settings, "yes")
def start(name: Name, *, options: Settings) -> None:
    """Start a Created experiment before its schedule.

    Waits until it is Running.

    Example: inference-experiment start fraud-2

    Exit codes: 0 it runs, 1 it cannot be started, or belongs to a stack, 2 the options are wrong, 4 AWS failed.
    """
    change = LiveChange.of(name, options)
    status = change.observed.status
    if status in ENDED:
        raise NotPossibleError(f"{name} is {status} and cannot be started again; create another under a new Name")
    change.apply(RequestType.UPDATE, {**change.live, "DesiredState": "Running"}, "")


@with_options_of(Settings)
def stop(
    name: Name,
    *,
    promote: Annotated[
        bool, typer.Option("--promote", help="The shadow variant becomes the production variant.")
    ] = False,
    retain: Annotated[
        bool, typer.Option("--retain", help="Both variants stay on the endpoint, and on the bill.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="The shadow variant is removed, as at the end of a schedule. Default.")
    ] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="End as Cancelled instead of Completed.")] = False,
    reason: Annotated[str, typer.Option(help="Becomes the experiment's StatusReason.")] = "",
    options: Settings,
) -> None:
    """Stop a running experiment, with or without promotion.

    The shadow variant is removed, retained or promoted. Waits until the experiment has ended.

    Examples: inference-experiment stop fraud-2 --promote --reason "2 % faster"; inference-experiment stop fraud-2 --yes

    Exit codes: 0 ended, 1 it does not run, or belongs to a stack, 2 the options are wrong, 4 AWS failed.
    """
    if promote + retain + remove > 1:
        raise UsageError("pass one of --promote, --retain and --remove")
    change = LiveChange.of(name, options)
    variants = change.observed.configuration
    if variants is None or not variants.shadow_variant:
        raise NotPossibleError(
            f"{name} has no shadow variant in DescribeInferenceExperiment; cannot choose variant actions"
        )
    source, shadow = ("Remove", "Promote") if promote else ("Retain", "Retain" if retain else "Remove")
    properties = {
        **change.live,
        "DesiredState": "Cancelled" if cancel else "Completed",
        "ModelVariantActions": {variants.source_variant: source, variants.shadow_variant: shadow},
        "StatusReason": reason or "Stopped by inference-experiment stop",
    }
    outcome = OUTCOMES[shadow]
    question = f"{name} would end now; the shadow variant {variants.shadow_variant} {outcome}. Continue?"
    change.apply(RequestType.UPDATE, properties, question)


@with_options_of(Settings)
def delete(name: Name, *, options: Settings) -> None:
    """Delete an experiment; a running one is stopped first.

    Stopping leaves the endpoint as it was before the test.

    Example: inference-experiment delete fraud-2 --yes

    Exit codes: 0 deleted, 1 no such experiment, or it belongs to a stack, 2 the options are wrong, 4 AWS failed.
    """
    change = LiveChange.of(name, options)
    properties = {key: value for key, value in change.live.items() if key != "DesiredState"}
    properties["StatusReason"] = "Stopped by inference-experiment delete"
    change.apply(RequestType.DELETE, properties, f"{name} is running and would be stopped and deleted. Continue?")
