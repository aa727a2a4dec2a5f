"""The SQL of this package in Athena's dialect: sqlglot translates what DuckDB runs, and this mends what it leaves."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from inference_experiment_cli.captures.queries import EXACT_INTEGER
from inference_experiment_cli.errors import missing_extra

GROUP_IN_REPLACEMENT: Final = re.compile(r"\\(\d)")
EXPONENT: Final = re.compile(r"-?\d\.\d+E-?\d+")
"""How Athena writes a number as text that DuckDB writes with all its digits."""


def sqlglot_module() -> Any:  # noqa: ANN401 - a module
    """Return sqlglot. Raises UsageError where it is not installed."""
    try:
        return import_module("sqlglot")
    except ImportError as missing:
        raise missing_extra("sqlglot", "captures") from missing


class Translation:
    """Translates statements; `table` gives the place of a table, `views` are those that were defined before."""

    def __init__(self, table: Callable[[str], Any]) -> None:
        self._sqlglot = sqlglot_module()
        self._exp = self._sqlglot.exp
        self._table = table
        self._views: dict[str, Any] = {}

    def parse(self, sql: str) -> Any:  # noqa: ANN401 - an expression
        """Return a statement of DuckDB's dialect as an expression."""
        return self._sqlglot.parse_one(sql, read="duckdb")

    def define(self, name: str, query: Any) -> None:  # noqa: ANN401 - an expression
        """Define a view: it becomes a part of the queries that use it, and needs no place in the catalogue."""
        self._views[name] = query

    def query(self, query: Any) -> str:  # noqa: ANN401 - an expression
        """Return a query in Athena's dialect."""
        exp = self._exp
        used = [name for name in self._views if any(table.name == name for table in query.find_all(exp.Table))]
        whole = query.copy()
        for name in used:
            whole = whole.with_(name, as_=self._views[name].copy())
        whole = whole.transform(self._mended)
        text: str = whole.sql(dialect="athena", identify=True)
        return text

    def _mended(self, node: Any) -> Any:  # noqa: ANN401 - expressions
        mend = _MENDED.get(type(node).__name__)
        if isinstance(node, self._exp.Table) and node.name not in self._views and not node.db:
            return self._place(node)
        return mend(self._exp, node) if mend else node

    def _place(self, node: Any) -> Any:  # noqa: ANN401 - expressions
        placed = self._table(node.name)
        placed.set("alias", self._exp.TableAlias(this=self._exp.to_identifier(node.alias or node.name)))
        return placed


def _literal(exp: Any, node: Any) -> Any:  # noqa: ANN401 - expressions
    """Return a number with a fraction as a double: the mean of decimals has no more digits than they have."""
    return exp.Literal.number(f"{node.this}E0") if not node.is_string and re.fullmatch(r"\d*\.\d*", node.this) else node


def _bracket(exp: Any, node: Any) -> Any:  # noqa: ANN401 - expressions
    """Return an element as a function, which gives null where there is none."""
    (index,) = node.expressions
    offset = 1 - (node.args.get("offset") or 0)
    if offset and index.is_int:
        index = exp.Literal.number(int(index.name) + offset)
    elif offset:
        index = exp.Add(this=index, expression=exp.Literal.number(offset))
    return exp.Anonymous(this="ELEMENT_AT", expressions=[node.this, index])


def _replacement(exp: Any, node: Any) -> Any:  # noqa: ANN401 - expressions
    """Return a replacement with Athena's groups; it always replaces all."""
    text = GROUP_IN_REPLACEMENT.sub(r"$\1", node.args["replacement"].name)
    return exp.Anonymous(this="REGEXP_REPLACE", expressions=[node.this, node.expression, exp.Literal.string(text)])


def _function(exp: Any, node: Any) -> Any:  # noqa: ANN401 - expressions
    name = str(node.this).upper()
    if name == "HASH":
        number = exp.Cast(this=node.expressions[0], to=exp.DataType.build("BIGINT"))
        for each in ("TO_BIG_ENDIAN_64", "XXHASH64", "FROM_BIG_ENDIAN_64"):
            number = exp.Anonymous(this=each, expressions=[number])
        # The remainder of a negative number is negative.
        return exp.func("ABS", number)
    if name in _NAMES:
        return exp.Anonymous(this=_NAMES[name], expressions=node.expressions)
    return node


_NAMES: Final = {"ISFINITE": "IS_FINITE", "LIST_SLICE": "SLICE"}
_MENDED: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "Literal": _literal,
    "Bracket": _bracket,
    "RegexpReplace": _replacement,
    "Anonymous": _function,
}


def quantile_query(column: str, levels: tuple[float, ...]) -> str:
    """Return the query of the values beside each quantile: Athena has no exact quantiles."""
    sides = [
        f"max(CASE WHEN upto - records <= {rounded}({level!r} * (n - 1)) AND upto > {rounded}({level!r} * (n - 1)) "
        f"THEN value END) AS {rounded}_{at}"
        for at, level in enumerate(levels)
        for rounded in ("floor", "ceil")
    ]
    return (
        f"SELECT max(n) AS n, {', '.join(sides)} FROM (SELECT value, records, sum(records) OVER (ORDER BY value "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS upto, sum(records) OVER () AS n "
        f"FROM (SELECT {column} AS value, count(*) AS records FROM judged WHERE {column} IS NOT NULL GROUP BY 1))"
    )


def interpolated(row: Mapping[str, Any], levels: tuple[float, ...]) -> list[float]:
    """Return the quantiles of the values beside them."""
    if not row["n"]:
        return []
    places = [level * (row["n"] - 1) for level in levels]
    return [
        row[f"floor_{at}"] + (row[f"ceil_{at}"] - row[f"floor_{at}"]) * (place - math.floor(place))
        for at, place in enumerate(places)
    ]


def value(text: str | None, kind: str) -> Any:  # noqa: ANN401 - the value of a cell
    """Return a cell of a result, which Athena gives as text, by the type of its column."""
    if text is None:
        return None
    base = kind.partition("(")[0]
    if base in {"tinyint", "smallint", "integer", "bigint"}:
        return int(text)
    if base in {"double", "float", "real", "decimal"}:
        return float(text)
    if base == "boolean":
        return text == "true"
    if base == "timestamp":
        return datetime.fromisoformat(text)
    return _plain(text)


@lru_cache(10_000)
def _plain(text: str) -> str:
    """Return the name of a class that is a number with a fraction as DuckDB writes it."""
    if not EXPONENT.fullmatch(text):
        return text
    number = float(text)
    return repr(number) if not number.is_integer() and abs(number) < EXACT_INTEGER else text
