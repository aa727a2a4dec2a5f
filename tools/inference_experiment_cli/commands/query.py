"""inference-experiment query: the options; sql/ reads, answers and changes."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.extras import require_extras
from inference_experiment_cli.inputs.documents import read_text
from inference_experiment_cli.inputs.parameters import given_parameters
from inference_experiment_cli.operate.settings import Settings
from inference_experiment_cli.options import Output, ParameterFiles, Parameters, Regions, with_options_of
from inference_experiment_cli.output import Format, print_rows
from inference_experiment_cli.sql.engine import Answer
from inference_experiment_cli.sql.execute import execute
from inference_experiment_cli.sql.reading import Reader
from inference_experiment_cli.sql.show import show
from inference_experiment_cli.sql.statement import CHANGES, Kind, read_statement
from inference_experiment_cli.terminal import decoded

READ_SECONDS = 300.0


@with_options_of(Settings, "region", "timeout", "output")
def query(  # noqa: PLR0913 - one parameter per option
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One statement.")] = "",
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", "-f", metavar="FILE", help="File to read. It contains the statement; - is the standard input."
        ),
    ] = None,
    region: Regions = None,
    parameter: Parameters = None,
    parameter_file: ParameterFiles = None,
    write: Annotated[bool, typer.Option("--write", help="Allow INSERT, UPDATE and DELETE.")] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="SECONDS",
            help="Seconds to wait before giving up. Default: 300 for a SELECT, 3600 for a change.",
        ),
    ] = None,
    output: Output = Format.TABLE,
    options: Settings,
) -> None:
    r"""Query experiments with SQL, and change them.

    SELECT is DuckDB's. The tables are inference_experiments, inference_experiments_list_only and
    sagemaker_inference_experiment, also with the prefixes of StackQL's providers; SHOW TABLES, SHOW METHODS IN and
    DESCRIBE list them without an account. Columns are in snake case or in the API's spelling. Without --region, the
    regions that the statement names are read. --parameter fills placeholders such as '{{ name }}'.

    INSERT, UPDATE and DELETE change one experiment with the checks and confirmations of create, update and delete;
    they need --write, or --dry-run. Needs the extra query.

    Examples:
      inference-experiment query "SELECT name, status FROM inference_experiments"
      inference-experiment query --region all -o regions.csv \
          "SELECT region, count(*) FROM inference_experiments GROUP BY region"
      inference-experiment query --write \
          "DELETE FROM inference_experiments WHERE Identifier = 'fraud-2'"

    Exit codes: 0 answered or done, 1 a change is not possible, 2 the statement is refused, 4 a region failed (the rows
    come from the others) or time is up.

    Documentation: docs/inventory.md
    """
    require_extras("query")
    if bool(sql) == (file is not None):
        raise UsageError("pass a statement, or -f FILE")
    source, text = read_text(file) if file is not None else ("SQL", decoded(sql))
    values = given_parameters(parameter, parameter_file)
    statement = read_statement(text, values)
    reader = Reader(region or [], options.profile, timeout or READ_SECONDS)
    if statement.kind in CHANGES:
        if not (write or options.dry_run):
            raise UsageError(f"{statement.kind} changes experiments: pass --write, or --dry-run to see the calls")
        from inference_experiment_cli.sql.changes import Changer  # noqa: PLC0415 - with all about plans, slow to import

        settings = replace(options, timeout=timeout or Settings.timeout, output=output)
        _print(Changer(reader, settings, source, values).apply(statement), output)
    elif statement.kind in (Kind.SHOW, Kind.DESCRIBE):
        _print(show(statement), output)
    else:
        answer, inventory = (execute if statement.kind is Kind.EXEC else Reader.answer)(reader, statement)
        _print(answer, output)
        if inventory:
            inventory.raise_failures()


def _print(answer: Answer | None, output: Format) -> None:
    if answer is not None:
        print_rows(answer.records(), answer.keys(), output, headers=answer.columns)
