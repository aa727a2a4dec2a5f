"""The command inference-experiment. One module per sub-command; this one only puts them together.

Exit codes: 0 done, 1 something failed that the command was asked to do, 2 the command cannot be carried out as given.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from .errors import UsageError

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


@app.command()
def demo(
    template: Annotated[Path | None, typer.Option(help="SAM template of the provider. Default: template.yaml.")] = None,
    example: Annotated[
        Path | None, typer.Option(help="Template with a shadow test. Default: examples/shadow-test.yaml.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the local AWS. Default: a free one.")
    ] = None,
) -> None:
    """Lint a shadow test, deploy it on a local AWS, and take it through its whole life.

    Needs no account and no network. Example: inference-experiment demo --port 4566
    """
    from .demo import run_demo  # noqa: PLC0415 - the other commands do without the local AWS

    run_demo(template, example, port)


def main() -> None:
    """Run the command line; a failure that the user can cause is one line and an exit code, never a traceback."""
    try:
        app()
    except UsageError as error:
        sys.stderr.write(f"inference-experiment: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("inference-experiment: interrupted\n")
        sys.exit(130)
