"""SQL over experiments: an in-memory DuckDB that can read what is put into it and nothing else.

The tables are inference_experiments and inference_experiments_list_only, bare or as aws.sagemaker.* and
awscc.sagemaker.*, so that the SELECT examples of the StackQL providers run as they are documented. Those spell the
columns in two ways; a statement that does not bind to the one is tried with the other.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from inference_experiment.observed_properties import timestamp
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inventory.describe import REGION, DescribedExperiment
from inference_experiment_cli.inventory.records import AWS, AWSCC, aws_row, awscc_row
from inference_experiment_cli.inventory.writers import duckdb_module

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

TABLE: Final = "inference_experiments"
LIST_ONLY: Final = "inference_experiments_list_only"
SCHEMAS: Final = ("memory.main", "aws.sagemaker", "awscc.sagemaker")
INSERT_BATCH_ROWS: Final = 500
REGION_CONDITION: Final = re.compile(r"\bregion\s*(?:=\s*('[^']*')|IN\s*\(([^)]*)\))", re.IGNORECASE)
# Literals, quoted names and comments stand first so that nothing inside them is taken for the pseudo-column.
PSEUDO_COLUMN: Final = re.compile(
    r"""('(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/)|\b(?:data__)?Identifier\b""", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class Table:
    """A stored table: its columns with their types, and how to make a row of an experiment."""

    name: str
    types: Mapping[str, str]
    row: Callable[[DescribedExperiment], Mapping[str, Any]]


def _name_row(experiment: DescribedExperiment) -> Mapping[str, Any]:
    return {"region": experiment.region, "name": experiment.members["Name"]}


NAMES: Final = Table("names", {"region": "VARCHAR", "name": "VARCHAR"}, _name_row)
# The two ways to name the columns.
SPELLINGS: Final = (Table("snake", AWSCC, awscc_row), Table("api", AWS, aws_row))
TABLES: Final = (NAMES, *SPELLINGS)


def needs_descriptions(sql: str) -> bool:
    """Return whether a statement reads more than names and regions."""
    return re.search(rf"\b{TABLE}\b", sql, re.IGNORECASE) is not None


def named_regions(sql: str) -> list[str]:
    """Return the regions that a statement names: region = '...' or region IN (...)."""
    conditions = (one or several for one, several in REGION_CONDITION.findall(sql))
    literals = [text for condition in conditions for text in re.findall(r"'([^']*)'", condition)]
    return list(dict.fromkeys(text for text in literals if REGION.fullmatch(text)))


def check_read_only(sql: str) -> None:
    """Raise UsageError unless this is one SELECT."""
    duckdb = duckdb_module()
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise UsageError(_one_line(error)) from error
    if len(statements) != 1:
        raise UsageError(f"one statement at a time, this is {len(statements)}")
    if statements[0].type != duckdb.StatementType.SELECT:
        kind = statements[0].type.name
        raise UsageError(f"only SELECT is possible, this is {kind}; see create, update, stop and delete for changes")


class Engine:
    """Holds the rows and answers statements; to be closed."""

    def __init__(self, experiments: Iterable[DescribedExperiment], *, full: bool) -> None:
        self._duckdb = duckdb_module()
        settings = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        self._connection: DuckDBPyConnection = self._duckdb.connect(config=settings)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._make_tables()
        self._fill(experiments, full=full)
        # From here on a statement reaches neither files nor the network, and cannot undo that.
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()

    def _make_tables(self) -> None:
        execute = self._connection.execute
        execute("ATTACH ':memory:' AS aws; ATTACH ':memory:' AS awscc; ATTACH ':memory:' AS stored")
        execute("CREATE SCHEMA aws.sagemaker; CREATE SCHEMA awscc.sagemaker")
        for table in TABLES:
            columns = ", ".join(f'"{column}" {kind}' for column, kind in table.types.items())
            execute(f"CREATE TABLE stored.{table.name} ({columns})")
        for schema in SCHEMAS:
            execute(f"CREATE VIEW {schema}.{LIST_ONLY} AS SELECT region, name FROM stored.names")  # noqa: S608 - our own names

    def _fill(self, experiments: Iterable[DescribedExperiment], *, full: bool) -> None:
        """Insert a batch by one statement: one for each row takes eight milliseconds a row."""
        source = "SELECT unnest(row) FROM (SELECT unnest(from_json(?::JSON, ?)) AS row)"
        waiting = iter(experiments)
        while batch := list(itertools.islice(waiting, INSERT_BATCH_ROWS)):
            for table in TABLES if full else (NAMES,):
                values = [json.dumps([table.row(each) for each in batch]), json.dumps([table.types])]
                self._connection.execute(f"INSERT INTO stored.{table.name} {source}", values)

    def ask(self, sql: str) -> tuple[list[str], list[dict[str, Any]]]:
        """Return columns and rows of a SELECT, values as JSON has them. Raises UsageError for what DuckDB refuses."""
        check_read_only(sql)
        rewritten = PSEUDO_COLUMN.sub(lambda match: match[1] or "name", sql)
        first: Exception | None = None
        for spelling in SPELLINGS:
            for statement in dict.fromkeys((sql, rewritten)):
                try:
                    return self._ask(statement, spelling)
                except self._duckdb.BinderException as error:
                    first = first or error
                except self._duckdb.Error as error:
                    raise UsageError(_one_line(error)) from error
        raise UsageError(_one_line(first or RuntimeError("no statement"))) from first

    def _ask(self, sql: str, spelling: Table) -> tuple[list[str], list[dict[str, Any]]]:
        for schema in SCHEMAS:
            self._connection.execute(f"CREATE OR REPLACE VIEW {schema}.{TABLE} AS FROM stored.{spelling.name}")
        relation: DuckDBPyRelation = self._connection.sql(sql)
        columns = relation.columns
        kinds = [str(kind) for kind in relation.types]
        if "TIMESTAMP WITH TIME ZONE" in kinds:  # DuckDB gives these to Python only where pytz is installed
            casts = (f"#{at}{'::TIMESTAMP' if 'ZONE' in kind else ''}" for at, kind in enumerate(kinds, start=1))
            relation = relation.project(", ".join(casts))
        rows = [dict(zip(columns, map(_shown, row, kinds), strict=True)) for row in relation.fetchall()]
        return columns, rows


def _shown(value: Any, kind: str) -> Any:  # noqa: ANN401 - whatever SQL computes
    if kind == "JSON" and isinstance(value, str):
        return json.loads(value)
    if isinstance(value, datetime):
        return timestamp(value.replace(tzinfo=UTC) if value.tzinfo is None else value)
    if isinstance(value, Mapping):
        return {str(key): _shown(inner, "") for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(inner, "") for inner in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def _one_line(error: Exception) -> str:
    """Return the first lines of DuckDB's message: what is wrong and what it suggests, without the picture of it."""
    text = str(error).split("\n\nLINE")[0].split("\nLINE")[0]
    return " ".join(text.split())
