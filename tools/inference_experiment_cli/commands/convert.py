"""inference-experiment convert: the options; convert/ does the work."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cfn_template.documents import looks_like_json
from inference_experiment_cli.convert.converter import DEFAULT_TOKEN, Converter
from inference_experiment_cli.convert.manifest import as_yaml, from_stackql
from inference_experiment_cli.convert.target import Target
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.documents import parse_document, read_text
from inference_experiment_cli.inputs.stackql import is_manifest, quote_placeholders
from inference_experiment_cli.inputs.type_names import registry_name, registry_types
from inference_experiment_cli.options import OutputFile, RegistryTypes
from inference_experiment_cli.output import note, write_file


def convert(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A template, JSON or YAML. - is the standard input.")],
    to: Annotated[Target, typer.Option(help="The type to convert to.")],
    service_token: Annotated[
        str,
        typer.Option(
            metavar="ARN|FUNCTION",
            help="ServiceToken, an ARN or a function as YAML writes it. Default: that of the template, or the import.",
        ),
    ] = "",
    *,
    registry_type: RegistryTypes = None,
    keep_logical_id: Annotated[
        bool, typer.Option("--keep-logical-id", help="Keep logical ID and Name: the template was never deployed.")
    ] = False,
    output: OutputFile = None,
) -> None:
    """Convert templates between the native, the custom and the registry type.

    The text of a template is edited in place: comments, order, quotes and functions stay as they are. The resource
    gets another logical ID and Name, since CloudFormation cannot change the type of a deployed resource; references
    follow. What is renamed and why, and differences between the types, are reported on standard error, with their
    line. A StackQL manifest becomes a template, and its placeholders the parameters.

    Examples:
      inference-experiment convert native.yaml --to custom -o custom.yaml
      inference-experiment convert custom.yaml --to native
      inference-experiment convert custom.yaml --to registry -o registry.yaml

    Exit codes: 0 converted, or of that type already, 2 there is nothing to convert, or the file is wrong.

    Documentation: docs/convert.md
    """
    if service_token and to is not Target.CUSTOM:
        raise UsageError(f"--service-token is of the custom type; the {to} type has none")
    names = (registry_name(registry_type), registry_types(registry_type))
    name, text = read_text(file)
    document = parse_document(quote_placeholders(text), name)
    if is_manifest(document.value):
        made = from_stackql(document, to, service_token or DEFAULT_TOKEN, names[0])
        is_json = looks_like_json(document.text)
        write_file(output, json.dumps(made, indent=2) + "\n" if is_json else as_yaml(made, comments=False))
        return
    converter = Converter(document, to, service_token, keep_logical_id, *names)
    text = converter.convert()
    for remark in converter.notes:
        note(remark)
    write_file(output, text)
