"""Everything a raw value refers to under any conditions: names, conditions, mappings, compared literals."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from cfn_template.evaluator import Evaluator
from cfn_template.values import (
    Raw,
    SymbolicString,
    Unresolved,
    function_of,
    keys_of,
    scalar_text,
    unresolved,
    values_beneath,
)

COMPARISONS: Final = ("Fn::Equals", "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn")


def mentioned(raw: Raw) -> Iterator[tuple[str, str]]:
    """Yield ("condition", name) and ("name", what Ref or Sub names) for everything beneath a raw value.

    A name that chooses a row of a mapping is yielded as ("key", name) too.
    """
    for value in values_beneath(raw):
        if isinstance(value, dict):
            yield from _mentioned_by_function(value)


def _mentioned_by_function(value: dict[Any, Raw]) -> Iterator[tuple[str, str]]:
    name, argument = function_of(value) or ("", None)
    if len(value) == 1 and isinstance(value.get("Condition"), str):
        yield "condition", value["Condition"]
    if name == "Ref" and isinstance(argument, str):
        yield "name", argument
    if name == "Fn::FindInMap" and isinstance(argument, list):
        yield from (("key", key) for kind, key in mentioned(argument[:3]) if kind == "name")
    first = argument[0] if isinstance(argument, list) and argument else argument
    if name == "Fn::If" and isinstance(first, str):
        yield "condition", first
    if name == "Fn::GetAtt" and isinstance(first, str):
        yield "name", first.partition(".")[0]
    if name == "Fn::Sub" and isinstance(first, str):
        for piece in first.split("${")[1:]:
            yield "name", piece.partition("}")[0].strip().partition(".")[0]


def deciding_literals(raw: Raw, mappings: Raw, functions: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the literals that decide comparisons of each name, or the keys of the mappings that it chooses from.

    A name with none of them is compared in a way that no single literal decides.
    """
    found: dict[str, dict[str, None]] = {}
    opened = Evaluator(lambda name: unresolved("Ref", name), lambda _: None, mappings)
    for value in values_beneath(raw):
        function, argument = function_of(value) or ("", None)
        for item, literals in _operands(function, argument, mappings) if function in functions else ():
            text = opened.evaluate(item)
            fillings = [text.filling(literal) for literal in literals] if isinstance(text, SymbolicString) else []
            names = set(mentioned(item))
            for name in (name for kind, name in names if kind == "name" and ("key", name) not in names):
                hole = Unresolved("Ref", name)
                found.setdefault(name, {}).update({each[hole]: None for each in fillings if each and [*each] == [hole]})
    return {name: tuple(literals) for name, literals in found.items()}


def _operands(function: str, argument: Raw, mappings: Raw) -> Iterator[tuple[Raw, list[str]]]:
    """Yield each operand of a comparison, or key of a mapping, with the literals that it may be equal to."""
    if not isinstance(argument, list) or not argument:
        return
    if function == "Fn::FindInMap":
        rows = mappings.get(argument[0]) if isinstance(mappings, dict) and isinstance(argument[0], str) else None
        columns = [key for row in rows.values() for key in keys_of(row)] if isinstance(rows, dict) else []
        yield from zip(argument[1:3], (keys_of(rows), columns), strict=False)
        return
    items = [item for operand in argument for item in (operand if isinstance(operand, list) else [operand])]
    literals = [text for item in items if (text := scalar_text(item)) is not None]
    yield from ((item, literals) for item in items if isinstance(item, dict))
