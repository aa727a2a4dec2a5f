"""inference-experiment demo: the options; demo/ does the work.

A command module is imported when its command is used (main.LazyCommand), so it imports all that it needs at its top,
but for what an extra brings.
"""

from pathlib import Path
from typing import Annotated

import typer

from inference_experiment_cli.extras import require_extras
from inference_experiment_cli.options import State


def demo(
    template: Annotated[
        Path | None,
        typer.Option("--template", "-t", help="Template. Default: the provider's, as init writes it."),
    ] = None,
    example: Annotated[
        Path | None, typer.Option(help="Template with a shadow test. Default: the example shadow-test.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the local AWS. Default: a free one.")
    ] = None,
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the stacks on a local AWS in the background: see local start.")
    ] = False,
    state: State = None,
) -> None:
    """Take a shadow test through its whole life on a local AWS.

    Lints and deploys it, changes it, promotes the shadow variant, and deletes it. Needs no account and no network, but
    the extra local, and captures for the comparison of predictions. The templates are those that init writes.

    Examples:
      inference-experiment demo
      inference-experiment demo --port 4566

    Exit codes: 0 done, 2 a file has errors or cannot be read, or the port is in use, 4 the local AWS failed.

    Documentation: docs/getting-started.md
    """
    require_extras("local")
    from inference_experiment_cli.demo.run import run_demo  # noqa: PLC0415 - it needs the extra

    run_demo(template, example, port, state, keep=keep)
