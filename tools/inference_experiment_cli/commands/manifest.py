"""inference-experiment manifest: the options; manifest.py does the work."""

# Typer makes an option of every parameter.

import sys
from typing import Annotated

import typer

from inference_experiment_cli.convert.target import Extent, Manifest
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.options import Profile, Region
from inference_experiment_cli.output import Format


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(manifest)


def manifest(
    kind: Annotated[
        Manifest, typer.Option("--type", help="Template of the custom or the native type, or for StackQL.")
    ] = Manifest.CUSTOM,
    name: Annotated[str, typer.Option("--from", metavar="NAME", help="A live experiment to describe.")] = "",
    extent: Annotated[Extent, typer.Option("--properties", help="Without --from: which properties.")] = Extent.REQUIRED,
    logical_id: Annotated[str, typer.Option(help="Logical id of the resource.")] = "Experiment",
    region: Region = "",
    profile: Profile = "",
    output: Annotated[Format, typer.Option("--format", help="yaml or json.")] = Format.YAML,
) -> None:
    """Write a template or a StackQL-style manifest, from a live experiment or from scratch.

    A template from scratch asks for what only you know by parameters, and says what each property means.

    Examples: inference-experiment manifest --properties all > template.yaml;
    inference-experiment manifest --from fraud-2 --type native --format json

    Exit codes: 0 written, 1 no such experiment, or AWS refused, 2 the options are wrong.
    """
    from inference_experiment_cli.convert.manifest import as_json, as_yaml, stackql, template  # noqa: PLC0415

    if output not in (Format.YAML, Format.JSON):
        raise UsageError(f"--format {output.value}: a manifest is yaml or json")
    if not (logical_id.isascii() and logical_id.isalnum()):
        raise UsageError(f"--logical-id {logical_id}: letters and digits only")
    live = None
    if name:
        from inference_experiment_cli.inventory.properties import properties_of  # noqa: PLC0415
        from inference_experiment_cli.operate.gateway import DeskGateway, existing  # noqa: PLC0415
        from inference_experiment_cli.session import answering, open_session  # noqa: PLC0415

        session = open_session(region, profile)
        region = session.region_name
        with answering():
            observed, tags = existing(DeskGateway(), name, region)
            live = properties_of(observed.details, tags)
    made = stackql(live, extent, region) if kind is Manifest.STACKQL else template(kind, logical_id, live, extent)
    scratch = live is None and kind is not Manifest.STACKQL
    sys.stdout.write(as_yaml(made, comments=scratch) if output is Format.YAML else as_json(made))
