"""References: the resource behind a Ref, Fn::GetAtt or ARN, in any notation."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cfn_template.forms import NAMES
from cfn_template.nodes import Node
from cfn_template.scenarios import Scenario
from cfn_template.values import (
    SUB_VARIABLE,
    Path,
    Raw,
    SymbolicString,
    Unresolved,
    function_of,
    parts_of,
    text_of,
)
from shadow_test_policies.experiment import ExperimentTemplate

ROLE: Final = "AWS::IAM::Role"
DEFAULT_TIMEOUT: Final = 3.0  # Lambda's, in seconds
ARN_FIELDS: Final = 6


@dataclass(frozen=True)
class Reference:
    """A value that is nothing but a reference to a resource of the template."""

    function: str
    name: str
    attribute: str
    type: str


def reference_of(view: ExperimentTemplate, node: Node | None) -> Reference | None:
    """Return the reference that a value consists of, if it is to a resource of this template."""
    text = node.text if node is not None else None
    unresolved = text.only_unresolved if isinstance(text, SymbolicString) else None
    if unresolved is None or unresolved.function not in ("Ref", "Fn::GetAtt"):
        return None
    name, _, attribute = unresolved.argument.partition(".")
    kind = view.type_of(name)
    return Reference(unresolved.function, name, attribute, kind) if kind else None


def arn_fields(text: str | SymbolicString | None) -> list[str]:
    """Return the fields of an ARN, each unresolved part shown as "?"; empty when the value is not an ARN."""
    parts = text.parts if isinstance(text, SymbolicString) else (text or "",)
    shown = "".join(part if isinstance(part, str) else "?" for part in parts)
    fields = shown.split(":", ARN_FIELDS)
    return fields if fields[0] == "arn" and len(fields) >= ARN_FIELDS else []


def path_in_arn(text: str | SymbolicString | None) -> str:
    """Return the path in the ARN of a role of the stack's account, empty if it is another ARN or not known."""
    fields = arn_fields(text)
    is_own = bool(fields) and fields[2] == "iam" and fields[4] == "?" and fields[5].startswith("role/")
    path = fields[5].removeprefix("role").rpartition("/")[0] + "/" if is_own else ""
    return "" if "?" in path else path


def unresolved_of(text: str | SymbolicString | None) -> list[Unresolved]:
    """Return the unresolved parts of a string."""
    return [part for part in text.parts if isinstance(part, Unresolved)] if isinstance(text, SymbolicString) else []


def referenced(text: str | SymbolicString | None) -> list[str]:
    """Return the names that Ref and Fn::GetAtt in a string refer to."""
    functions = ("Ref", "Fn::GetAtt")
    return [one.argument.partition(".")[0] for one in unresolved_of(text) if one.function in functions]


def named_resource(view: ExperimentTemplate, node: Node | None, kind: str) -> str | None:
    """Return the resource of a type that a value names: by reference, or by the same name."""
    reference = reference_of(view, node)
    if reference is not None:
        return reference.name if reference.type == kind else None
    return resource_with_name(view, kind, node.text, node.scenario) if node is not None else None


def resource_with_name(
    view: ExperimentTemplate, kind: str, text: str | SymbolicString | None, scenario: Scenario
) -> str | None:
    """Return the resource of a type with a name."""
    for name in view.of_type(kind) if text else ():
        node = view.resource(name, scenario).at("Properties", NAMES[kind].property)
        if node is not None and node.text == text and view.exists(name, scenario):
            return name
    return None


def is_logical_id(view: ExperimentTemplate, kind: str, text: str | SymbolicString | None, scenario: Scenario) -> bool:
    """Tell whether a name is the logical id of a resource of a type, which certainly has another name."""
    if not isinstance(text, str) or view.type_of(text) != kind or not view.exists(text, scenario):
        return False
    own = view.resource(text, scenario).at("Properties", NAMES[kind].property)
    return own is None or own.literal not in (None, text)


def after_last(text: str | SymbolicString | None, delimiter: str) -> str | SymbolicString | None:
    """Return what is after the last delimiter in the known parts of a text, None if there is no delimiter."""
    parts = parts_of(text) or []
    for index in reversed(range(len(parts))):
        part = parts[index]
        if isinstance(part, str) and delimiter in part:
            return text_of([part.rpartition(delimiter)[2], *parts[index + 1 :]])
    return None


def role_behind(view: ExperimentTemplate, node: Node) -> str | None:
    """Return the role of the template that an ARN or a name stands for: by reference, or by its name."""
    for name in referenced(node.text):
        if view.type_of(name) == ROLE:
            return name if view.exists(name, node.scenario) else None
    return resource_with_name(view, ROLE, after_last(node.text, "/") or node.text, node.scenario)


def function_timeout(view: ExperimentTemplate, token: Node | None) -> tuple[float, Node] | None:
    """Return the timeout in seconds of our function behind a ServiceToken, and its node."""
    name = view.provider_of(token)
    properties = view.resource(name, token.scenario).get("Properties") if name and token is not None else None
    if properties is None:
        return None
    node = properties.get("Timeout")
    if node is None:
        return DEFAULT_TIMEOUT, properties
    return None if node.number is None else (node.number, node)


def exports_of(view: ExperimentTemplate, scenario: Scenario) -> dict[str, str]:
    """Return the outputs that a template and its nested stacks export, by the name of the export."""
    outputs = view.template.get("Outputs")
    names = outputs if isinstance(outputs, dict) else {}
    nodes = {name: Node(scenario, raw, ("Outputs", name)).at("Export", "Name") for name, raw in names.items()}
    return {str(node.text): name for name, node in nodes.items() if node is not None and node.text}


def attribute_uses(raw: Raw) -> Iterator[tuple[Path, str, str]]:
    """Yield (path, resource, attribute) for each Fn::GetAtt and each ${a.b} of Fn::Sub beneath a raw value."""
    stack: list[tuple[Path, Raw]] = [((), raw)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, list):
            stack += [((*path, index), item) for index, item in enumerate(value)]
        if isinstance(value, dict):
            stack += [((*path, key), member) for key, member in value.items()]
        function, argument = function_of(value) or ("", None)
        if function == "Fn::GetAtt":
            if isinstance(argument, list) and all(isinstance(part, str) for part in argument):
                argument = ".".join(argument)
            yield from _split_use(path, argument)
        if function == "Fn::Sub":
            text = argument[0] if isinstance(argument, list) and argument else argument
            for name in SUB_VARIABLE.findall(text) if isinstance(text, str) else ():
                yield from _split_use(path, name.strip())


def _split_use(path: Path, names: Raw) -> Iterator[tuple[Path, str, str]]:
    name, _, attribute = names.partition(".") if isinstance(names, str) else ("", "", "")
    if attribute:
        yield path, name, attribute
