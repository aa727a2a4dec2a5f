"""Answers a SELECT over experiments: an in-memory DuckDB that can read what is put into it and nothing else.

The SELECT examples of the StackQL providers run as they are documented. Those spell the columns in two ways; a
statement that does not bind to the one is tried with the other, then with both.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from inference_experiment.observed_properties import timestamp
from inference_experiment_cli.errors import ServiceError, UsageError
from inference_experiment_cli.inventory.describe import DescribedExperiment
from inference_experiment_cli.inventory.writers import duckdb_module
from inference_experiment_cli.sql import tables
from inference_experiment_cli.sql.rewriting import explain_column, forms_of
from inference_experiment_cli.sql.statement import Statement, one_line

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

INSERT_BATCH_ROWS: Final = 500
SNAKE, API = tables.SPELLINGS
_MORE: Final = ", ".join(f'api."{name}"' for name in API.types if name.lower() not in SNAKE.types)
# What a table of experiments reads, by the spelling that a statement has.
SOURCES: Final = (
    f"FROM stored.{SNAKE.name}",
    f"FROM stored.{API.name}",
    f"SELECT snake.*, {_MORE} FROM stored.{SNAKE.name} AS snake POSITIONAL JOIN stored.{API.name} AS api",  # noqa: S608 - our own names
)
FIXED: Final = {
    tables.LIST_ONLY: f"FROM stored.{tables.NAMES.name}",
    tables.FLAT_RECORD: f"FROM stored.{tables.RECORDS.name}",
}
SCHEMAS: Final = ("sagemaker", "aws.sagemaker", "awscc.sagemaker")


# Types whose values Python has in forms of its own, or (with a time zone) only where pytz is installed.
CASTS: Final = {
    "TIMESTAMP WITH TIME ZONE": "::TIMESTAMP",
    "DECIMAL": "::DOUBLE",
    **dict.fromkeys(("INTERVAL", "BLOB", "BIT", "UUID", "TIME WITH TIME ZONE"), "::VARCHAR"),
}


@dataclass(frozen=True)
class Answer:
    """The columns and rows of a SELECT, in its order; a column may occur twice. Values are as JSON has them."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def keys(self) -> list[str]:
        """Return a key for each column: its name, which DuckDB's own way makes unique: name, name_1."""
        keys: list[str] = []
        for column in self.columns:
            forms = itertools.chain([column], (f"{column}_{number}" for number in itertools.count(1)))
            keys.append(next(form for form in forms if form not in keys))
        return keys

    def records(self) -> list[dict[str, Any]]:
        """Return the rows by these keys."""
        keys = self.keys()
        return [dict(zip(keys, row, strict=True)) for row in self.rows]


class Engine:
    """Holds the rows and answers statements; to be closed."""

    def __init__(self, experiments: Iterable[DescribedExperiment], *, full: bool, timeout: float) -> None:
        self._duckdb = duckdb_module()
        self._timeout = timeout
        settings = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        self._connection: DuckDBPyConnection = self._duckdb.connect(config=settings)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._make_tables()
        self._fill(experiments, full=full)
        # From here on a statement reaches neither files nor the network nor Python's variables, and cannot undo that.
        self._connection.execute("SET python_enable_replacements = false")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()

    def _make_tables(self) -> None:
        execute = self._connection.execute
        execute("ATTACH ':memory:' AS aws; ATTACH ':memory:' AS awscc; ATTACH ':memory:' AS stored")
        for schema in SCHEMAS:
            execute(f"CREATE SCHEMA {schema}")
        for table in tables.STORED:
            columns = ", ".join(f'"{column}" {kind}' for column, kind in table.types.items())
            execute(f"CREATE TABLE stored.{table.name} ({columns})")
        for kind, source in FIXED.items():
            self._make_views(kind, source)

    def _make_views(self, kind: str, source: str) -> None:
        for name in tables.TABLES[kind]:
            self._connection.execute(f"CREATE OR REPLACE VIEW {'.'.join(name)} AS {source}")

    def _fill(self, experiments: Iterable[DescribedExperiment], *, full: bool) -> None:
        """Insert a batch by one statement: one for each row takes eight milliseconds a row."""
        source = "SELECT unnest(row) FROM (SELECT unnest(from_json(?::JSON, ?)) AS row)"
        waiting = iter(experiments)
        while batch := list(itertools.islice(waiting, INSERT_BATCH_ROWS)):
            for table in tables.STORED if full else (tables.NAMES,):
                values = [json.dumps([table.row(each) for each in batch]), json.dumps([table.types])]
                self._connection.execute(f"INSERT INTO stored.{table.name} {source}", values)

    def ask(self, statement: Statement) -> Answer:
        """Return the answer to a SELECT. Raises UsageError for what DuckDB refuses, ServiceError when time is up."""
        # Texts, not exceptions: one in a variable of its own traceback outlives DuckDB, which reports that at the end.
        problem = ""
        for source in SOURCES:
            self._make_views(tables.RESOURCE, source)
            for text in forms_of(statement):
                try:
                    return self._limited(partial(self._ask, text))
                except self._duckdb.BinderException as error:
                    problem = problem or one_line(error)
                except self._duckdb.Error as error:
                    raise UsageError(one_line(error)) from error
        raise UsageError(explain_column(statement) or problem)

    def _limited(self, run: Callable[[], Answer]) -> Answer:
        """Run a statement in a thread of its own: DuckDB does not look for signals while it computes."""
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(run)
            try:
                return running.result(self._timeout)
            except TimeoutError as error:
                raise ServiceError(
                    f"the statement took longer than {self._timeout:g} s; raise --timeout, or narrow it"
                ) from error
            finally:
                self._connection.interrupt()
                del running  # which would keep its own exception, and that DuckDB

    def _ask(self, sql: str) -> Answer:
        relation: DuckDBPyRelation = self._connection.sql(sql)
        columns = relation.columns
        kinds = [str(kind) for kind in relation.types]
        casts = [next((cast for name, cast in CASTS.items() if kind.startswith(name)), "") for kind in kinds]
        if any(casts):
            relation = relation.project(", ".join(f"#{at}{cast}" for at, cast in enumerate(casts, start=1)))
        return Answer(columns, [list(map(_shown, row, kinds)) for row in relation.fetchall()])


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
