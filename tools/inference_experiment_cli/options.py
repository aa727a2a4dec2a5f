"""The options and arguments that several commands share: one name and one meaning each."""

from pathlib import Path
from typing import Annotated

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
        metavar="REGION",
        help="A region, several (repeated, or separated by commas), or all. Default: AWS_REGION, or the profile's.",
    ),
]
# The earlier name of --region where it takes several.
OldRegions = Annotated[list[str] | None, typer.Option("--regions", hidden=True)]
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
LogicalId = Annotated[str, typer.Option(help="Logical ID of the experiment to use.")]
Name = Annotated[str, typer.Argument(help="Name of the experiment.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the calls without making them.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation before stopping a running experiment.")]
Force = Annotated[bool, typer.Option("--force", help="Change an experiment that belongs to a stack.")]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds to wait for the experiment to become stable.")]
Interval = Annotated[float, typer.Option(min=0.01, help="Polling interval in seconds.")]
