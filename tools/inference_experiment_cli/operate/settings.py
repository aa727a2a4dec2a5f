"""The options of every command that changes a live experiment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from inference_experiment_cli.options import Interval, Output, Profile, Region, Timeout
from inference_experiment_cli.output import Format, print_value


@dataclass(frozen=True)
class Settings:
    """The options that every change has."""

    timeout: Timeout = 3600.0
    interval: Interval = 5.0
    region: Region = ""
    profile: Profile = ""
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the calls without making them.")] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation before a stop or a deletion.")] = False
    force: Annotated[bool, typer.Option("--force", help="Change an experiment that belongs to a stack.")] = False
    output: Output = Format.TABLE

    def print_record(self, record: Mapping[str, Any]) -> None:
        """Print the experiment after the change."""
        print_value(record, self.output)
