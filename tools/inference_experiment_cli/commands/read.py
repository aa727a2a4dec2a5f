"""inference-experiment get, list and watch: the options; inventory/listing.py and operate/watch.py do the work."""

# Typer makes an option of every parameter.
# ruff: noqa: FBT002, PLR0913, PLR0917

from enum import StrEnum
from typing import Annotated

import typer

from inference_experiment.model import Status
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inventory.describe import Inventory, open_regions
from inference_experiment_cli.inventory.listing import (
    FULL_COLUMNS,
    IDENTIFIERS,
    SUMMARY_COLUMNS,
    TABLE_COLUMNS,
    filters,
    row,
)
from inference_experiment_cli.inventory.properties import full_record
from inference_experiment_cli.operate.gateway import CliGateway
from inference_experiment_cli.operate.ownership import by_tags
from inference_experiment_cli.operate.watch import follow
from inference_experiment_cli.options import Interval, Name, OldRegions, Output, Profile, Region, Regions, Timeout
from inference_experiment_cli.output import Format, note, print_rows, print_value
from inference_experiment_cli.session import open_session

SortBy = StrEnum("SortBy", {"NAME": "Name", "CREATION_TIME": "CreationTime", "STATUS": "Status"})
SortOrder = StrEnum("SortOrder", {"ASCENDING": "Ascending", "DESCENDING": "Descending"})
Moment = Annotated[str, typer.Option(metavar="TIME", help="ISO 8601 with a zone: 2030-01-31T08:00:00Z.")]


def get(name: Name, region: Region = "", profile: Profile = "", output: Output = Format.TABLE) -> None:
    """Show everything about one experiment.

    That is every property of the native type, and what the native type hides: the status of each variant, the reason
    of a failure, the end, all tags, and the owner.

    Example: inference-experiment get shop-fraud-1 --format yaml

    Exit codes: 0 found, 1 no such experiment, 2 the options are wrong, 4 AWS failed.
    """
    session = open_session(region, profile)
    observed, tags = CliGateway().describe_existing(name, session.region_name)
    owner = by_tags(name, tags)
    print_value(full_record(observed.details, tags, session.region_name, owner.text if owner else ""), output)


def list_experiments(
    name_contains: Annotated[str, typer.Option(help="Part of the name.")] = "",
    status: Annotated[str, typer.Option(help="Filter by status, for example Running.")] = "",
    kind: Annotated[str, typer.Option("--type", help="Filter by type (currently only ShadowMode).")] = "",
    created_after: Moment = "",
    created_before: Moment = "",
    modified_after: Moment = "",
    modified_before: Moment = "",
    sort_by: Annotated[SortBy | None, typer.Option(help="Order within a region.")] = None,
    sort_order: Annotated[SortOrder | None, typer.Option(help="Direction of the order.")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Describe each: every property, tags and the variants' statuses.")
    ] = False,
    identifiers: Annotated[bool, typer.Option("--identifiers", help="Region and name only.")] = False,
    region: Regions = None,
    regions: OldRegions = None,
    profile: Profile = "",
    output: Output = Format.TABLE,
) -> None:
    """List the experiments of one or several regions.

    All pages are read. Rows are printed as they arrive: sorted within a region, regions mixed. A region that fails is
    reported on standard error after the rows of the others.

    Examples: inference-experiment list --region all --status Running; inference-experiment list --full --format csv

    Exit codes: 0 all regions answered, 2 the options are wrong, 4 a region failed.
    """
    if full and identifiers:
        raise UsageError("pass --full or --identifiers, not both")
    wanted = filters(
        {
            "NameContains": name_contains,
            "StatusEquals": status,
            "Type": kind,
            "CreationTimeAfter": created_after,
            "CreationTimeBefore": created_before,
            "LastModifiedTimeAfter": modified_after,
            "LastModifiedTimeBefore": modified_before,
            "SortBy": sort_by and sort_by.value,
            "SortOrder": sort_order and sort_order.value,
        }
    )
    session, names = open_regions([*(region or ()), *(regions or ())], profile)
    inventory = Inventory(session, names, full=full, filters=wanted)
    summary = TABLE_COLUMNS if output is Format.TABLE else SUMMARY_COLUMNS
    columns = FULL_COLUMNS if full else IDENTIFIERS if identifiers else summary
    print_rows((row(experiment, full=full) for experiment in inventory.counted()), columns, output)
    if len(names) > 1:
        note(f"{len(names) - len(inventory.failures)} of {len(names)} regions answered")
    inventory.raise_failures()


def watch(
    name: Name,
    until: Annotated[str, typer.Option(help="Continue until this status. Default: until it is stable.")] = "",
    interval: Interval = 5.0,
    timeout: Timeout = 86_400.0,
    region: Region = "",
    profile: Profile = "",
    output: Output = Format.TABLE,
) -> None:
    """Follow an experiment until it is stable.

    Prints a line per change of its status, its variants or its endpoint, and at the end how long each status lasted.

    Examples: inference-experiment watch shop-fraud-1; inference-experiment watch shop-fraud-1 --until Completed

    Exit codes: 0 stable, or in the status of --until, 1 cancelled, deleted, ended in another status, or --timeout
    expired, 2 the options are wrong, 4 AWS failed.
    """
    if until and until not in list(Status):
        raise UsageError(f"--until {until}: choose one of {', '.join(Status)}")
    session = open_session(region, profile)
    gateway = CliGateway()
    gateway.describe_existing(name, session.region_name)
    wanted = Status(until) if until else None
    follow(lambda: gateway.describe_inference_experiment(name), name, wanted, interval, timeout, output)
