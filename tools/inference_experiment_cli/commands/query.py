"""inference-experiment query: the options; query_engine.py answers."""

from typing import Annotated

import typer

from inference_experiment_cli.options import Output, Profile
from inference_experiment_cli.output import Format, print_rows


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(query)


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT statement, in DuckDB's SQL.")],
    regions: Annotated[
        str | None,
        typer.Option(
            help="all, or names such as us-east-1,eu-west-1. Default: those of region = or IN, or your region."
        ),
    ] = None,
    profile: Profile = "",
    style: Output = Format.TABLE,
) -> None:
    """Ask experiments by SQL: tables inference_experiments and inference_experiments_list_only.

    Column names are those of the StackQL providers, snake case (awscc) or the API's (aws); their SELECT examples run
    with or without the provider prefix. Times are UTC timestamps, nested values JSON. Only SELECT is possible.
    Needs the extra query. Exit codes: 1 a region failed, the rows come from the others; 2 the statement is refused.

    Examples: inference-experiment query "SELECT name, status FROM inference_experiments WHERE region = 'us-east-1'";
    inference-experiment query --regions all "SELECT region, count(*) FROM inference_experiments_list_only GROUP BY 1"
    """
    from inference_experiment_cli.inventory.describe import Inventory, open_regions  # noqa: PLC0415 - --help does without
    from inference_experiment_cli.inventory.sql import Engine, check_read_only, named_regions, needs_descriptions  # noqa: PLC0415 - as above

    check_read_only(sql)
    session, chosen = open_regions(regions or ",".join(named_regions(sql)) or None, profile)
    inventory = Inventory(session, chosen, full=needs_descriptions(sql))
    with Engine(inventory.counted(), full=inventory.full) as engine:
        answer = engine.ask(sql)
        print_rows(answer.rows, answer.columns, style)
    inventory.report_failures()
