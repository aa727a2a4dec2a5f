"""From the native type to the custom type and back, as edits of the text: comments, order and functions stay.

Only what the other type cannot take is changed; what that loses is told in notes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import yaml

from cfn_template.documents import syntax_tree
from inference_experiment import contract
from inference_experiment_cli.convert.target import Target, custom_only
from inference_experiment_cli.inputs.documents import Document, parse_document

# Of Fn::GetAtt on the native type (aws-facts 3.1).
NATIVE_ATTRIBUTES: Final = frozenset(
    {
        "Arn",
        "CreationTime",
        "LastModifiedTime",
        "Status",
        "EndpointMetadata",
        "EndpointMetadata.EndpointName",
        "EndpointMetadata.EndpointConfigName",
        "EndpointMetadata.EndpointStatus",
    }
)
LOST: Final = {
    "ModelVariantActions": "the native type promotes where ModelVariants drops the production variant",
    "PromotionCriteria": "the native type promotes without conditions",
}
DEFAULT_TOKEN: Final = "!ImportValue inference-experiment-provider-ServiceToken"  # noqa: S105 - a name
TIMEOUT: Final = 3600
TYPES: Final = {Target.CUSTOM: contract.CUSTOM_TYPE, Target.NATIVE: contract.NATIVE_TYPE}


@dataclass
class Converter:
    """Collects the edits of one document: (from, to, text), by offset."""

    document: Document
    target: Target
    token: str = DEFAULT_TOKEN
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def convert(self) -> str:
        """Return the converted text. Raises UsageError where there is nothing to convert."""
        source = Target.NATIVE if self.target is Target.CUSTOM else Target.CUSTOM
        top = syntax_tree(self.document.text)
        found = [
            (key.value, node)
            for key, node in _members(_member(top, "Resources"))
            if _scalar(_member(node, "Type")) == TYPES[source]
        ]
        if not found:
            raise self.document.error(("Resources",), f"no resource is of type {TYPES[source]}")
        for logical_id, node in found:
            self._resource(logical_id, node, source)
        self._attributes(top, {logical_id for logical_id, _ in found})
        text = self.document.text
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        parse_document(text, self.document.name)
        return text

    def _resource(self, logical_id: str, node: yaml.Node, source: Target) -> None:
        kind = _member(node, "Type")
        properties = _member(node, "Properties")
        if kind is None or properties is None or not _members(properties):
            raise self.document.error(("Resources", logical_id), "has no Properties")
        start, end = kind.start_mark.index, kind.end_mark.index
        written = self.document.text[start:end].replace(TYPES[source], TYPES[self.target])
        self.edits.append((start, end, written))
        if self.target is Target.CUSTOM:
            present = {key.value for key, _ in properties.value}
            new = [("ServiceToken", self.token), ("ServiceTimeout", str(TIMEOUT))]
            self._insert(node, properties, [pair for pair in new if pair[0] not in present])
        else:
            self._to_native(logical_id, node, properties)

    def _to_native(self, logical_id: str, node: yaml.Node, properties: yaml.Node) -> None:
        members = {key.value: (key, value) for key, value in properties.value}
        self._remove(properties, custom_only(members))
        for name in [name for name in LOST if name in members]:
            self._note(members[name][0], f"{name} is removed: {LOST[name]}")
        if "DesiredState" in members:
            self._note(members["DesiredState"][0], "DesiredState is ignored by the native type at creation")
        if "Name" not in members:
            self._insert(node, properties, [("Name", f"!Sub ${{AWS::StackName}}-{logical_id}")])
            self._note(
                node,
                f"{logical_id} had a derived Name; the native type needs one, and deploying it makes a new experiment",
            )

    def _note(self, node: yaml.Node, text: str) -> None:
        self.notes.append(f"{self.document.name}:{node.start_mark.line + 1}: {text}")

    def _insert(self, resource: yaml.Node, properties: yaml.Node, members: list[tuple[str, str]]) -> None:
        if not members:
            return
        first = properties.value[0][0].start_mark
        text = self.document.text
        if _is_flow(properties):
            same_line = properties.start_mark.line == first.line
            gap = " " if same_line else "\n" + text[first.index - first.column : first.index]
            # JSON, which YAML's flow style takes too.
            values = [(name, parse_document(value, "--service-token").value) for name, value in members]
            new = "".join(f"{json.dumps(name)}: {json.dumps(value)},{gap}" for name, value in values)
            self.edits.append((first.index, first.index, new))
            return
        key = next(key for key, _ in resource.value if key.value == "Properties")
        at = text.find("\n", key.end_mark.index)
        line_break = "\r\n" if text[at - 1 : at] == "\r" else "\n"
        new = "".join(f"{' ' * first.column}{name}: {value}{line_break}" for name, value in members)
        self.edits.append((at + 1, at + 1, new))

    def _remove(self, properties: yaml.Node, names: list[str]) -> None:
        flow, text = _is_flow(properties), self.document.text
        kept = [index for index, (key, _) in enumerate(properties.value) if key.value not in names]
        for index, (key, value) in enumerate(properties.value):
            if key.value not in names:
                continue
            if not flow:
                end = text.find("\n", _last(value))
                self.edits.append((key.start_mark.index - key.start_mark.column, len(text) if end < 0 else end + 1, ""))
            elif kept and index < kept[-1]:
                self.edits.append((key.start_mark.index, properties.value[index + 1][0].start_mark.index, ""))
            elif index == len(properties.value) - 1:  # with all removed ones before it, and the comma before those
                start = (
                    properties.value[kept[-1]][1].end_mark.index if kept else properties.value[0][0].start_mark.index
                )
                self.edits.append((start, value.end_mark.index, ""))

    def _attributes(self, node: yaml.Node, names: set[str]) -> None:
        """Convert Fn::GetAtt of the converted resources; note what the other type does not have."""
        for one in _walk(node):
            call = _get_att(one)
            if call is None or call[0] not in names:
                continue
            name, attribute = call
            if self.target is Target.NATIVE and attribute == "Name":
                self.edits.append((one.start_mark.index, _last(one), self._reference(one, name)))
            elif self.target is Target.NATIVE and attribute not in NATIVE_ATTRIBUTES:
                self._note(one, f"the native type has no attribute {attribute}")
            elif self.target is Target.CUSTOM and attribute not in contract.attributes():
                self._note(
                    one,
                    f"the custom type has no attribute {attribute}; take one of its parts, as {attribute}.EndpointName",
                )

    def _reference(self, node: yaml.Node, name: str) -> str:
        if node.tag.startswith("!"):
            return f"!Ref {name}"
        return json.dumps({"Ref": name}) if _is_flow(node) else f"Ref: {name}"


def _is_flow(node: yaml.Node) -> bool:
    """Return whether a mapping or a list is written with brackets."""
    return bool(getattr(node, "flow_style", False))


def _members(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return list(node.value) if isinstance(node, yaml.MappingNode) else []


def _member(node: yaml.Node | None, name: str) -> yaml.Node | None:
    return next((value for key, value in _members(node) if key.value == name), None)


def _scalar(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return [part for pair in _members(node) for part in pair]


def _walk(node: yaml.Node) -> Iterator[yaml.Node]:
    waiting, seen = [node], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += _children(one)


def _last(node: yaml.Node) -> int:
    """Return where a value's text ends; YAML's own mark of a block is behind the comments that follow it."""
    children = _children(node)
    return int(node.end_mark.index) if _is_flow(node) or not children else _last(children[-1])


def _get_att(node: yaml.Node) -> tuple[str, str] | None:
    """Return resource and attribute of a node that is Fn::GetAtt, in any of its forms."""
    argument = node if node.tag == "!GetAtt" else _member(node, "Fn::GetAtt")
    if argument is None:
        return None
    if isinstance(argument, yaml.SequenceNode):
        parts = [_scalar(part) for part in argument.value]
    else:
        parts = _scalar(argument).split(".", 1)
    return (parts[0], ".".join(parts[1:])) if len(parts) > 1 and all(parts) else None
