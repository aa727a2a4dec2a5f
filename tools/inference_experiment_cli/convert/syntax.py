"""PyYAML's nodes of a template, JSON too: what functions refer to, and where a text is."""

from collections.abc import Iterator
from typing import Final

import yaml

from cfn_template.values import NO_VALUE

MERGE: Final = "tag:yaml.org,2002:merge"


def is_flow(node: yaml.Node) -> bool:
    """Return whether a mapping or a list is written with brackets."""
    return bool(getattr(node, "flow_style", False))


def members(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    """Return the keys and values of a mapping as it is written; of anything else none."""
    return list(node.value) if isinstance(node, yaml.MappingNode) else []


def member(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """Return the value of a member, also of a merged one; the mapping's own come first."""
    own = members(node)
    for key, value in own:
        if key.value == name:
            return value
    for _, value in (pair for pair in own if pair[0].tag == MERGE):
        for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if (result := member(merged, name)) is not None:
                return result
    return None


def scalar(node: yaml.Node | None) -> str:
    """Return the text of a scalar; of anything else none."""
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def children(node: yaml.Node) -> list[yaml.Node]:
    """Return the items of a list, or the keys and values of a mapping."""
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return [part for pair in members(node) for part in pair]


def walk(node: yaml.Node) -> Iterator[yaml.Node]:
    """Yield a node and everything beneath it, what an alias repeats once."""
    waiting, seen = [node], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += children(one)


def end_of(node: yaml.Node) -> int:
    """Return where a value's text ends; YAML's own mark of a block is behind the comments that follow it."""
    inner = children(node)
    return int(node.end_mark.index) if is_flow(node) or not inner else end_of(inner[-1])


def argument_of(node: yaml.Node, function: str) -> yaml.Node | None:
    """Return the argument of a function in its short or long form, None if the node is another value.

    Of the short form this is the node itself, whose tag is the function.
    """
    if node.tag == f"!{function.removeprefix('Fn::')}":
        return node
    pairs = members(node)
    return pairs[0][1] if len(pairs) == 1 and pairs[0][0].value == function else None


def is_function(node: yaml.Node) -> bool:
    """Tell whether a value is a function, in its short or long form."""
    pairs = members(node)
    return node.tag.startswith("!") or (len(pairs) == 1 and str(pairs[0][0].value).startswith("Fn::"))


def items_of(node: yaml.Node | None) -> list[yaml.Node]:
    """Return the items of a list; of anything else none."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def sub_text(node: yaml.Node) -> tuple[yaml.ScalarNode, frozenset[str]] | None:
    """Return the text of Fn::Sub and the variables that its second argument defines, None for another value."""
    argument = argument_of(node, "Fn::Sub")
    items = items_of(argument)
    text = items[0] if items else argument
    if not isinstance(text, yaml.ScalarNode):
        return None
    variables = members(items[1]) if len(items) > 1 else []
    return text, frozenset(str(key.value) for key, _ in variables)


def get_att(node: yaml.Node) -> tuple[yaml.Node, str, str] | None:
    """Return the node that names the resource, the resource and the attribute of Fn::GetAtt, None for another value."""
    argument = argument_of(node, "Fn::GetAtt")
    if argument is None:
        return None
    if items := items_of(argument):
        first = sub_text(items[0])  # Fn::Sub is possible with AWS::LanguageExtensions
        named = first[0] if first else items[0]
        parts = [scalar(named), *map(scalar, items[1:])]
    else:
        named, parts = argument, scalar(argument).split(".", 1)
    return (named, parts[0], ".".join(parts[1:])) if len(parts) > 1 and all(parts) else None


def branches_of(node: yaml.Node) -> Iterator[yaml.Node]:
    """Yield the branches of Fn::If, however nested, or the node itself; without those that are AWS::NoValue."""
    branches = items_of(argument_of(node, "Fn::If"))
    if not branches:
        yield node
    for branch in branches[1:]:
        reference = argument_of(branch, "Ref")
        if reference is None or scalar(reference) != NO_VALUE:
            yield from branches_of(branch)
