"""The new Name of a converted experiment, and the policies that have it in an ARN."""

import json
import re
from typing import Final

import yaml

from inference_experiment import contract
from inference_experiment_cli.convert.edits import Edits, call_like, one_line
from inference_experiment_cli.convert.names import VARIABLE, Suffix
from inference_experiment_cli.convert.syntax import (
    argument_of,
    branches_of,
    end_of,
    get_att,
    is_function,
    items_of,
    scalar,
    sub_text,
    walk,
)

_SEPARATOR: Final = "-"
_ARN: Final = "inference-experiment/"
_NAME_GOES_ON: Final = r"(?![A-Za-z0-9${-])"
_MAXIMUM: Final = int(contract.schema()["properties"]["Name"]["maxLength"])


def rename(edits: Edits, value: yaml.Node, suffix: Suffix, top: yaml.Node) -> list[str]:
    """Edit a Name, in every branch of Fn::If, and the ARNs with it; return the old names as Fn::Sub writes them."""
    names = [name for node in branches_of(value) if (name := _rename_branch(edits, node, suffix))]
    for name in names:
        pattern = re.compile(re.escape(_ARN + name) + _NAME_GOES_ON)
        for node in walk(top):
            for match in edits.matches(node, pattern) if isinstance(node, yaml.ScalarNode) else ():
                edits.add(match.end() - suffix.cut(name), match.end(), suffix.added(name))
    return names


def _rename_branch(edits: Edits, node: yaml.Node, suffix: Suffix) -> str:
    if (text := sub_text(node)) is not None:
        return _rename_sub(edits, node, text, suffix)
    reference, call = argument_of(node, "Ref"), get_att(node)
    if reference is not None or call is not None:
        variable = ".".join(call[1:]) if call else scalar(reference)
        name = f"${{{variable}}}" if variable else ""
        if name:
            edits.add(node.start_mark.index, end_of(node), call_like(node, "Fn::Sub", name + suffix.append))
        return name
    if isinstance(node, yaml.ScalarNode) and not node.tag.startswith("!"):
        return _rename_text(edits, node, suffix)
    if is_function(node):
        _rename_function(edits, node, suffix)
    return ""


def _rename_text(edits: Edits, node: yaml.ScalarNode, suffix: Suffix) -> str:
    name = str(node.value)
    kept = name if suffix.is_removed(name) else name[: _MAXIMUM - len(suffix.append)].rstrip("-")
    if name:
        edits.end_with(node, suffix.cut(name) + len(name) - len(kept), suffix.added(name))
    return name


def _rename_sub(edits: Edits, node: yaml.Node, text: tuple[yaml.ScalarNode, frozenset[str]], suffix: Suffix) -> str:
    template, variables = text
    name = str(template.value)
    reference = VARIABLE.fullmatch(suffix.change(name))
    if reference is None or variables:
        edits.end_with(template, suffix.cut(name), suffix.added(name))
        return name
    # What a conversion from a reference wrote.
    resource, attribute = reference.groups()
    new = call_like(node, "Fn::GetAtt", [resource, attribute]) if attribute else call_like(node, "Ref", resource)
    edits.add(node.start_mark.index, end_of(node), new)
    return name


def _rename_function(edits: Edits, node: yaml.Node, suffix: Suffix) -> None:
    """Join the suffix to what a function returns, or remove such a Fn::Join."""
    start, end = node.start_mark.index, end_of(node)
    match items_of(argument_of(node, "Fn::Join")):
        case [delimiter, yaml.SequenceNode(value=[inner, last])] if scalar(delimiter) == _SEPARATOR and scalar(
            last
        ) == suffix.remove.removeprefix(_SEPARATOR):
            edits.add(start, end, one_line(edits, inner))
            return
    parts = f'["{_SEPARATOR}", [{one_line(edits, node)}, {json.dumps(suffix.append.removeprefix(_SEPARATOR))}]]'
    short = node.tag.startswith("!")
    edits.add(start, end, f"!Join {parts}" if short else f'{{"Fn::Join": {parts}}}')
