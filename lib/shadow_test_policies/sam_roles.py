"""The role that SAM makes for a function without Role: what Policies lists, and what SAM adds by itself."""

from typing import Any, Final

import iam_policy
from cfn_template.mentions import mentioned
from cfn_template.nodes import Node
from iam_policy import DocumentKind, Unknown
from iam_policy.match.symbols import parse_holes
from shadow_test_policies.located_documents import Location, read
from shadow_test_policies.physical_names import PhysicalNames
from shadow_test_policies.role_policies import (
    CONNECTOR,
    LocatedRole,
    add_boundary,
    add_trust,
    entries_of,
    managed,
    separate_policies,
)

LOGGING: Final = "AWSLambdaBasicExecutionRole"
POLLING: Final = "AWSLambdaSQSQueueExecutionRole"
_QUEUE: Final = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${QueueName}"
# The SAM policy templates that grant something of what the provider needs; no other does (tests compare).
TEMPLATES: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "CloudFormationDescribeStacksPolicy": (("cloudformation:DescribeStacks",), "*"),
    "SQSPollerPolicy": (
        (
            "sqs:ChangeMessageVisibility",
            "sqs:ChangeMessageVisibilityBatch",
            "sqs:DeleteMessage",
            "sqs:DeleteMessageBatch",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        ),
        _QUEUE,
    ),
    "SQSSendMessagePolicy": (("sqs:SendMessage*",), _QUEUE),
}


def role_of_function(name: str, names: PhysicalNames) -> LocatedRole:
    """Return the role that SAM makes for a function of the template."""
    resource = names.view.resource(name, names.scenario)
    properties = resource.at("Properties") or resource
    role = LocatedRole(f"the role of {name}", Location(resource.path))
    _add_own(role, properties, names)
    listed = properties.get("Policies")
    for index, node in enumerate(entries_of(listed) if listed is not None else ()):
        _add_entry(role, node, index, names)
    # SAM names it after the function, and other resources may refer to it.
    for policy in separate_policies(f"{name}Role", names):
        role.attach(policy)
    if listed is not None and listed.items is None and listed.text is None and not listed.members:
        role.unknown.append(Unknown(f"the Policies of {name} are not known", f"Policies of {name}"))
    if any(name in _sources(names, connector) for connector in names.view.of_type(CONNECTOR)):
        role.unknown.append(Unknown("a connector grants what it connects", "the policies of the connector"))
    add_boundary(role, properties.get("PermissionsBoundary"), names)
    add_trust(role, properties.get("AssumeRolePolicyDocument"), names)
    return role


def _sources(names: PhysicalNames, connector: str) -> set[str]:
    return {target for _, target in mentioned(names.view.resources[connector])} | {
        str(node.literal)
        for node in [names.view.resource(connector, names.scenario).at("Properties", "Source", "Id")]
        if node is not None
    }


def _add_own(role: LocatedRole, properties: Node, names: PhysicalNames) -> None:
    """Add what SAM attaches unasked: logging, polling of a queue, sending to the dead-letter queue."""
    _attach(role, LOGGING)
    events = properties.get("Events")
    kinds = [node.get("Type") for node in (events.members.values() if events is not None else ())]
    if any(kind is not None and kind.literal == "SQS" for kind in kinds):
        _attach(role, POLLING)
    target = properties.at("DeadLetterQueue", "TargetArn")
    if target is not None and target.text is not None:
        _grant(role, "DeadLetterQueue", ("sqs:SendMessage",), names.text(target.text))


def _attach(role: LocatedRole, name: str) -> None:
    document = iam_policy.managed_policy(name)
    if document is not None:
        role.identity.append(document)


def _grant(role: LocatedRole, name: str, actions: tuple[str, ...], resource: object) -> None:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    role.identity.append(iam_policy.read_node({"Version": "2012-10-17", "Statement": [statement]}, name))


def _add_entry(role: LocatedRole, node: Node, index: int, names: PhysicalNames) -> None:
    members = node.members
    if node.text is not None:
        role.attach(managed(node, names, DocumentKind.MANAGED))
    elif "Statement" in members:
        role.attach(read(node, names, f"{role.name}/{index}", DocumentKind.INLINE, by_core=False))
    elif len(members) == 1 and "Policy" in next(iter(members)):
        _add_template(role, *next(iter(members.items())), names)
    else:
        role.unknown.append(Unknown(f"an entry of Policies of {role.name} is not known", "that entry"))


def _add_template(role: LocatedRole, name: str, parameters: Node, names: PhysicalNames) -> None:
    role.has_policies = True
    if name not in TEMPLATES:
        # Without statements: it grants nothing of what is needed.
        role.identity.append(iam_policy.read_node({"Version": "2012-10-17", "Statement": []}, name))
        return
    actions, form = TEMPLATES[name]
    queue = parameters.get("QueueName")
    holes = {part: names.pseudo(part) for part in ("AWS::Partition", "AWS::Region", "AWS::AccountId")}
    holes["QueueName"] = iam_policy.Hole(f"QueueName of {name}", minimum=1)
    if queue is not None and queue.text is not None:
        holes["QueueName"] = names.text(queue.text)
    _grant(role, name, actions, parse_holes(form, holes))
