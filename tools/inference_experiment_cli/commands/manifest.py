"""inference-experiment manifest: the options; convert/manifest.py does the work."""

from enum import StrEnum
from typing import Annotated

import typer

from inference_experiment.observed_properties import to_properties
from inference_experiment_cli.convert.target import Extent, Manifest
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.type_names import registry_name
from inference_experiment_cli.operate.gateway import CliGateway
from inference_experiment_cli.options import Profile, Region, RegistryTypes
from inference_experiment_cli.output import Format, print_value, write_file

DocumentFormat = StrEnum("DocumentFormat", ["YAML", "JSON"])


def manifest(  # noqa: PLR0913, PLR0917 - one parameter per option
    kind: Annotated[
        Manifest,
        typer.Option("--type", help="Template of the custom, native or registry type, or for StackQL."),
    ] = Manifest.CUSTOM,
    name: Annotated[str, typer.Option("--from", metavar="NAME", help="A live experiment to describe.")] = "",
    extent: Annotated[Extent, typer.Option("--properties", help="Without --from: which properties.")] = Extent.REQUIRED,
    logical_id: Annotated[str, typer.Option(metavar="ID", help="Logical ID of the experiment.")] = "Experiment",
    registry_type: RegistryTypes = None,
    region: Region = "",
    profile: Profile = "",
    output: Annotated[DocumentFormat, typer.Option("--format", help="Output format.")] = DocumentFormat.YAML,
) -> None:
    """Write a template or a StackQL manifest of an experiment.

    It describes a live experiment, or starts from scratch: then parameters stand for what only you know, and comments
    say what each property means.

    Examples:
      inference-experiment manifest --properties all -o template.yaml
      inference-experiment manifest --from fraud-2 --type native --format json

    Exit codes: 0 written, 1 no such experiment, 2 the options are wrong, 4 AWS failed.

    Documentation: docs/toolkit.md
    """
    if not (logical_id.isascii() and logical_id.isalnum()):
        raise UsageError(f"--logical-id {logical_id}: use letters and digits only")
    type_name = registry_name(registry_type)
    if registry_type and kind is not Manifest.REGISTRY:
        raise UsageError("--registry-type is for --type registry")
    live = None
    if name:
        gateway = CliGateway(region, profile)
        region = gateway.session.region_name
        observed, tags = gateway.describe_existing(name)
        live = to_properties(observed.details, tags)
    # Not before the first call.
    from inference_experiment_cli.convert.manifest import as_yaml, stackql, template  # noqa: PLC0415

    is_template = kind is not Manifest.STACKQL
    written = template(kind, logical_id, live, extent, type_name) if is_template else stackql(live, extent, region)
    if output is DocumentFormat.JSON:
        print_value(written, Format.JSON)
    else:
        write_file(None, as_yaml(written, comments=is_template and live is None))
