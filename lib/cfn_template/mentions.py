"""Everything a raw value refers to under any conditions: names, conditions, mappings, compared literals."""

from collections.abc import Iterator
from typing import Any

from cfn_template.values import Raw, function_of, scalar_text


def mentioned(raw: Raw) -> Iterator[tuple[str, str]]:
    """Yield ("condition", name) and ("name", what Ref or Sub names) for everything beneath a raw value."""
    stack = [raw]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack += value
        if not isinstance(value, dict):
            continue
        stack += value.values()
        yield from _mentioned_by_function(value)


def _mentioned_by_function(value: dict[Any, Raw]) -> Iterator[tuple[str, str]]:
    name, argument = function_of(value) or ("", None)
    if len(value) == 1 and isinstance(value.get("Condition"), str):
        yield "condition", value["Condition"]
    if name == "Ref" and isinstance(argument, str):
        yield "name", argument
    if name == "Fn::FindInMap":
        yield "map", ""
    first = argument[0] if isinstance(argument, list) and argument else argument
    if name == "Fn::If" and isinstance(first, str):
        yield "condition", first
    if name == "Fn::GetAtt" and isinstance(first, str):
        yield "name", first.partition(".")[0]
    if name == "Fn::Sub" and isinstance(first, str):
        for piece in first.split("${")[1:]:
            yield "name", piece.partition("}")[0].strip().partition(".")[0]


def compared_literals(conditions: Raw) -> dict[str, tuple[str, ...]]:
    """Return, for each name that an Fn::Equals refers to, the literals that it is compared with."""
    found: dict[str, dict[str, None]] = {}
    stack = [conditions]
    while stack:
        value = stack.pop()
        stack += value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
        name, argument = function_of(value) or ("", None)
        if name != "Fn::Equals" or not isinstance(argument, list):
            continue
        references = [function_of(item) or ("", None) for item in argument]
        literals = [text for item in argument if (text := scalar_text(item)) is not None]
        for function, target in references:
            if function == "Ref" and isinstance(target, str):
                found.setdefault(target, {}).update(dict.fromkeys(literals))
    return {name: tuple(literals) for name, literals in found.items()}
