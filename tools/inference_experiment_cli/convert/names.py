"""New logical IDs for converted experiments, and for everything in the template that refers to them.

CloudFormation cannot change the type of a resource under one logical ID, and creates the new resource before it deletes
the old one. So logical ID and Name get a suffix, which a conversion back removes.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import yaml

from cfn_template.language_extensions import FOR_EACH
from inference_experiment_cli.convert.edits import Edits
from inference_experiment_cli.convert.syntax import (
    argument_of,
    get_att,
    items_of,
    member,
    members,
    scalar,
    sub_text,
    walk,
)
from inference_experiment_cli.convert.target import Target

_LOOP_VARIABLE: Final = re.compile(r"[$&]\{[^{}]*\}")
# Of Fn::Sub: what it names, and the attribute.
VARIABLE: Final = re.compile(r"\$\{\s*([^!{}.\s]+)(?:\.([^{}]+?))?\s*\}")
# What may stand for a loop variable where a loop's resource is referred to: its value, or a variable of another loop.
_LOOP_VALUE: Final = r"(?:[A-Za-z0-9]|[$&]\{[^{}]*\})+"


@dataclass(frozen=True)
class Resource:
    """A resource of a template: its logical ID, in a loop with loop variables, and what is beneath it."""

    key: yaml.ScalarNode
    node: yaml.Node

    @property
    def logical_id(self) -> str:
        """The logical ID."""
        return str(self.key.value)


def resources_of(node: yaml.Node | None) -> Iterator[Resource]:
    """Yield the resources of a template's Resources, with those in the loops of Fn::ForEach."""
    for key, value in members(node):
        if not str(key.value).startswith(FOR_EACH):
            yield Resource(key, value)  # type: ignore[arg-type] # a document's keys are scalars
        elif len(items := items_of(value)) > 1:
            yield from resources_of(items[-1])


def loop_variables(top: yaml.Node) -> Iterator[str]:
    """Yield the variables of all loops."""
    for node in walk(top):
        for key, value in members(node):
            if str(key.value).startswith(FOR_EACH) and (items := items_of(value)):
                yield scalar(items[0])


@dataclass(frozen=True)
class Suffix:
    """What a conversion appends to a name, unless it can remove what a conversion to the old type has appended."""

    append: str
    remove: str

    @classmethod
    def of(cls, target: Target, source: Target, separator: str = "") -> "Suffix":
        """Return such as Custom and Native, or in lower case after a separator."""
        append, remove = (
            separator + (each.value if separator else each.value.capitalize()) for each in (target, source)
        )
        return cls(append, remove)

    def is_removed(self, name: str) -> bool:
        """Tell whether a name gets shorter."""
        return name.endswith(self.remove) and name != self.remove

    def cut(self, name: str) -> int:
        """Return how many characters of a name are removed at its end."""
        return len(self.remove) if self.is_removed(name) else 0

    def added(self, name: str) -> str:
        """Return what is appended to a name."""
        return "" if self.is_removed(name) else self.append

    def change(self, name: str) -> str:
        """Return the new name."""
        return name[: len(name) - self.cut(name)] + self.added(name)


@dataclass
class LogicalIds:
    """The new logical IDs of experiments, by the old ones."""

    new: dict[str, str] = field(default_factory=dict)
    loops: list[tuple[re.Pattern[str], Suffix]] = field(default_factory=list)
    others: frozenset[str] = frozenset()

    @classmethod
    def of(cls, top: yaml.Node, experiments: Iterable[tuple[Resource, Suffix]]) -> "LogicalIds":
        """Choose names that no resource or parameter of the template has."""
        ids = cls()
        converted = {experiment.logical_id: suffix for experiment, suffix in experiments}
        parameters = [str(key.value) for key, _ in members(member(top, "Parameters"))]
        resources = [resource.logical_id for resource in resources_of(member(top, "Resources"))]
        ids.others = frozenset([*parameters, *resources, *loop_variables(top)]) - {*converted}
        for name, suffix in converted.items():
            ids._choose(name, suffix, {*ids.others, *converted, *ids.new.values()})
        return ids

    def _choose(self, name: str, suffix: Suffix, taken: set[str]) -> None:
        if _LOOP_VARIABLE.search(name):
            fixed = map(re.escape, _LOOP_VARIABLE.split(name))
            self.loops.append((re.compile(_LOOP_VALUE.join(fixed)), suffix))
        chosen, count = suffix.change(name), 2
        while chosen in taken:
            chosen, count = f"{suffix.change(name)}{count}", count + 1
        self.new[name] = chosen

    def get(self, name: str) -> str | None:
        """Return the new logical ID of an experiment that a reference names, None for another resource."""
        if name in self.new:
            return self.new[name]
        loops = (suffix for loop, suffix in self.loops if name not in self.others and loop.fullmatch(name))
        return next((suffix.change(name) for suffix in loops), None)


def rename_dependencies(edits: Edits, ids: LogicalIds, resources: Iterable[Resource]) -> None:
    """Edit DependsOn of all resources."""
    for resource in resources:
        node = member(resource.node, "DependsOn")
        for one in items_of(node) or filter(None, [node]):
            if isinstance(one, yaml.ScalarNode) and (new := ids.get(one.value)):
                edits.begin_with(one, one.value, new)


def rename_references(edits: Edits, ids: LogicalIds, top: yaml.Node) -> None:
    """Edit Ref, Fn::GetAtt and the variables of Fn::Sub."""
    for node in walk(top):
        if (call := get_att(node)) is not None:
            _rename(edits, ids, call[0], call[1])
        elif (reference := argument_of(node, "Ref")) is not None:
            inner = sub_text(reference)
            named = inner[0] if inner else reference
            _rename(edits, ids, named, scalar(named))
        elif (text := sub_text(node)) is not None:
            for match in edits.matches(text[0], VARIABLE):
                new = None if match[1] in text[1] else ids.get(match[1])
                if new:
                    edits.add(*match.span(1), new)


def _rename(edits: Edits, ids: LogicalIds, node: yaml.Node, name: str) -> None:
    new = ids.get(name)
    if new and isinstance(node, yaml.ScalarNode):
        edits.begin_with(node, name, new)
