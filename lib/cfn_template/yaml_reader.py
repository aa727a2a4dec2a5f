"""YAML to located nodes, with merge keys. CloudFormation's short forms (`!Sub`) become long ones; dates stay text."""

from collections.abc import Iterator
from typing import Any, Final

import yaml

from cfn_template.json_reader import MAXIMUM_DEPTH
from cfn_template.located import DictNode, DocumentError, ListNode, Mark, StringNode, string_node

# Aliases let a short text describe a huge value: values are counted as often as they occur.
MAXIMUM_VALUES: Final = 200_000
_PREFIX: Final = "tag:yaml.org,2002:"
_SCALARS: Final = frozenset(_PREFIX + name for name in ("null", "bool", "int", "float"))
_MERGE: Final = _PREFIX + "merge"
_UNPREFIXED: Final = ("Ref", "Condition")


class _Composer(yaml.composer.Composer):
    """Composes nodes up to a depth that recursion allows."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - PyYAML's signature
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise DocumentError("too-deep", f"is more than {MAXIMUM_DEPTH} levels deep", _mark(self.peek_event()))  # type: ignore[attr-defined]
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _Loader(_Composer, yaml.SafeLoader):
    """PyYAML's own parser."""


if yaml.__with_libyaml__:

    class _QuickLoader(_Composer, yaml.CSafeLoader):
        """libyaml's parser, as cfn-lint uses it: six times as fast, but with other ends of nodes and other errors."""

        def __init__(self, stream: str) -> None:
            yaml.CSafeLoader.__init__(self, stream)
            _Composer.__init__(self)


def compose(source: str) -> yaml.Node:
    """Return the node of the one document in a YAML text, which knows where it ends. Raises DocumentError."""
    try:
        node: yaml.Node | None = yaml.compose(source, Loader=_Loader)
    except yaml.reader.ReaderError as error:
        before = source[: error.position]
        mark = Mark(before.count("\n"), len(before) - before.rfind("\n") - 1)
        message = f"is not valid YAML: the character #x{ord(source[error.position]):04x} is not allowed"
        raise DocumentError("invalid-yaml", message, mark) from error
    except yaml.MarkedYAMLError as error:
        mark = Mark(error.problem_mark.line, error.problem_mark.column) if error.problem_mark else Mark(0, 0)
        raise DocumentError("invalid-yaml", f"is not valid YAML: {error.problem}", mark) from error
    except ValueError as error:
        if isinstance(error, DocumentError):
            raise
        raise DocumentError("invalid-yaml", f"is not valid YAML: {error}") from error
    if node is None:
        raise DocumentError("empty", "is empty")
    return node


def parse_yaml(source: str) -> Any:  # noqa: ANN401 - YAML is anything
    """Parse one YAML document to located nodes. Raises DocumentError; repeated keys are recorded."""
    return _Converter().convert(_quickly_composed(source) or compose(source))


def _quickly_composed(source: str) -> yaml.Node | None:
    """Return the node by libyaml; None without it, and for what it refuses, whose error PyYAML words."""
    if not yaml.__with_libyaml__:
        return None
    try:
        return yaml.compose(source, Loader=_QuickLoader)
    except (yaml.YAMLError, UnicodeError):
        return None


class _Converter:
    """Converts PyYAML's nodes to located values."""

    def __init__(self) -> None:
        self._count = 0
        self._open: list[yaml.Node] = []  # the nodes around the current one: few, so a list is quick to search
        self._scalars = yaml.SafeLoader("")

    def convert(self, node: yaml.Node) -> Any:  # noqa: ANN401
        """Return the value of a node."""
        self._count += 1
        if self._count > MAXIMUM_VALUES:
            raise DocumentError("too-large", f"has more than {MAXIMUM_VALUES:,} values", _mark(node))
        if isinstance(node, yaml.ScalarNode):
            value = self._scalar(node)
        else:
            if any(node is other for other in self._open):
                raise DocumentError("recursive-alias", "is a recursive alias", _mark(node))
            self._open.append(node)
            value = self._mapping(node) if isinstance(node, yaml.MappingNode) else self._list(node.value, node)
            self._open.pop()
        return self._function(node, value) if node.tag.startswith("!") else value

    @staticmethod
    def _function(node: yaml.Node, value: Any) -> DictNode:  # noqa: ANN401
        name, mark = node.tag[1:], _mark(node)
        if name == "GetAtt" and isinstance(value, str):
            parts = ListNode(string_node(part, mark) for part in value.split(".", 1))
            parts.start_mark, parts.marks = mark, (mark,) * len(parts)
            value = parts
        long = DictNode({string_node(name if name in _UNPREFIXED else f"Fn::{name}", mark): value})
        long.start_mark = mark
        return long

    def _scalar(self, node: yaml.ScalarNode) -> Any:  # noqa: ANN401
        if node.tag in _SCALARS:
            try:
                return self._scalars.construct_object(node)
            except (ValueError, KeyError):  # !!int of something else, or a number of thousands of digits
                pass
        return string_node(node.value, _mark(node))

    def _list(self, nodes: list[yaml.Node], node: yaml.Node) -> ListNode:
        items = ListNode(map(self.convert, nodes))
        items.start_mark = _mark(node)
        items.marks = tuple(map(_mark, nodes))
        return items

    def _mapping(self, node: yaml.MappingNode) -> DictNode:
        mapping = DictNode()
        mapping.start_mark = _mark(node)
        merged: list[DictNode] = []
        for key, value in node.value:
            if key.tag == _MERGE:
                merged += self._merged(value)
                continue
            name = _key(key)
            if name in mapping:
                mapping.duplicates = (*mapping.duplicates, name)
            mapping[name] = self.convert(value)
        for other in merged:  # own keys come first, then those of the first mapping that has them
            for inherited, item in other.items():
                mapping.setdefault(inherited, item)
        return mapping

    def _merged(self, node: yaml.Node) -> Iterator[DictNode]:
        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            value = self.convert(part)
            if not isinstance(value, DictNode) or part.tag.startswith("!"):
                message = "is not valid YAML: << takes a mapping or a list of mappings"
                raise DocumentError("invalid-yaml", message, _mark(part))
            yield value


def _key(node: yaml.Node) -> StringNode:
    if not isinstance(node, yaml.ScalarNode):
        raise DocumentError("invalid-yaml", "is not valid YAML: a key has to be a text", _mark(node))
    return string_node(node.value, _mark(node))


def _mark(place: Any) -> Mark:  # noqa: ANN401 - a node or an event
    return Mark(place.start_mark.line, place.start_mark.column)
