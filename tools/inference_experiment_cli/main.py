"""The command inference-experiment. One module per sub-command; this one only puts them together.

Exit codes: 0 done, 1 something failed that the command was asked to do, 2 the command cannot be carried out as given.
"""

import os
import sys
from typing import Annotated

import typer

from inference_experiment_cli.commands import convert as convert_command
from inference_experiment_cli.commands import demo as demo_command
from inference_experiment_cli.commands import export as export_command
from inference_experiment_cli.commands import lint as lint_command
from inference_experiment_cli.commands import manifest as manifest_command
from inference_experiment_cli.commands import plan as plan_command
from inference_experiment_cli.commands import policy as policy_command
from inference_experiment_cli.commands import query as query_command
from inference_experiment_cli.commands import read as read_commands
from inference_experiment_cli.commands import report as report_command
from inference_experiment_cli.commands import validate as validate_command
from inference_experiment_cli.commands import write as write_commands
from inference_experiment_cli.errors import UsageError

app = typer.Typer(
    name="inference-experiment",
    help="SageMaker shadow tests as code: try, lint and inspect them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool | None) -> None:  # noqa: FBT001 - Typer calls it with the option's value
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - only this option needs it

        typer.echo(version("cfn-inference-experiment"))
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool | None,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = None,
) -> None:
    """Hold the options that stand before a sub-command; their callbacks do the work."""


for command in (
    demo_command,
    lint_command,
    policy_command,
    export_command,
    query_command,
    report_command,
    validate_command,
    plan_command,
    read_commands,
    write_commands,
    manifest_command,
    convert_command,
):
    command.register(app)


def main() -> None:
    """Run the command line; a failure that the user can cause is one line and an exit code, never a traceback."""
    try:
        app()
    except UsageError as error:
        sys.stderr.write(f"inference-experiment: {error}\n")
        sys.exit(2)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.stderr.write("inference-experiment: interrupted\n")
        sys.exit(130)
