"""inference-experiment list: the options; inventory/listing.py has the filters and the rows."""

from typing import Annotated

import typer

from inference_experiment_cli.errors import check_exclusive
from inference_experiment_cli.inventory.describe import Inventory, open_regions
from inference_experiment_cli.inventory.listing import (
    FULL_COLUMNS,
    IDENTIFIERS,
    LEAST_COLUMNS,
    SUMMARY_COLUMNS,
    TABLE_COLUMNS,
    Filters,
    row,
)
from inference_experiment_cli.options import Output, Profile, Regions, with_options_of
from inference_experiment_cli.output import Format, note, print_rows


@with_options_of(Filters)
def list(  # noqa: A001 - each function has its command's name
    *,
    options: Filters,
    full: Annotated[
        bool, typer.Option("--full", help="Describe each: every property, tags and the variants' statuses.")
    ] = False,
    identifiers: Annotated[bool, typer.Option("--identifiers", help="Region and name only.")] = False,
    region: Regions = None,
    profile: Profile = "",
    output: Output = Format.TABLE,
) -> None:
    """List the experiments of one or several regions.

    All pages are read. Rows are printed as they arrive: sorted within a region, regions mixed. A region that fails is
    reported on standard error after the rows of the others.

    Examples:
      inference-experiment list --region all --status Running
      inference-experiment list --full -o experiments.csv

    Exit codes: 0 all regions answered, 2 the options are wrong, 4 a region failed.

    Documentation: docs/manage.md
    """
    check_exclusive({"--full": full, "--identifiers": identifiers})
    filters = options.arguments()
    session, names = open_regions(region or (), profile)
    inventory = Inventory(session, names, full=full, filters=filters)
    summary = TABLE_COLUMNS if output is Format.TABLE else SUMMARY_COLUMNS
    columns = FULL_COLUMNS if full else IDENTIFIERS if identifiers else summary
    rows = (row(experiment, full=full) for experiment in inventory.counted())
    print_rows(rows, columns, output, optional=[name for name in columns if name not in LEAST_COLUMNS])
    if len(names) > 1:
        note(f"{len(names) - len(inventory.failures)} of {len(names)} regions answered")
    inventory.raise_failures()
