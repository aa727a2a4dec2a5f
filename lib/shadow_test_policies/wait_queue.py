"""The queue through which the provider continues a wait: its URL, and what reads it, in the same template."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cfn_template.forms import NAMES, expanded
from cfn_template.mentions import mentioned
from cfn_template.nested import SEPARATOR
from cfn_template.nodes import Node
from cfn_template.scenarios import Scenario
from cfn_template.undefined import may_gain
from cfn_template.values import SymbolicString, Unresolved
from shadow_test_policies.experiment import QUEUE_VARIABLE, ExperimentTemplate
from shadow_test_policies.references import (
    DEFAULT_TIMEOUT,
    after_last,
    attribute_uses,
    reference_of,
    referenced,
    resource_with_name,
)
from shadow_test_policies.service_token import HOLDERS, SERVERLESS_FUNCTION

QUEUE: Final = "AWS::SQS::Queue"
MAPPING: Final = "AWS::Lambda::EventSourceMapping"
URL: Final = ("http://", "https://")
FIFO: Final = ".fifo"
DEFAULT_VISIBILITY: Final = 30.0
# Types that use a queue without reading it, or passing it on to what reads it.
USERS: Final = (
    *("AWS::IAM::", "AWS::KMS::", "AWS::SQS::", "AWS::CloudWatch::", "AWS::Logs::", "AWS::Lambda::"),
    *("AWS::Serverless::Function", "AWS::Serverless::Connector", "AWS::SageMaker::"),
)


@dataclass(frozen=True)
class Reader:
    """An event source mapping: a resource, or one that SAM generates for an event of a function.

    `queue` is the value of its source, `function` the logical id of what it invokes, None if it is not known.
    """

    name: str
    queue: Node | None
    function: str | None
    is_enabled: bool


def variable_of(view: ExperimentTemplate, function: str, scenario: Scenario) -> Node | None:
    """Return the value of WAIT_QUEUE_URL of a function."""
    return view.resource(function, scenario).at("Properties", "Environment", "Variables", QUEUE_VARIABLE)


def queue_of(view: ExperimentTemplate, node: Node | None, delimiter: str = "/") -> str | None:
    """Return the queue of this template that a URL stands for; with the delimiter ":" an ARN."""
    text = node.text if node is not None else None
    for name in referenced(text):
        if view.type_of(name) == QUEUE:
            return name
    tail = after_last(text, delimiter)
    return resource_with_name(view, QUEUE, tail, node.scenario) if node is not None and tail else None


def wrong_url(view: ExperimentTemplate, node: Node) -> str:
    """Return why a value is certainly not the URL of a queue; empty if it is or may be."""
    reference = reference_of(view, node)
    if reference is not None:
        name, kind = reference.name, reference.type
        if kind == QUEUE:
            wrong = {"Arn": "the ARN", "QueueName": "the name"}.get(reference.attribute)
            return f"{QUEUE_VARIABLE} is {wrong} of {name}, not its URL; write !Ref {name}" if wrong else ""
        is_other = kind.startswith("AWS::") and not kind.startswith(HOLDERS) and "Outputs." not in reference.attribute
        return f"{QUEUE_VARIABLE} is of {name}, an {kind}; write the URL of the wait queue" if is_other else ""
    text = node.text
    parts = text.parts if isinstance(text, SymbolicString) else (text or "",)
    head = parts[0]
    if isinstance(head, Unresolved):
        head = expanded(head, view.resources)[0] if queue_of(view, node) else ""
    if not isinstance(head, str) or not head or any(map(head.startswith, URL)):
        return ""
    if len(parts) > 1 and any(each.startswith(head) for each in URL):
        return ""
    named = node.literal if view.type_of(node.literal or "") == QUEUE else None  # by its logical id
    queue = queue_of(view, node, ":") or queue_of(view, node) or named
    advice = f"write !Ref {queue}" if queue else "write the URL of the wait queue (!Ref of an AWS::SQS::Queue)"
    return f"{QUEUE_VARIABLE} is '{text}', which is not the URL of a queue; {advice}"


def fifo_of(view: ExperimentTemplate, node: Node) -> Node | None:
    """Return the value that makes the queue behind a URL a FIFO queue."""
    queue = queue_of(view, node)
    if queue is None:
        return node if (node.literal or "").endswith(FIFO) else None
    fifo = view.resource(queue, node.scenario).at("Properties", "FifoQueue")
    return fifo if fifo is not None and (fifo.literal or "").lower() == "true" else None


def too_short_visibility(view: ExperimentTemplate, queue: str, function: Node) -> tuple[float, float, Node] | None:
    """Return visibility timeout, function timeout and the former's node if Lambda refuses to read the queue with them.

    `function` is the properties of a function of SAM; cfn-lint compares those of Lambda itself (E3505).
    """
    properties = view.resource(queue, function.scenario).get("Properties")
    own, timeout = properties.get("VisibilityTimeout") if properties else None, function.get("Timeout")
    visible = DEFAULT_VISIBILITY if own is None else own.number
    seconds = DEFAULT_TIMEOUT if timeout is None else timeout.number
    if visible is None or seconds is None or visible >= seconds:
        return None
    return visible, seconds, own or properties or view.resource(queue, function.scenario)


def readers(view: ExperimentTemplate, scenario: Scenario) -> Iterator[Reader]:
    """Yield the event source mappings that exist in a scenario."""
    for name in view.of_type(MAPPING, SERVERLESS_FUNCTION):
        properties = view.resource(name, scenario).get("Properties") if view.exists(name, scenario) else None
        if properties is None:
            continue
        if view.type_of(name) == MAPPING:
            yield _reader(name, properties, "EventSourceArn", _invoked(view, properties.get("FunctionName")))
            continue
        events = properties.get("Events")
        for event, node in events.members.items() if events is not None else ():
            kind, inner = node.get("Type"), node.get("Properties")
            if kind is None or inner is None or kind.literal in {"SQS", None}:
                yield _reader(name + event, inner or node, "Queue", name)


def _reader(name: str, properties: Node, source: str, function: str | None) -> Reader:
    enabled = properties.get("Enabled")
    is_enabled = enabled is None or (enabled.literal or "").lower() != "false"
    return Reader(name, properties.get(source), function, is_enabled)


def _invoked(view: ExperimentTemplate, node: Node | None) -> str | None:
    name = view.function_of(node)
    if name is not None or node is None:
        return name
    return resource_with_name(view, "AWS::Lambda::Function", after_last(node.text, ":") or node.text, node.scenario)


def readers_of(view: ExperimentTemplate, queue: str, scenario: Scenario) -> list[Reader] | None:
    """Return the readers of a queue that invoke what may be the provider; None if there may be others."""
    found: list[Reader] = []
    if _may_be_read_elsewhere(view, queue):
        return None
    for reader in readers(view, scenario):
        is_read = _reads(view, reader, queue, scenario)
        invoked = reader.function
        if not reader.is_enabled or is_read is False or (invoked and view.is_ours(invoked, scenario) is False):
            continue
        if is_read is None:
            return None
        found.append(reader)
    return found


def _reads(view: ExperimentTemplate, reader: Reader, queue: str, scenario: Scenario) -> bool | None:
    """Tell whether an event source mapping reads a queue, None if that is not known."""
    node = reader.queue
    if node is None or node.text is None:
        return None if node is None or not isinstance(node.value, list | dict) else False
    named = queue_of(view, node, ":")
    if named is not None:
        return named == queue
    if any(map(view.type_of, referenced(node.text))):
        return False  # of another resource
    own = view.resource(queue, scenario).at("Properties", NAMES[QUEUE].property)
    return False if node.literal and own is not None and own.literal else None


def _may_be_read_elsewhere(view: ExperimentTemplate, queue: str) -> bool:
    """Tell whether a queue is passed on to another stack or resource, or a macro may add what reads it."""
    if may_gain(view, "Resources"):
        return True
    others = [name for name in view.resources if not view.type_of(name).startswith(USERS)]
    if any(("name", queue) in set(mentioned(view.resources[name])) for name in others):
        return True
    outputs = view.template.get("Outputs")
    for raw in outputs.values() if isinstance(outputs, dict) else ():
        is_exported = isinstance(raw, dict) and "Export" in raw and ("name", queue) in set(mentioned(raw))
        if is_exported or any(name == queue for _, name, _ in attribute_uses(raw)):
            return True
    return False


def precedes(view: ExperimentTemplate, reader: Reader, resource: str) -> bool:
    """Tell whether a resource depends on an event source mapping, directly or through others."""
    around = view.reachable(resource)
    if reader.name in view.resources:
        return reader.name in around
    # The template has no resource of what SAM generates, but may depend on it. Of another stack all comes first.
    stack, _, own = reader.name.rpartition(SEPARATOR)
    if stack != resource.rpartition(SEPARATOR)[0]:
        return True
    waiting = [view.resources[name].get("DependsOn") for name in (resource, *around)]
    return any(own == each or (isinstance(each, list) and own in each) for each in waiting)
