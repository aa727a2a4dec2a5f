"""inference-experiment create, update, start, stop and delete: the options; changing.py does the work.

Each goes through the lifecycle that the provider function runs, after a rehearsal of it.
"""

# Typer makes an option of every parameter.
# ruff: noqa: FBT002, PLR0913, PLR0917

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.options import (
    DryRun,
    Force,
    Interval,
    LogicalId,
    Name,
    Parameters,
    Profile,
    Region,
    Timeout,
    Yes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inference_experiment.model import RequestResult
    from inference_experiment_cli.operate.change import Change, Settings

From = Annotated[
    Path, typer.Option("--file", "-f", metavar="FILE", help="JSON or YAML: a template, properties, or the API's form.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (create, update, start, stop, delete):
        app.command()(command)


def _report(outcome: "RequestResult | None") -> None:
    from inference_experiment_cli.output import note  # noqa: PLC0415

    if outcome and outcome.observed:
        note(f"{outcome.observed.name} is {outcome.observed.status}")


def create(
    file: From,
    name: Annotated[str, typer.Option(help="Name, instead of the file's.")] = "",
    logical_id: LogicalId = "",
    parameter: Parameters = None,
    timeout: Timeout = 3600.0,
    interval: Interval = 5.0,
    region: Region = "",
    profile: Profile = "",
    dry_run: DryRun = False,
) -> None:
    """Create an experiment, and wait until it is Created or Running (with DesiredState Running: until it runs).

    It carries a tag that says that this command made it.

    Example: inference-experiment create -f experiment.yaml --name fraud-2 --dry-run

    Exit codes: 0 created, 1 it exists already, cannot be created, was cancelled, or AWS refused, 2 the file or the
    options are wrong.
    """
    from dataclasses import replace  # noqa: PLC0415

    from inference_experiment_cli.inputs.experiments import choose, parse_parameters, read_experiments  # noqa: PLC0415
    from inference_experiment_cli.operate.change import create as create_now  # noqa: PLC0415
    from inference_experiment_cli.operate.patch import known  # noqa: PLC0415
    from inference_experiment_cli.session import answering  # noqa: PLC0415

    experiment = choose(read_experiments(file, parse_parameters(parameter or [])), logical_id)
    if name:
        holes = {keys: hole for keys, hole in experiment.holes.items() if keys != ("Name",)}
        experiment = replace(experiment, properties={**experiment.properties, "Name": name}, holes=holes)
    if "Name" not in experiment.properties:
        raise UsageError(f"{experiment.place}: Name: is required here; write it, or give --name")
    known(experiment)
    with answering():
        settings = _settings(region, profile, dry_run=dry_run, timeout=timeout, interval=interval)
        _report(create_now(experiment.properties, experiment.logical_id, settings))


def _settings(region: str, profile: str, **more: Any) -> "Settings":  # noqa: ANN401 - fields of Settings
    from inference_experiment_cli.operate.change import Settings  # noqa: PLC0415

    return Settings(region=region, profile=profile, **more)


def _update(change: "Change", more: "Mapping[str, Any]", question: str) -> None:
    from inference_experiment.model import RequestType  # noqa: PLC0415

    _report(change.apply(RequestType.UPDATE, {**change.live, **more}, question))


def update(
    name: Name,
    patch: Annotated[Path | None, typer.Option(metavar="FILE", help="RFC 6902 JSON patch of the properties.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", metavar="FILE", help="The properties as they are to be.")
    ] = None,
    logical_id: LogicalId = "",
    parameter: Parameters = None,
    timeout: Timeout = 3600.0,
    interval: Interval = 5.0,
    region: Region = "",
    profile: Profile = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    force: Force = False,
) -> None:
    """Change an experiment in place by a JSON patch or by a file of what it is to be.

    A patch is of the properties as `manifest --from NAME` writes them. Everything is checked before the first call, so
    that an update that cannot be done changes nothing. Name, Type, RoleArn, EndpointName and KmsKey cannot change.

    Examples: inference-experiment update fraud-2 --patch patch.json --dry-run;
    inference-experiment update fraud-2 -f experiment.yaml

    Exit codes: 0 done, 1 not possible now, not allowed, or AWS refused, 2 the file or the options are wrong.
    """
    from inference_experiment.model import RequestType  # noqa: PLC0415
    from inference_experiment_cli.inputs.experiments import parse_parameters  # noqa: PLC0415
    from inference_experiment_cli.operate.change import Change  # noqa: PLC0415
    from inference_experiment_cli.operate.patch import of_file, patched, validated  # noqa: PLC0415
    from inference_experiment_cli.session import answering  # noqa: PLC0415

    if (patch is None) == (file is None):
        raise UsageError("give --patch FILE or -f FILE")
    with answering():
        settings = _settings(region, profile, dry_run=dry_run, timeout=timeout, interval=interval, yes=yes, force=force)
        change = Change.of(name, settings)
        if patch is not None:
            properties = validated(*patched(change.live, patch))
        elif file is not None:
            properties = of_file(change.live, file, parse_parameters(parameter or []), logical_id)
        if properties.get("DesiredState") in ("Completed", "Cancelled"):
            properties.setdefault("StatusReason", "Stopped by inference-experiment update")
        question = f"{name} is running and would be stopped. Go on?"
        _report(change.apply(RequestType.UPDATE, properties, question))


def start(
    name: Name,
    timeout: Timeout = 3600.0,
    interval: Interval = 5.0,
    region: Region = "",
    profile: Profile = "",
    dry_run: DryRun = False,
    force: Force = False,
) -> None:
    """Start a Created experiment now, before its schedule, and wait until it runs.

    Example: inference-experiment start fraud-2

    Exit codes: 0 it runs, 1 it cannot be started, is not ours to start, or AWS refused, 2 the options are wrong.
    """
    from inference_experiment.model import ENDED  # noqa: PLC0415
    from inference_experiment_cli.operate.change import Change  # noqa: PLC0415
    from inference_experiment_cli.output import fail  # noqa: PLC0415
    from inference_experiment_cli.session import answering  # noqa: PLC0415

    with answering():
        settings = _settings(region, profile, dry_run=dry_run, timeout=timeout, interval=interval, force=force)
        change = Change.of(name, settings)
        if change.observed.status in ENDED:
            fail(f"{name} is {change.observed.status} and cannot be started again; create another under a new Name")
        _update(change, {"DesiredState": "Running"}, "")


def stop(
    name: Name,
    promote: Annotated[
        bool, typer.Option("--promote", help="The shadow variant becomes the production variant.")
    ] = False,
    retain: Annotated[
        bool, typer.Option("--retain", help="Both variants stay on the endpoint, and on the bill.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="The shadow variant goes; as at the end of its schedule. Default.")
    ] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="End as Cancelled, not as Completed.")] = False,
    reason: Annotated[str, typer.Option(help="Becomes the experiment's StatusReason.")] = "",
    timeout: Timeout = 3600.0,
    interval: Interval = 5.0,
    region: Region = "",
    profile: Profile = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    force: Force = False,
) -> None:
    """End a running experiment and wait for its end: promote the shadow variant, keep both, or remove the shadow.

    Examples: inference-experiment stop fraud-2 --promote --reason "2 % faster"; inference-experiment stop fraud-2 --yes

    Exit codes: 0 ended, 1 it does not run, is not ours to stop, or AWS refused, 2 the options are wrong.
    """
    from inference_experiment_cli.operate.change import Change  # noqa: PLC0415
    from inference_experiment_cli.output import fail  # noqa: PLC0415
    from inference_experiment_cli.session import answering  # noqa: PLC0415

    if promote + retain + remove > 1:
        raise UsageError("give one of --promote, --retain and --remove")
    with answering():
        settings = _settings(region, profile, dry_run=dry_run, timeout=timeout, interval=interval, yes=yes, force=force)
        change = Change.of(name, settings)
        found = change.observed.configuration
        if found is None or not found.shadow_variant:
            fail(f"SageMaker tells no shadow variant of {name}, so it cannot be said what is to happen to it")
        source, shadow = ("Remove", "Promote") if promote else ("Retain", "Retain" if retain else "Remove")
        more = {
            "DesiredState": "Cancelled" if cancel else "Completed",
            "ModelVariantActions": {found.source_variant: source, found.shadow_variant: shadow},
            "StatusReason": reason or "Stopped by inference-experiment stop",
        }
        outcome = {"Promote": "is promoted", "Retain": "stays on the endpoint", "Remove": "is removed"}[shadow]
        _update(change, more, f"{name} would end now; the shadow variant {found.shadow_variant} {outcome}. Go on?")


def delete(
    name: Name,
    timeout: Timeout = 3600.0,
    interval: Interval = 5.0,
    region: Region = "",
    profile: Profile = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    force: Force = False,
) -> None:
    """Delete an experiment; one that runs is stopped first, which leaves the endpoint as it was before the test.

    Example: inference-experiment delete fraud-2 --yes

    Exit codes: 0 gone, 1 there is none, it is not ours to delete, or AWS refused, 2 the options are wrong.
    """
    from inference_experiment.model import RequestType  # noqa: PLC0415
    from inference_experiment_cli.operate.change import Change  # noqa: PLC0415
    from inference_experiment_cli.session import answering  # noqa: PLC0415

    with answering():
        settings = _settings(region, profile, dry_run=dry_run, timeout=timeout, interval=interval, yes=yes, force=force)
        change = Change.of(name, settings)
        properties = {key: value for key, value in change.live.items() if key != "DesiredState"}
        properties["StatusReason"] = "Stopped by inference-experiment delete"
        question = f"{name} is running and would be stopped and deleted. Go on?"
        _report(change.apply(RequestType.DELETE, properties, question))
