"""inference-experiment get, list and watch: the options; listing.py and watching.py do the work."""

# Typer makes an option of every parameter.
# ruff: noqa: FBT002, PLR0913, PLR0917

from enum import StrEnum
from typing import Annotated

import typer

from inference_experiment_cli.options import Interval, Name, Output, Profile, Region, Timeout
from inference_experiment_cli.output import Format


class SortBy(StrEnum):
    """What SageMaker can sort by."""

    NAME = "Name"
    CREATION_TIME = "CreationTime"
    STATUS = "Status"


class SortOrder(StrEnum):
    """Directions."""

    ASCENDING = "Ascending"
    DESCENDING = "Descending"


Moment = Annotated[str, typer.Option(metavar="TIME", help="ISO 8601 with a zone: 2030-01-31T08:00:00Z.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(get)
    app.command(name="list")(list_experiments)
    app.command()(watch)


def get(name: Name, region: Region = "", profile: Profile = "", output: Output = Format.TABLE) -> None:
    """Show everything about one experiment.

    That is every property of the native type, and what the native type hides: the status of each variant, the reason
    of a failure, the end, all tags, and who owns it.

    Example: inference-experiment get shop-fraud-1 --format yaml

    Exit codes: 0 found, 1 not found, or AWS refused, 2 the options are wrong.
    """
    from inference_experiment_cli.inventory.properties import everything  # noqa: PLC0415
    from inference_experiment_cli.operate.gateway import DeskGateway, existing  # noqa: PLC0415
    from inference_experiment_cli.operate.ownership import by_tags  # noqa: PLC0415
    from inference_experiment_cli.output import print_value  # noqa: PLC0415
    from inference_experiment_cli.session import answering, open_session  # noqa: PLC0415

    session = open_session(region, profile)
    with answering():
        observed, tags = existing(DeskGateway(), name, session.region_name)
        owner = by_tags(name, tags)
        print_value(everything(observed.details, tags, session.region_name, owner.text if owner else ""), output)


def list_experiments(
    name_contains: Annotated[str, typer.Option(help="Part of the name.")] = "",
    status: Annotated[str, typer.Option(help="One status, for example Running.")] = "",
    kind: Annotated[str, typer.Option("--type", help="One type; there is ShadowMode.")] = "",
    created_after: Moment = "",
    created_before: Moment = "",
    modified_after: Moment = "",
    modified_before: Moment = "",
    sort_by: Annotated[SortBy | None, typer.Option(help="Order within a region.")] = None,
    sort_order: Annotated[SortOrder | None, typer.Option(help="Direction of the order.")] = None,
    regions: Annotated[str, typer.Option(help="all, or names such as us-east-1,eu-west-1. Default: your region.")] = "",
    full: Annotated[
        bool, typer.Option("--full", help="Describe each: every property, tags and variants' statuses.")
    ] = False,
    identifiers: Annotated[bool, typer.Option("--identifiers", help="Region and name only.")] = False,
    region: Region = "",
    profile: Profile = "",
    output: Output = Format.TABLE,
) -> None:
    """List experiments: all pages, of one region or of many at once.

    Rows are printed as they arrive: sorted within a region, regions mixed. A region that fails is reported on the
    standard error, and the others are kept.

    Examples: inference-experiment list --regions all --status Running; inference-experiment list --full --format csv

    Exit codes: 0 all regions answered, 1 at least one did not, 2 the options are wrong.
    """
    from inference_experiment_cli.errors import UsageError  # noqa: PLC0415
    from inference_experiment_cli.inventory.describe import open_regions  # noqa: PLC0415
    from inference_experiment_cli.inventory.listing import IDENTIFIERS, SHOWN, SUMMARY, Listing, filters, row  # noqa: PLC0415
    from inference_experiment_cli.inventory.properties import everything  # noqa: PLC0415
    from inference_experiment_cli.output import note, print_rows  # noqa: PLC0415

    if full and identifiers:
        raise UsageError("give --full or --identifiers, not both")
    given = filters(
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
    session, names = open_regions(regions or region or None, profile)
    listing = Listing(session, names, full=full, filters=given)
    short = IDENTIFIERS if identifiers else (SHOWN if output is Format.TABLE else SUMMARY)
    columns = tuple(everything({}, {}, "", "")) if full else short
    print_rows((row(one, full=full) for one in listing.counted()), columns, output)
    if len(listing.regions) > 1:
        note(f"{len(listing.regions) - len(listing.failures)} of {len(listing.regions)} regions answered")
    listing.report_failures()


def watch(
    name: Name,
    until: Annotated[str, typer.Option(help="Go on until this status. Default: until it is stable.")] = "",
    interval: Interval = 5.0,
    timeout: Timeout = 86_400.0,
    region: Region = "",
    profile: Profile = "",
    output: Output = Format.TABLE,
) -> None:
    """Follow an experiment's status, its variants and its endpoint, until it is stable.

    Prints a line per change, and at the end how long each status showed.

    Examples: inference-experiment watch shop-fraud-1; inference-experiment watch shop-fraud-1 --until Completed

    Exit codes: 0 stable, or as wanted, 1 it is cancelled, gone, ended otherwise, or the time is up, 2 the options are
    wrong.
    """
    from inference_experiment.model import Status  # noqa: PLC0415
    from inference_experiment_cli.errors import UsageError  # noqa: PLC0415
    from inference_experiment_cli.operate.gateway import DeskGateway, existing  # noqa: PLC0415
    from inference_experiment_cli.operate.watch_view import follow  # noqa: PLC0415
    from inference_experiment_cli.session import answering, open_session  # noqa: PLC0415

    if until and until not in list(Status):
        raise UsageError(f"--until {until}: choose one of {', '.join(Status)}")
    session = open_session(region, profile)
    with answering():
        gateway = DeskGateway()
        existing(gateway, name, session.region_name)
        wanted = Status(until) if until else None
        follow(lambda: gateway.describe_inference_experiment(name), name, wanted, interval, timeout, output)
