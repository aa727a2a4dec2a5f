"""-o FILE: the results of a command in a file, whose name implies the format."""

# Contexts, commands and parameters are Typer's or Click's, by Typer's version.
# ruff: noqa: ANN401

import contextlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from inspect import Parameter
from pathlib import Path
from typing import Any, Final, get_args

import typer

from inference_experiment_cli.errors import UsageError, alternatives
from inference_experiment_cli.help_page import choices_of
from inference_experiment_cli.options import OutputFile, with_parameters
from inference_experiment_cli.output_file import is_standard_output, replaced

FORMATS: Final = {
    ".csv": "csv",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".sarif": "sarif",
    ".xml": "junit",
    ".yaml": "yaml",
    ".yml": "yaml",
}
"""The format that the suffix of a file's name implies."""


def imply_format(context: Any) -> None:
    """Set --format by the suffix of -o FILE, unless it was passed. Raises UsageError for a format that is not there."""
    options = {name: each for each in context.command.params for name in each.opts}
    style, output = options.get("--format"), options.get("--output")
    if style is None or output is None or context.get_parameter_source(style.name).name != "DEFAULT":
        return
    written = context.params.get(output.name)
    for each in written if isinstance(written, list | tuple) else [written]:
        name = str(each or "")
        implied = FORMATS.get(Path(name).suffix.lower())
        if implied is None or name.startswith("s3://"):
            continue
        choices = choices_of(style)
        if implied not in choices:
            raise UsageError(
                f"--output {name}: {implied} is not a format of this command; choose {alternatives(choices)}"
            )
        context.params[style.name] = style.process_value(context, implied)


def with_output_file(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with -o FILE, where it has --format and no option of that name or letter yet."""
    parameters = [*inspect.signature(command).parameters.values()]
    names = {name for each in parameters for name in _names(each)}
    if "--format" not in names or names & {"--output", "-o"}:
        return command

    def run(*, to_file: Path | None, **values: object) -> None:
        with output_to(to_file):
            command(**values)

    added = Parameter("to_file", Parameter.KEYWORD_ONLY, default=None, annotation=OutputFile)
    parameters = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in parameters] + [added]
    return with_parameters(run, command, parameters)


def _names(parameter: Parameter) -> Sequence[str]:
    """Return the names of an option; the first of them is the `default` of Typer's description."""
    described = [each for each in get_args(parameter.annotation) if hasattr(each, "param_decls")]
    return [name for each in described for name in (each.default, *(each.param_decls or ())) if isinstance(name, str)]


@contextlib.contextmanager
def output_to(path: Path | None) -> Iterator[None]:
    """Write standard output to a file; without a path, or with -, where it goes already. Raises UsageError.

    The results of a command that fails later are kept; one that fails before it prints leaves the file as it was.
    """
    if path is None or is_standard_output(path):
        yield
        return
    result: Exception | None = None
    with (
        replaced(path) as new,
        new.open("w", encoding="utf-8", newline="") as stream,
        contextlib.redirect_stdout(stream),
    ):
        try:
            yield
        except Exception as error:
            if not isinstance(error, typer.Exit) and stream.seekable() and not stream.tell():
                raise
            result = error
    if result is not None:
        raise result
