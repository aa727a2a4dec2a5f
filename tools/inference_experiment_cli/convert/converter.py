"""From one type of experiment to another, as edits of the text: comments, order and functions stay.

Only what the other type cannot take is changed; what that loses is told in notes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import yaml

from cfn_template.documents import syntax_tree
from cfn_template.mentions import mentioned
from inference_experiment import contract
from inference_experiment_cli.convert import experiment_name
from inference_experiment_cli.convert.edits import Edits, call_like, one_line
from inference_experiment_cli.convert.names import (
    VARIABLE,
    LogicalIds,
    Resource,
    Suffix,
    rename_dependencies,
    rename_references,
    resources_of,
)
from inference_experiment_cli.convert.syntax import (
    branches_of,
    end_of,
    get_att,
    is_flow,
    member,
    members,
    scalar,
    sub_text,
    walk,
)
from inference_experiment_cli.convert.target import Target, custom_only, type_of
from inference_experiment_cli.inputs.documents import Document, parse_document
from shadow_test_policies import registry_type

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
CREATED_ANEW: Final = (
    "CloudFormation cannot change the type of a resource under one logical ID "
    "(was the template never deployed? --keep-logical-id)"
)
UNIQUE: Final = "the new experiment is created before the old one is deleted, and a name can be used once"
ONE_AT_A_TIME: Final = (
    "an endpoint runs one shadow test at a time: before deploying, set DeletionPolicy: Retain on the deployed one, and "
    "end it (docs/convert.md)"
)
RETAINED: Final = (
    "DeletionPolicy is kept: the new experiment goes on running when its stack is deleted; "
    "remove it unless that is wanted"
)
IMPORT: Final = "or import the deployed experiment into the stack, with --keep-logical-id"
ENDED: Final = "type does not create an experiment that has ended; remove DesiredState for a new test"
ATTRIBUTES: Final = {
    Target.CUSTOM: frozenset(contract.attributes()),
    Target.NATIVE: NATIVE_ATTRIBUTES,
    Target.REGISTRY: frozenset(registry_type.attributes()),
}


@dataclass
class Converter:
    """Collects the edits of one document, and notes on what they mean for whoever deploys it.

    `registry_name` is the name that the registry type gets, `registry_types` are all that it is known by.
    """

    document: Document
    target: Target
    token: str = ""
    keep_logical_id: bool = False
    registry_name: str = registry_type.REGISTRY_TYPE
    registry_types: frozenset[str] = registry_type.REGISTRY_TYPES
    _notes: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the text."""
        self._edits = Edits(self.document.text)
        self._top = syntax_tree(self.document.text)

    @property
    def notes(self) -> list[str]:
        """The notes, each with its place, in the order of the lines."""
        return [f"{self.document.name}:{line}: {text}" for line, text in sorted(self._notes, key=lambda one: one[0])]

    def convert(self) -> str:
        """Return the converted text. Raises UsageError where there is nothing to convert."""
        resources = list(resources_of(member(self._top, "Resources")))
        typed = {kind: [one for one in resources if self._kind(one) is kind] for kind in Target}
        others = [kind for kind in Target if kind is not self.target]
        experiments = [(one, kind) for kind in others for one in typed[kind]]
        if not experiments:
            names = " or ".join(type_of(kind, self.registry_name) for kind in others)
            return self._unchanged(f"no resource is of type {names}", typed[self.target])
        experiments.sort(key=lambda pair: pair[0].key.start_mark.index)
        self.token = self.token or self._present_token(typed[Target.CUSTOM]) or DEFAULT_TOKEN
        shared: set[int] = set()  # Properties that several resources have, by an alias
        for experiment, _ in experiments:
            self._convert(experiment, shared)
        ids = LogicalIds.of(self._top, [(one, Suffix.of(self.target, kind)) for one, kind in experiments])
        self._attributes(ids)
        if not self.keep_logical_id:
            self._rename(experiments, ids, resources)
        text = self._edits.applied()
        self._note_unused(parse_document(text, self.document.name))
        return text

    def _note_unused(self, converted: Document) -> None:
        """Note the parameters that only removed properties have used, such as ServiceToken."""
        before, after = ({name for _, name in mentioned(each.value)} for each in (self.document, converted))
        for key, _ in members(member(self._top, "Parameters")):
            if key.value in before - after:
                self._note(key, f"nothing uses {key.value} any more; remove it")

    def _kind(self, resource: Resource) -> Target | None:
        """Return which type of experiment a resource is of."""
        name = scalar(member(resource.node, "Type"))
        if name in self.registry_types:
            return Target.REGISTRY
        return next((kind for kind in (Target.CUSTOM, Target.NATIVE) if type_of(kind) == name), None)

    def _present_token(self, experiments: list[Resource]) -> str:
        """Return the ServiceToken of the template's other experiments, on one line."""
        properties = (each for one in experiments for each in _properties(one.node))
        tokens = filter(None, (member(each, "ServiceToken") for each in properties))
        return next((one_line(self._edits, token) for token in tokens), "")

    def _unchanged(self, reason: str, converted: list[Resource]) -> str:
        if not converted:
            raise self.document.error(("Resources",), reason)
        names = ", ".join(one.logical_id for one in converted)
        self._note(
            converted[0].key,
            f"{reason}; already {scalar(member(converted[0].node, 'Type'))}: {names}. Nothing is changed",
        )
        return self.document.text

    def _convert(self, experiment: Resource, shared: set[int]) -> None:
        kind = member(experiment.node, "Type")
        branches = list(_properties(experiment.node))
        if not isinstance(kind, yaml.ScalarNode) or not branches:
            raise self.document.error(("Resources", experiment.logical_id), "has no Properties")
        self._edits.begin_with(kind, str(kind.value), type_of(self.target, self.registry_name))
        for properties in (branch for branch in branches if id(branch) not in shared):
            shared.add(id(properties))
            if self.target is Target.CUSTOM:
                new = [("ServiceToken", self.token), ("ServiceTimeout", str(TIMEOUT))]
                self._insert(experiment.node, properties, [each for each in new if member(properties, each[0]) is None])
                self._note_end(properties)
            elif self.target is Target.NATIVE:
                self._to_native(experiment, properties)
            else:
                self._remove(properties, sorted(contract.SERVICE_PROPERTIES))
                self._note_end(properties)

    def _note_end(self, properties: yaml.Node) -> None:
        state = member(properties, "DesiredState")
        for each in branches_of(state) if state is not None else ():
            if scalar(each) in ("Completed", "Cancelled"):
                self._note(each, f"DesiredState {scalar(each)}: the {self.target} {ENDED}")

    def _to_native(self, experiment: Resource, properties: yaml.Node) -> None:
        written = {str(key.value): key for key, _ in members(properties)}
        self._remove(properties, custom_only(written))
        for name in [name for name in LOST if name in written]:
            self._note(written[name], f"{name} is removed: {LOST[name]}")
        if "DesiredState" in written:
            self._note(written["DesiredState"], "DesiredState is ignored by the native type at creation")
        if member(properties, "Name") is None:
            logical_id = experiment.logical_id
            self._insert(experiment.node, properties, [("Name", f"!Sub ${{AWS::StackName}}-{logical_id}")])
            self._note(
                experiment.node,
                f"{logical_id} had a derived Name; the native type needs one, and deploying it makes a new experiment",
            )

    def _rename(self, experiments: list[tuple[Resource, Target]], ids: LogicalIds, resources: list[Resource]) -> None:
        rename_references(self._edits, ids, self._top)
        rename_dependencies(self._edits, ids, resources)
        for experiment, source in experiments:
            suffix = Suffix.of(self.target, source, "-")
            old = experiment.logical_id
            self._edits.begin_with(experiment.key, old, ids.new[old])
            self._note(experiment.key, f"{old} is renamed to {ids.new[old]}: {CREATED_ANEW}")
            for name in filter(None, (member(each, "Name") for each in _properties(experiment.node))):
                self._note_name(name, experiment_name.rename(self._edits, name, suffix, self._top), suffix)
            policy = member(experiment.node, "DeletionPolicy")
            if policy is not None and scalar(policy).startswith("Retain"):
                self._note(policy, RETAINED)
        last = experiments[-1][0].key
        self._note(last, f"{ONE_AT_A_TIME}; {IMPORT}" if self.target is Target.REGISTRY else ONE_AT_A_TIME)

    def _note_name(self, node: yaml.Node, names: list[str], suffix: Suffix) -> None:
        removed = bool(names) and all(map(suffix.is_removed, names))
        change = f"loses {suffix.remove}" if removed else f"gets {suffix.append} at its end"
        self._note(node, f"Name {change}: {UNIQUE}")
        outputs = member(self._top, "Outputs")
        for one in walk(outputs) if outputs is not None else ():
            if scalar(one) in names:
                self._note(one, f"{scalar(one)} was the Name of the experiment; use Ref")

    def _note(self, node: yaml.Node, text: str) -> None:
        note = (node.start_mark.line + 1, text)
        if note not in self._notes:
            self._notes.append(note)

    def _insert(self, resource: yaml.Node, properties: yaml.Node, new: list[tuple[str, str]]) -> None:
        if not new:
            return
        first = properties.value[0][0].start_mark
        text = self.document.text
        if is_flow(properties):
            same_line = properties.start_mark.line == first.line
            gap = " " if same_line else "\n" + text[first.index - first.column : first.index]
            # JSON, which YAML's flow style takes too.
            values = [(name, parse_document(value, "--service-token").value) for name, value in new]
            self._edits.add(
                first.index,
                first.index,
                "".join(f"{json.dumps(name)}: {json.dumps(value)},{gap}" for name, value in values),
            )
            return
        key = next(key for key, _ in members(resource) if key.value == "Properties")
        at = text.find("\n", key.end_mark.index)
        line_break = "\r\n" if text[at - 1 : at] == "\r" else "\n"
        lines = [f"{name}: {value}{line_break}" for name, value in new]
        indent = " " * first.column
        if member(resource, "Properties") is properties and properties.start_mark.index > key.start_mark.index:
            self._edits.add(at + 1, at + 1, "".join(indent + line for line in lines))
        else:  # an alias, or a branch of Fn::If
            self._edits.add(first.index, first.index, "".join(line + indent for line in lines))

    def _remove(self, properties: yaml.Node, names: list[str]) -> None:
        flow, text = is_flow(properties), self.document.text
        kept = [index for index, (key, _) in enumerate(properties.value) if key.value not in names]
        for index, (key, value) in enumerate(properties.value):
            if key.value not in names:
                continue
            start = key.start_mark.index
            line = start - key.start_mark.column
            if not flow and not text[line:start].strip():
                end = text.find("\n", end_of(value))
                self._edits.add(line, len(text) if end < 0 else end + 1, "")
            elif following := [other for other in kept if other > index]:  # in braces, or after the dash of a list
                self._edits.add(start, properties.value[following[0]][0].start_mark.index, "")
            elif index == len(properties.value) - 1:  # with all removed ones before it, and the comma before those
                after = (
                    properties.value[kept[-1]][1].end_mark.index if kept else properties.value[0][0].start_mark.index
                )
                self._edits.add(after, value.end_mark.index, "")

    def _attributes(self, ids: LogicalIds) -> None:
        """Convert the attributes of the converted resources; note those that the other type does not have."""
        for node in walk(self._top):
            if (call := get_att(node)) is not None:
                _, name, attribute = call
                if self._takes_ref(ids, name, attribute, node):
                    reference = name if self.keep_logical_id else str(ids.get(name))
                    self._edits.add(node.start_mark.index, end_of(node), call_like(node, "Ref", reference))
            elif (text := sub_text(node)) is not None:
                for match in self._edits.matches(text[0], VARIABLE):
                    known = match[1] not in text[1] and match[2]
                    if known and self._takes_ref(ids, match[1], match[2], node):
                        self._edits.add(match.end(1), match.end(2), "")

    def _takes_ref(self, ids: LogicalIds, name: str, attribute: str, node: yaml.Node) -> bool:
        """Tell whether Ref returns what an attribute returned; note an attribute that the other type does not have."""
        if ids.get(name) is None:
            return False
        if self.target is not Target.CUSTOM and attribute == "Name":
            return True
        if attribute not in ATTRIBUTES[self.target]:
            parts = f"; take one of its parts, as {attribute}.EndpointName" if self.target is Target.CUSTOM else ""
            self._note(node, f"the {self.target} type has no attribute {attribute}{parts}")
        return False


def _properties(resource: yaml.Node) -> Iterator[yaml.Node]:
    """Yield the Properties of a resource, in each branch where they are Fn::If."""
    node = member(resource, "Properties")
    if node is not None:
        yield from (branch for branch in branches_of(node) if members(branch))
