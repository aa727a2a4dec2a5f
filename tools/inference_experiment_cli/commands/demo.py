"""inference-experiment demo: the options; demo.py does the work.

A command module registers its commands and imports what they need when they run: --help stays fast.
"""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


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
    from inference_experiment_cli.demo.run import run_demo  # noqa: PLC0415 - the other commands do without the local AWS

    run_demo(template, example, port)
