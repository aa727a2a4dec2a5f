"""Reads one statement: its kind, its tree, the tables and the regions that it names. sqlglot parses.

What sqlglot cannot parse and DuckDB can is a SELECT as well; it is then run as it is.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from inference_experiment_cli.errors import UsageError, missing_extra
from inference_experiment_cli.inputs.placeholders import check_names, fill, placeholders_in
from inference_experiment_cli.inventory.describe import REGION
from inference_experiment_cli.inventory.writers import duckdb_module
from inference_experiment_cli.sql import tables

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.tokenizer_core import Token

DIALECT: Final = "duckdb"
PREFIX: Final = re.compile(r"^(?:Parser|Binder|Catalog|Invalid Input) Error: ")
WORD: Final = re.compile(r"[A-Za-z_]\w*")
SYSTEM_SCHEMAS: Final = ("information_schema", "pg_catalog")


class Kind(StrEnum):
    """What a statement does."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    SHOW = "SHOW"
    DESCRIBE = "DESCRIBE"
    EXEC = "EXEC"


CHANGES: Final = (Kind.INSERT, Kind.UPDATE, Kind.DELETE)
# The first word of the statements that are read by their words.
WORDED: Final = {
    "SHOW": Kind.SHOW,
    "DESCRIBE": Kind.DESCRIBE,
    "DESC": Kind.DESCRIBE,
    "EXEC": Kind.EXEC,
    "EXECUTE": Kind.EXEC,
}


@dataclass(frozen=True)
class Statement:
    """One statement; `tree` is None where only DuckDB can parse it, and for statements that are read by their words."""

    kind: Kind
    text: str
    tokens: Sequence["Token"]
    tree: "exp.Expr | None" = None

    def tables(self) -> list[tuple["exp.Table", str]]:
        """Return the tables that are ours, with their kind."""
        return [(table, kind) for table in self._tables() if (kind := tables.kind_of(name_of(table)))]

    def kinds(self) -> list[str]:
        """Return the kinds of the tables that are ours; all of them where that is not known."""
        return [kind for _, kind in self.tables()] if self.tree is not None else list(tables.TABLES)

    def _tables(self) -> list["exp.Table"]:
        if self.tree is None:
            return []
        from sqlglot import exp  # noqa: PLC0415 - an optional extra

        own = {each.alias_or_name.lower() for each in self.tree.find_all(exp.CTE)}
        found = self.tree.find_all(exp.Table)
        return [each for each in found if name_of(each) and not (len(name_of(each)) == 1 and each.name.lower() in own)]

    def check_tables(self) -> None:
        """Raise UsageError for a table that does not exist, with the nearest one."""
        for table in self._tables():
            name = name_of(table)
            if tables.kind_of(name) or name[0].lower() in SYSTEM_SCHEMAS:
                continue
            near = tables.nearest_table(name)
            hint = f"did you mean {near}?" if near else "SHOW TABLES lists them"
            raise UsageError(f"there is no table {'.'.join(name)}; {hint}")

    def regions(self) -> list[str]:
        """Return the regions that conditions name: region = '...' or region IN (...)."""
        if self.tree is None:
            return []
        literals = [text for text in self._region_texts(self.tree) if REGION.fullmatch(text)]
        return list(dict.fromkeys(literals))

    def _region_texts(self, tree: "exp.Expr") -> Iterator[str]:
        from sqlglot import exp  # noqa: PLC0415 - an optional extra

        for node in tree.find_all(exp.EQ, exp.In):
            if node.find_ancestor(exp.Not):
                continue
            sides = [node.this, *node.expressions] if isinstance(node, exp.In) else [node.this, node.expression]
            if any(isinstance(side, exp.Column) and side.name.lower() == "region" for side in sides):
                yield from (side.name for side in sides if isinstance(side, exp.Literal))


def name_of(table: "exp.Table") -> tables.Name:
    """Return the parts of a table's name; none for a function that returns a table."""
    from sqlglot import exp  # noqa: PLC0415 - an optional extra

    parts = table.parts
    return tuple(part.name for part in parts) if all(isinstance(part, exp.Identifier) for part in parts) else ()


def read_statement(sql: str, values: Mapping[str, str] | None = None) -> Statement:
    """Return the one statement of a text, its placeholders filled. Raises UsageError."""
    text = _filled(sql, values or {})
    tokens = _tokens(text)
    statements = _split(tokens)
    if len(statements) != 1:
        raise UsageError(f"one statement at a time, this is {len(statements)}")
    tokens = statements[0]
    word = tokens[0].text.upper()
    if word in WORDED:
        return Statement(WORDED[word], text, tokens)
    tree = _tree(text)
    kind = Kind.SELECT if tree is None else _kind(tree)
    if kind is None:
        tree = None
    _check(text, word, kind)
    kind = kind or Kind.SELECT
    return Statement(kind, text, tokens, tree)


def select(query: "exp.Expr") -> Statement:
    """Return the statement of a query that is a part of another statement. Raises UsageError."""
    text = query.sql(DIALECT)
    _check(text, "VALUES", Kind.SELECT)
    return Statement(Kind.SELECT, text, _tokens(text), _tree(text))


def _sqlglot() -> Any:  # noqa: ANN401 - a module
    try:
        import sqlglot  # noqa: PLC0415 - an optional extra
    except ImportError as missing:
        raise missing_extra("sqlglot", "query") from missing
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of statements that it reads by their words
    return sqlglot


def _tokens(text: str) -> list["Token"]:
    sqlglot = _sqlglot()
    try:
        return list(sqlglot.tokenize(text, dialect=DIALECT))
    except sqlglot.errors.TokenError as error:
        _check(text, "", Kind.SELECT)  # whose message is better
        raise UsageError("a text, a name or a comment of the statement has no end") from error


def _filled(sql: str, values: Mapping[str, str]) -> str:
    """Return a statement with the placeholders in its texts filled. Raises UsageError for one without a value."""
    texts = [token for token in _tokens(sql) if token.token_type.name == "STRING"]
    check_names(values, [*(name for token in texts for name in placeholders_in(token.text)), *_words(texts)])
    for token in reversed(texts):
        text = fill(token.text, values)
        left = placeholders_in(text)
        if left:
            hint = f"pass --parameter {left[0]}=VALUE, or write the value"
            raise UsageError(f"line {token.line}: {sql[token.start : token.end + 1]} is a placeholder; {hint}")
        if text != token.text:
            sql = f"{sql[: token.start]}'{text.replace(chr(39), chr(39) * 2)}'{sql[token.end + 1 :]}"
    return sql


def _words(texts: Sequence["Token"]) -> Iterator[str]:
    """Yield the words in expressions such as {{ {...} | generate_patch_document }}, which a parameter may fill too."""
    for token in texts:
        if token.text.lstrip().startswith("{{"):
            yield from WORD.findall(token.text)


def _split(tokens: Sequence["Token"]) -> list[list["Token"]]:
    statements: list[list[Token]] = [[]]
    for token in tokens:
        if token.token_type.name == "SEMICOLON":
            statements.append([])
        else:
            statements[-1].append(token)
    return [each for each in statements if each]


def _tree(text: str) -> "exp.Expr | None":
    """Return the tree of a statement; None where sqlglot cannot parse it."""
    sqlglot = _sqlglot()
    try:
        tree: exp.Expr | None = sqlglot.parse_one(text, dialect=DIALECT)
    except sqlglot.errors.ParseError as error:
        if _duckdb_types(text):
            return None
        problem = error.errors[0]
        place = f"line {problem['line']}, column {problem['col']}"
        raise UsageError(f"{place}: syntax error at or near {problem['highlight'] or 'the end'}") from error
    return tree


def _kind(tree: "exp.Expr") -> Kind | None:
    from sqlglot import exp  # noqa: PLC0415 - an optional extra

    kinds: dict[type[Any], Kind] = {
        exp.Query: Kind.SELECT,
        exp.Insert: Kind.INSERT,
        exp.Update: Kind.UPDATE,
        exp.Delete: Kind.DELETE,
    }
    return next((kind for cls, kind in kinds.items() if isinstance(tree, cls)), None)


def _duckdb_types(text: str) -> list[str]:
    """Return the types of the statements that DuckDB finds in a text; none where it cannot parse it."""
    duckdb = duckdb_module()
    try:
        return [each.type.name for each in duckdb.extract_statements(text)]
    except duckdb.Error:
        return []


def _check(text: str, word: str, kind: Kind | None) -> None:
    """Raise UsageError unless DuckDB takes a statement for the same, or for a SELECT where sqlglot does not know it."""
    duckdb = duckdb_module()
    try:
        types = [each.type.name for each in duckdb.extract_statements(text)]
    except duckdb.Error as error:
        raise UsageError(one_line(error)) from error
    if types != [kind or Kind.SELECT]:
        possible = "SELECT, SHOW, DESCRIBE, EXEC, and with --write INSERT, UPDATE and DELETE, are possible"
        raise UsageError(f"{possible}; this is {types[0] if types else word}")


def one_line(error: Exception) -> str:
    """Return the first lines of DuckDB's message: what is wrong and what it suggests, without the picture of it."""
    text = str(error).split("\n\nLINE")[0].split("\nLINE")[0]
    return PREFIX.sub("", " ".join(text.split()))
