"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from inference_experiment_cli.output import Format

File = Annotated[
    Path,
    typer.Argument(
        help="JSON or YAML: a template, a resource's properties, or the API's form. - is the standard input."
    ),
]
Output = Annotated[Format, typer.Option("--format", help="How results are printed.")]
Region = Annotated[str, typer.Option(help="AWS region. Default: AWS_REGION, or that of the profile.")]
Profile = Annotated[str, typer.Option(help="Profile of the AWS configuration.")]
Parameters = Annotated[
    list[str] | None, typer.Option("--parameter", help="Value of a template's parameter: NAME=VALUE. Repeatable.")
]
LogicalId = Annotated[str, typer.Option(help="Which of a template's experiments is meant.")]
Name = Annotated[str, typer.Argument(help="Name of the experiment.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the calls that would be made, and make none.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before something that runs is ended.")]
Force = Annotated[bool, typer.Option("--force", help="Change an experiment that a stack owns.")]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds to wait for the experiment to become stable.")]
Interval = Annotated[float, typer.Option(min=0.01, help="Seconds between two looks.")]
