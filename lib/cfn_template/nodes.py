"""A place in a template, read in one scenario.

A `Node` follows Fn::If and AWS::NoValue and remembers its path, so a finding lands on the line of the value itself.
Reading never raises: a missing value is None, one that cannot be determined is UNKNOWN.
"""

from dataclasses import dataclass, field
from functools import cached_property

from cfn_template.evaluator import chosen_branch
from cfn_template.scenarios import Scenario
from cfn_template.values import (
    NO_VALUE,
    TRANSFORM,
    Path,
    Raw,
    ShortForm,
    SymbolicString,
    Unknown,
    function_of,
    scalar_text,
)


@dataclass(eq=False)
class Node:
    """A value of the template in one scenario. `within` is false for values that a function produced.

    All rules read the same nodes, so results are cached.
    """

    scenario: Scenario
    raw: Raw
    path: Path
    within: bool = True
    _children: "dict[str, Node | None]" = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def value(self) -> object:
        """The known scalar, a SymbolicString, a list or mapping of raw values, None (NoValue) or UNKNOWN."""
        if isinstance(self.raw, dict) and function_of(self.raw) is None:
            return self.raw
        return self.raw if isinstance(self.raw, list) else self.scenario.evaluator.evaluate(self.raw)

    @property
    def text(self) -> str | SymbolicString | None:
        """The value as text, None when it is not a scalar or not known at all."""
        value = self.value
        return value if isinstance(value, SymbolicString) else scalar_text(value)

    @property
    def literal(self) -> str | None:
        """The value as text without unresolved parts."""
        return self.text if isinstance(self.text, str) else None

    @property
    def number(self) -> float | None:
        """The value as a number, also when it is written as text."""
        try:
            return float(self.literal or "")
        except ValueError:
            return None

    @property
    def is_plain(self) -> bool:
        """Whether the template has the value itself, not a function."""
        return self.within and not isinstance(self.raw, dict | list)

    def _child(self, raw: Raw, key: str | int) -> "Node | None":
        path = (*self.path, key) if self.within else self.path
        return follow(Node(self.scenario, raw, path, self.within))

    def get(self, key: str) -> "Node | None":
        """Return a member; None when it is left out. A member of an unknown value is unknown."""
        if key not in self._children:
            self._children[key] = self._member(key)
        return self._children[key]

    def _member(self, key: str) -> "Node | None":
        value = self.value
        if isinstance(value, dict):
            if key in value:
                return self._child(value[key], key)
            return self._unknown(value.get(TRANSFORM)) if any(map(is_function, value)) else None
        return self._unknown() if isinstance(value, Unknown | SymbolicString) else None

    def _unknown(self, transform: Raw = None) -> "Node":
        raw = {TRANSFORM: transform} if transform else {"Fn::Unknown": None}
        return Node(self.scenario, raw, self.path, within=False)

    def at(self, *keys: str | int) -> "Node | None":
        """Return a nested value, by names and positions."""
        node: Node | None = self
        for key in keys:
            if node is not None and isinstance(key, int):
                items = node.items or []
                node = items[key] if key < len(items) else None
            elif node is not None:
                node = node.get(str(key))
        return node

    @cached_property
    def items(self) -> "list[Node] | None":
        """The elements of a list, None when it is not a list or some elements are unknown."""
        value = self.value
        if not isinstance(value, list):
            return None
        origin = self if value is self.raw else Node(self.scenario, value, self.path, within=False)
        nodes = [origin._child(item, index) for index, item in enumerate(value)]  # noqa: SLF001 - its own class
        return [node for node in nodes if node is not None]

    @property
    def members(self) -> "dict[str, Node]":
        """The members of a mapping; empty for any other value."""
        names = [name for name in self.value if isinstance(name, str)] if isinstance(self.value, dict) else []
        return {name: node for name in names if (node := self.get(name)) is not None}


def follow(node: Node) -> Node | None:
    """Step through Fn::If to the branch that this scenario takes; None for AWS::NoValue."""
    for _ in range(40):
        name, argument = function_of(node.raw) or ("", None)
        if name == "Ref" and argument == NO_VALUE:
            return None
        branch = chosen_branch(argument, node.scenario.decide) if name == "Fn::If" else None
        if branch is None:
            return node
        index, raw = branch
        path = (*node.path, name, index) if node.within else node.path
        node = Node(node.scenario, raw, path, node.within)
    return node


def is_function(name: Raw) -> bool:
    """Tell whether a key is a function, which among other keys is a transform that may bring any member."""
    return isinstance(name, str) and name.startswith("Fn::")


@dataclass
class Resolution:
    """A value without functions: where its parts are written, and the parts that are not known, by key."""

    value: object = None
    places: dict[Path, Path] = field(default_factory=dict)
    unresolved: dict[Path, ShortForm] = field(default_factory=dict)


def resolve(node: Node) -> Resolution:
    """Return a value without functions. An unresolved part is a `ShortForm`; a transform's are left out."""
    resolution = Resolution()
    resolution.value = _resolve(node, (), resolution)
    return resolution


def _resolve(node: Node, keys: Path, resolution: Resolution) -> object:
    value = node.value
    resolution.places[keys] = node.path
    if isinstance(value, dict):
        brought = {(*keys, name): ShortForm.of({name: raw}, None) for name, raw in value.items() if is_function(name)}
        resolution.unresolved |= brought
        members = {str(name): inner for name, inner in node.members.items() if not is_function(name)}
        return {name: _resolve(inner, (*keys, name), resolution) for name, inner in members.items()}
    if isinstance(value, list):
        return [_resolve(item, (*keys, index), resolution) for index, item in enumerate(node.items or [])]
    if isinstance(value, SymbolicString | Unknown) and node.raw is not None:
        resolution.unresolved[keys] = ShortForm.of(node.raw, value)
        return resolution.unresolved[keys]
    return None if node.raw is None else str(value) if isinstance(value, str) else value
