"""inference-experiment query: the options; inventory/sql.py answers."""

from contextlib import closing
from typing import Annotated

import typer

from inference_experiment_cli.extras import require_extras
from inference_experiment_cli.inventory.describe import Inventory, open_regions
from inference_experiment_cli.inventory.sql import Engine, check_read_only, named_regions, needs_descriptions
from inference_experiment_cli.options import Output, Profile, Regions
from inference_experiment_cli.output import Format, print_rows


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT statement, in DuckDB's SQL.")],
    region: Regions = None,
    profile: Profile = "",
    output: Output = Format.TABLE,
) -> None:
    """Query experiments with SQL.

    The tables are inference_experiments and inference_experiments_list_only. Column names are those of the StackQL
    providers, snake case (awscc) or the API's (aws); their SELECT examples run with or without the provider prefix.
    Times are UTC timestamps, nested values JSON. Only SELECT is possible. Without --region, the regions of region =
    or IN are read. Needs the extra query.

    Examples: inference-experiment query "SELECT name, status FROM inference_experiments WHERE region = 'us-east-1'";
    inference-experiment query --region all "SELECT region, count(*) FROM inference_experiments_list_only GROUP BY 1"

    Exit codes: 0 answered, 2 the statement is refused, 4 a region failed (the rows come from the others).
    """
    require_extras("query")
    check_read_only(sql)
    session, chosen = open_regions(region or named_regions(sql), profile)
    inventory = Inventory(session, chosen, full=needs_descriptions(sql))
    with closing(Engine(inventory.counted(), full=inventory.full)) as engine:
        columns, rows = engine.ask(sql)
        print_rows(rows, columns, output)
    inventory.raise_failures()
