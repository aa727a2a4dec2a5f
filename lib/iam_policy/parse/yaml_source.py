"""YAML to the same nodes as JSON, with marks and repeated keys. Needs PyYAML, which is imported when it is used.

The short forms of CloudFormation's functions (`!Sub`) become their long forms (`{"Fn::Sub": ...}`). Dates stay texts.
"""

from typing import Any, Final

from iam_policy.parse.json_source import DictNode, JsonError, ListNode, Mark, StringNode

_PREFIX: Final = "tag:yaml.org,2002:"
_SCALARS: Final = ("null", "bool", "int", "float")


def parse_yaml(source: str) -> Any:  # noqa: ANN401 - YAML is anything
    """Parse one YAML document to nodes. Raises JsonError (of either syntax) and ImportError without PyYAML."""
    import yaml  # noqa: PLC0415 - an extra of this package

    try:
        node = yaml.compose(source, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Mark(mark.line, mark.column) if mark else Mark(0, 0)
        raise JsonError(str(getattr(error, "problem", None) or error), place) from error
    return None if node is None else _convert(node, yaml)


def _convert(node: Any, yaml: Any) -> Any:  # noqa: ANN401
    value = _value(node, yaml)
    if node.tag.startswith("!"):
        name = node.tag[1:]
        long = DictNode({_string(name if name in {"Ref", "Condition"} else f"Fn::{name}", node): value})
        long.start_mark = _mark(node)
        return long
    return value


def _value(node: Any, yaml: Any) -> Any:  # noqa: ANN401
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, yaml)
    if isinstance(node, yaml.SequenceNode):
        items = ListNode(_convert(item, yaml) for item in node.value)
        items.start_mark = _mark(node)
        return items
    if node.tag.removeprefix(_PREFIX) in _SCALARS:
        return yaml.SafeLoader("").construct_object(node)
    return _string(node.value, node)


def _mapping(node: Any, yaml: Any) -> DictNode:  # noqa: ANN401
    mapping = DictNode()
    mapping.start_mark = _mark(node)
    for key, value in node.value:
        name = _string(str(key.value), key)
        if name in mapping:
            mapping.duplicates = (*mapping.duplicates, name)
        mapping[name] = _convert(value, yaml)
    return mapping


def _string(value: str, node: Any) -> StringNode:  # noqa: ANN401
    string = StringNode(value)
    string.start_mark = _mark(node)
    return string


def _mark(node: Any) -> Mark:  # noqa: ANN401
    return Mark(node.start_mark.line, node.start_mark.column)
