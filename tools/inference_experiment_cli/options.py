"""The options and arguments that several commands share: one name and one meaning each."""

from collections.abc import Callable
from dataclasses import fields
from enum import StrEnum
from functools import update_wrapper
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from inference_experiment_cli.errors import alternatives
from inference_experiment_cli.output import Format
from inference_experiment_cli.terminal import wide_lines
from inference_experiment_cli.usage_errors import did_you_mean

FILE_HELP = "JSON or YAML: a template, a resource's properties, or the API's form. - is the standard input."

File = Annotated[Path, typer.Argument(metavar="FILE", help=FILE_HELP)]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help=FILE_HELP)]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file", "-f", metavar="FILE", help="File to read. JSON or YAML: a template, properties, or the API's form."
    ),
]
OutputFile = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="File to write. Default: standard output.")
]
Output = Annotated[Format, typer.Option("--format", help="Output format.")]
Region = Annotated[str, typer.Option(metavar="REGION", help="AWS region. Default: AWS_REGION, or that of the profile.")]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        "--regions",  # its earlier name
        metavar="REGION",
        help="AWS region. Repeatable, or separated by commas; all stands for every region. "
        "Default: AWS_REGION, or that of the profile.",
    ),
]
Profile = Annotated[str, typer.Option(metavar="NAME", help="Profile of the AWS configuration.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", metavar="NAME=VALUE", help="Value of a template's parameter: NAME=VALUE. Repeatable."),
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
LogicalId = Annotated[
    str, typer.Option(metavar="ID", help="Logical ID of the experiment. Default: the only one of the file.")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the experiment.")]
Timeout = Annotated[float, typer.Option(min=1, metavar="SECONDS", help="Seconds to wait before giving up.")]
Interval = Annotated[float, typer.Option(min=0.01, metavar="SECONDS", help="Polling interval in seconds.")]
State = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder of the local AWS. Default: INFERENCE_EXPERIMENT_LOCAL_STATE, or below ~/.local/state.",
    ),
]
Wide = Annotated[bool, typer.Option("--wide", help="Do not fit tables and lines to the terminal.")]


def with_wide(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that prints for people by default, a table or text, with the option --wide; others as they are.

    The command itself has nothing to do with it: it is about what is printed while the command runs.
    """
    parameters = [*signature(command).parameters.values()]
    is_for_people = any(one.default in {"table", "text"} for one in parameters if isinstance(one.default, str))
    if not is_for_people or "wide" in signature(command).parameters:
        return command

    def run(*, wide: bool, **values: object) -> None:
        with wide_lines(wide=wide):
            command(**values)

    shown = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in parameters]
    return with_parameters(
        run, command, [*shown, Parameter("wide", Parameter.KEYWORD_ONLY, default=False, annotation=Wide)]
    )


def with_parameters(
    run: Callable[..., None], command: Callable[..., None], parameters: list[Parameter]
) -> Callable[..., None]:
    """Return a function that passes for a command with other parameters."""
    update_wrapper(run, command)
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined] # what Typer reads
    return run


def member(kind: type[StrEnum], text: str) -> StrEnum:
    """Return the member of an enumeration, in any letter case. Raises ValueError, which says what it can be."""
    found = next((each for each in kind if each.value.casefold() == text.casefold()), None)
    if found is None:
        values = [each.value for each in kind]
        raise ValueError(f"choose {alternatives(values)}{did_you_mean(text, values)}")
    return found


def choice(kind: type[StrEnum], metavar: str, description: str, *names: str) -> Any:  # noqa: ANN401 - Typer's
    """Return an option whose values are those of an enumeration, in any letter case."""
    values = [each.value for each in kind]

    def parse(text: str) -> StrEnum:
        try:
            return member(kind, text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    listed = f"One of {', '.join(values)}." if len(values) > 1 else f"Currently only {values[0]}."
    return typer.Option(*names, parser=parse, metavar=metavar, help=f"{description} {listed}")


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
        return with_parameters(run, command, parameters)

    return decorate
