"""The options and arguments that several commands share: one name and one meaning each."""

from collections.abc import Callable
from dataclasses import fields
from functools import update_wrapper
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from inference_experiment_cli.output import Format

FILE_HELP = "JSON or YAML: a template, a resource's properties, or the API's form. - is the standard input."

File = Annotated[Path, typer.Argument(help=FILE_HELP)]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help=FILE_HELP)]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", "-f", metavar="FILE", help="JSON or YAML: a template, properties, or the API's form."),
]
OutputFile = Annotated[Path | None, typer.Option("--output", "-o", help="File to write. Default: standard output.")]
Output = Annotated[Format, typer.Option("--format", help="Format of the results.")]
Region = Annotated[str, typer.Option(help="AWS region. Default: AWS_REGION, or that of the profile.")]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        "--regions",  # its earlier name
        metavar="REGION",
        help="A region, several (repeated, or separated by commas), or all. Default: AWS_REGION, or the profile's.",
    ),
]
Profile = Annotated[str, typer.Option(help="Profile of the AWS configuration.")]
Parameters = Annotated[
    list[str] | None, typer.Option("--parameter", help="Value of a template's parameter: NAME=VALUE. Repeatable.")
]
ParameterFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter-file",
        metavar="FILE",
        help="Parameter values of CloudFormation, CodePipeline or SAM (samconfig.toml or samconfig.toml:ENV).",
    ),
]
RegistryTypes = Annotated[
    list[str] | None,
    typer.Option(
        "--registry-type",
        metavar="NAME",
        help="Another name of the registry type ShadowTests::SageMaker::InferenceExperiment. Repeatable.",
    ),
]
LogicalId = Annotated[str, typer.Option(help="Logical ID of the experiment to use.")]
Name = Annotated[str, typer.Argument(help="Name of the experiment.")]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds to wait for the experiment to become stable.")]
Interval = Annotated[float, typer.Option(min=0.01, help="Polling interval in seconds.")]


def with_options_of(
    group: type[Any], *omitted: str, parameter: str = "options"
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator of commands: a parameter becomes an option for each field of a dataclass."""
    kind = Parameter.KEYWORD_ONLY
    chosen = [one for one in fields(group) if one.name not in omitted]
    shared = [Parameter(one.name, kind, default=one.default, annotation=one.type) for one in chosen]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(**values: object) -> None:
            command(**{parameter: group(**{one.name: values.pop(one.name) for one in shared})}, **values)

        parameters: list[Parameter] = []
        for one in signature(command).parameters.values():
            parameters += shared if one.name == parameter else [one.replace(kind=kind)]
        update_wrapper(run, command)
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        run.__signature__ = Signature(parameters)  # type: ignore[attr-defined] # what Typer reads
        return run

    return decorate
