"""inference-experiment convert: the options; conversion.py does the work."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from inference_experiment_cli.convert.target import Target
from inference_experiment_cli.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(convert)


def convert(
    file: Annotated[Path, typer.Argument(help="A template, JSON or YAML. - is the standard input.")],
    to: Annotated[Target, typer.Option(help="The type to convert to.")],
    service_token: Annotated[
        str, typer.Option(help="ServiceToken of the custom type: an ARN, or a function as YAML writes it.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. Default: standard output.")
    ] = None,
) -> None:
    """Convert a template's experiments between the native and the custom type.

    The text is edited in place: comments, order, quotes and functions stay as they are. What the other type does
    otherwise is told on the standard error, with its line.

    Examples: inference-experiment convert native.yaml --to custom > custom.yaml;
    inference-experiment convert custom.yaml --to native -o native.yaml

    Exit codes: 0 converted, 2 there is nothing to convert, or the file is wrong.
    """
    from inference_experiment_cli.convert.converter import DEFAULT_TOKEN, Converter  # noqa: PLC0415
    from inference_experiment_cli.inputs.documents import read_document  # noqa: PLC0415
    from inference_experiment_cli.output import note  # noqa: PLC0415

    if service_token and to is Target.NATIVE:
        raise UsageError("--service-token is of the custom type; the native type has none")
    document = read_document(file)
    converter = Converter(document, to, service_token or DEFAULT_TOKEN)
    text = converter.convert()
    for one in converter.notes:
        note(f"{document.name}:{one.line}: {one.text}")
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"{output}: cannot be written: {error.strerror}") from error
