"""What StackQL and inventory catalogues write in other words than DuckDB, as edits of a statement's text."""

from collections.abc import Iterable
from typing import Any, Final

from inference_experiment_cli.errors import nearest
from inference_experiment_cli.sql import tables
from inference_experiment_cli.sql.statement import Kind, Statement

TAGS: Final = "tags"


def forms_of(statement: Statement) -> list[str]:
    """Return a SELECT as it is, then with Identifier as the name; a tag of a flat record is text, not JSON."""
    tags = _tag_operators(statement) if tables.FLAT_RECORD in statement.kinds() else []
    forms = [_edited(statement.text, edits) for edits in (tags, tags + _identifiers(statement))]
    return list(dict.fromkeys(forms))


def _edited(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _columns(statement: Statement) -> list[Any]:
    if statement.tree is None:
        return []
    from sqlglot import exp  # noqa: PLC0415 - an optional extra

    return list(statement.tree.find_all(exp.Column))


def _identifiers(statement: Statement) -> list[tuple[int, int, str]]:
    edits = []
    for column in _columns(statement):
        place = column.this.meta
        if column.name.lower() in tables.IDENTIFIERS and "start" in place:
            is_selected = column.arg_key == "expressions" and column.parent.key == Kind.SELECT.lower()
            new = f'name AS "{column.name}"' if is_selected else "name"
            edits.append((place["start"], place["end"] + 1, new))
    return edits


def _tag_operators(statement: Statement) -> list[tuple[int, int, str]]:
    """Return edits that make tags -> 'key', which is text in PostgreSQL's hstore, text here too."""
    pairs = zip(statement.tokens, statement.tokens[1:], strict=False)
    return [
        (operator.start, operator.end + 1, "->>")
        for column, operator in pairs
        if operator.token_type.name == "ARROW" and column.text.lower() == TAGS
    ]


def explain_column(statement: Statement) -> str:
    """Return the message for the first column that no table of a statement has, with the nearest name."""
    kinds = statement.kinds()
    known = tables.known_columns(kinds)
    lowered = {name.lower() for name in known}
    for column in _columns(statement):
        if column.name and column.name.lower() not in lowered and not column.name.isdigit():
            near = nearest(column.name, sorted(known))
            hint = f"did you mean {near}?" if near else f"DESCRIBE {kinds[0]} lists them" if kinds else ""
            return f"there is no column {column.name}; {hint}".rstrip("; ") if kinds else ""
    return ""
