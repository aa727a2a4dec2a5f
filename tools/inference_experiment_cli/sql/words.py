"""Reads the words of statements that are not SQL of DuckDB: SHOW, DESCRIBE and EXEC."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.sql import tables

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

NAMES: Final = ("VAR", "IDENTIFIER", "STRING")


def dotted_name(tokens: Sequence["Token"]) -> tuple[tables.Name, Sequence["Token"]]:
    """Return the parts of a.b.c at the beginning of some tokens, and the tokens after it."""
    parts: list[str] = []
    rest = list(tokens)
    while rest and rest[0].token_type.name not in ("DOT", "PARAMETER"):
        parts.append(rest.pop(0).text)
        if not rest or rest[0].token_type.name != "DOT":
            break
        rest.pop(0)
    return tuple(parts), rest


def table_at(tokens: Sequence["Token"], statement: str) -> str:
    """Return the kind of the table that some tokens name, and nothing else. Raises UsageError."""
    name, rest = dotted_name(tokens)
    if not name or rest:
        raise UsageError(f"write {statement} and the name of a table, as in {statement} {tables.RESOURCE}")
    kind = tables.kind_of(name)
    if kind is None:
        near = tables.nearest_table(name)
        hint = f"did you mean {near}?" if near else "SHOW TABLES lists them"
        raise UsageError(f"there is no table {'.'.join(name)}; {hint}")
    return kind
