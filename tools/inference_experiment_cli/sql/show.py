"""SHOW and DESCRIBE in StackQL's forms; both need neither an account nor DuckDB."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.sql import tables
from inference_experiment_cli.sql.engine import Answer
from inference_experiment_cli.sql.statement import Kind, Statement
from inference_experiment_cli.sql.words import dotted_name, table_at

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

FORMS: Final = (
    "SHOW PROVIDERS, SHOW SERVICES IN aws, SHOW RESOURCES IN aws.sagemaker, SHOW TABLES, SHOW METHODS IN TABLE, "
    "SHOW COLUMNS FROM TABLE, or DESCRIBE [EXTENDED] TABLE"
)
CONNECTING: Final = ("IN", "FROM")


def show(statement: Statement) -> Answer:
    """Return what SHOW or DESCRIBE lists. Raises UsageError."""
    words = list(statement.tokens[1:])
    if words and words[0].text.upper() == "TABLE" and statement.kind is Kind.DESCRIBE:
        words.pop(0)
    extended = bool(words) and words[0].text.upper() in ("EXTENDED", "FULL")
    words = words[1:] if extended else words
    if statement.kind is Kind.DESCRIBE:
        return _answer(tables.column_rows(table_at(words, "DESCRIBE"), extended=extended))
    what = words[0].text.upper() if words else ""
    rest = words[1:]
    connecting = bool(rest) and rest[0].text.upper() in CONNECTING
    return _shown(what, rest[1:] if connecting else rest, extended=extended)


def _shown(what: str, rest: Sequence["Token"], *, extended: bool) -> Answer:
    if what in ("METHODS", "METHOD"):
        return _answer(tables.method_rows(table_at(rest, "SHOW METHODS IN")))
    if what in ("COLUMNS", "FIELDS"):
        return _answer(tables.column_rows(table_at(rest, "SHOW COLUMNS FROM"), extended=extended))
    prefix, more = dotted_name(rest)
    known = {
        "PROVIDERS": (0, [{"name": name} for name in tables.PROVIDERS]),
        "SERVICES": (1, [{"name": tables.SERVICE, "title": "Amazon SageMaker"}]),
        "TABLES": (2, tables.table_rows(prefix)),
        "RESOURCES": (2, tables.table_rows(prefix)),
    }
    if what not in known or more or len(prefix) > known[what][0]:
        raise UsageError(f"write {FORMS}")
    rows = known[what][1]
    if not rows or (prefix[:1] and prefix[0].lower() not in (*tables.PROVIDERS, tables.SERVICE)):
        raise UsageError(f"there are no tables in {'.'.join(prefix)}; SHOW TABLES lists all of them")
    return _answer(rows)


def _answer(rows: Sequence[Mapping[str, str]]) -> Answer:
    columns = list(rows[0])
    return Answer(columns, [[row[column] for column in columns] for row in rows])
