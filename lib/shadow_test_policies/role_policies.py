"""All policies of one role of the template, as the IAM library's Role, with their locations.

A role is a resource, or SAM generates it for a function without Role, with its Policies and SAM's own additions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import iam_policy
from cfn_template.mentions import mentioned
from cfn_template.nodes import Node
from cfn_template.scenarios import Scenario
from iam_policy import DocumentKind, Unknown
from iam_policy.match.symbols import parse_symbols
from shadow_test_policies.experiment import Experiment, ExperimentTemplate
from shadow_test_policies.located_documents import LocatedDocument, Location, read, unknown
from shadow_test_policies.physical_names import PhysicalNames
from shadow_test_policies.references import reference_of, unresolved_of

# Type of a policy resource -> the property that lists its roles.
POLICY_PROPERTIES: Final = {
    "AWS::IAM::Policy": "Roles",
    "AWS::IAM::ManagedPolicy": "Roles",
    "AWS::IAM::RolePolicy": "RoleName",
}
# Marks the policies that SAM generates for connectors: no template can depend on them.
CONNECTOR_MARK: Final = "aws:sam:connectors"
ROLE: Final = "AWS::IAM::Role"
MANAGED: Final = "AWS::IAM::ManagedPolicy"
# SAM attaches these to every function.
CUSTOMARY: Final = frozenset(
    {
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaSQSQueueExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AWSXRayDaemonWriteAccess",
        "CloudWatchLambdaInsightsExecutionRolePolicy",
    }
)
CONNECTOR: Final = "AWS::Serverless::Connector"
LOGGING: Final = "AWSLambdaBasicExecutionRole"
POLLING: Final = "AWSLambdaSQSQueueExecutionRole"
_QUEUE: Final = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${QueueName}"
# The SAM policy templates that grant permissions that the provider needs (a test compares them).
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


def _names_in(node: Node | None) -> set[str]:
    return {one.argument.partition(".")[0] for one in unresolved_of(node.text)} if node is not None else set()


def roles_of(experiment: Experiment) -> set[str]:
    """Return the logical ids of the experiment's role and of its provider's."""
    view = experiment.view
    roles = _names_in(experiment.at("RoleArn"))
    function = view.provider_of(experiment.at("ServiceToken")) if experiment.is_custom else None
    if function is not None:
        role = view.resource(function, experiment.scenario).at("Properties", "Role")
        # SAM generates a role of this name for a function without Role.
        roles |= _names_in(role) if role is not None else {f"{function}Role"}
    return roles


def roles_with(view: ExperimentTemplate, policy: str, scenario: Scenario) -> set[str]:
    """Return the logical ids of the roles that a policy resource is attached to."""
    resource = view.resource(policy, scenario)
    mark = resource.at("Metadata", CONNECTOR_MARK)
    listed = resource.at("Properties", POLICY_PROPERTIES[view.type_of(policy)])
    if listed is None or mark is not None:
        return set()
    return set().union(*map(_names_in, entries_of(listed)))


def entries_of(listed: Node) -> list[Node]:
    """Return the elements of a list, or the value itself."""
    return listed.items if listed.items is not None else [listed]


@dataclass
class LocatedRole:
    """A role: its policies for the IAM library, and the locations of the role and its documents."""

    name: str
    origin: Location
    documents: list[LocatedDocument] = field(default_factory=list)  # those of AWS excepted
    identity: list[iam_policy.Document] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    boundary: iam_policy.Document | None = None
    trust: iam_policy.Document | None = None
    boundary_origin: Location | None = None
    has_policies: bool = False  # beyond those that every function has

    def attach(self, policy: "LocatedDocument | iam_policy.Document | Unknown") -> None:
        """Add an identity policy: one of the template, an AWS-managed one, or an unknown one."""
        if isinstance(policy, LocatedDocument):
            self.has_policies = True
            self.documents.append(policy)
            self.identity.append(policy.document)
        elif isinstance(policy, Unknown):
            self.unknown.append(policy)
        else:
            self.has_policies |= policy.name.partition(" ")[0] not in CUSTOMARY
            self.identity.append(policy)

    @property
    def role(self) -> iam_policy.Role:
        """The role for the IAM library."""
        policies = iam_policy.Policies(tuple(self.identity), self.boundary, tuple(self.unknown))
        return iam_policy.Role(self.name, policies, self.trust)

    @property
    def is_bare(self) -> bool:
        """Whether only the policies of every function are attached here; others may be attached elsewhere."""
        return not self.has_policies and not self.unknown

    def located(self, document: iam_policy.Document) -> LocatedDocument | None:
        """Return a document with its location; None for one of AWS or SAM."""
        return next((each for each in self.documents if each.document is document), None)

    @property
    def identity_documents(self) -> list[LocatedDocument]:
        """The identity policies of the template."""
        return [each for each in self.documents if any(each.document is document for document in self.identity)]


def located_role(role: iam_policy.Role) -> LocatedRole:
    """Return a role whose documents are not part of a template."""
    documents = [LocatedDocument(each) for each in role.documents() if each.kind is not DocumentKind.AWS]
    policies = role.policies
    return LocatedRole(
        role.name,
        Location(),
        documents,
        list(policies.identity),
        list(policies.unknown),
        policies.boundary,
        role.trust,
        Location(document=policies.boundary.name) if policies.boundary else None,
        has_policies=True,
    )


def role_of_resource(name: str, names: PhysicalNames) -> LocatedRole:
    """Return a role that is a resource of the template."""
    resource = names.view.resource(name, names.scenario)
    role = LocatedRole(name, Location(resource.path))
    properties = resource.at("Properties") or resource
    for index, node in enumerate(_items(role, properties, "Policies")):
        policy_name = node.get("PolicyName")
        label = policy_name.literal if policy_name is not None and policy_name.literal else str(index)
        source = read(node.get("PolicyDocument") or node, names, f"{role.name}/{index} {label}", DocumentKind.INLINE)
        role.attach(source)
    for node in _items(role, properties, "ManagedPolicyArns"):
        role.attach(_managed(node, names, DocumentKind.MANAGED))
    _add_common(role, name, properties, names)
    return role


def _items(role: LocatedRole, properties: Node, what: str) -> list[Node]:
    listed = properties.get(what)
    if listed is None:
        return []
    if listed.items is None:
        role.unknown.append(Unknown(f"the {what} of {role.name} are not known", f"{what} of {role.name}"))
    return listed.items or []


def _managed(node: Node, names: PhysicalNames, kind: DocumentKind) -> "LocatedDocument | iam_policy.Document | Unknown":
    """Return the managed policy that an ARN (or name, in SAM) stands for."""
    reference = reference_of(names.view, node)
    if reference is not None and reference.type == MANAGED:
        properties = names.view.resource(reference.name, names.scenario).at("Properties", "PolicyDocument")
        return read(properties, names, reference.name, kind)
    text = node.text
    arn = "".join(part if isinstance(part, str) else "aws" for part in getattr(text, "parts", (text or "",)))
    partitions = [one.argument for one in unresolved_of(text)]
    document = iam_policy.managed_policy(arn) if set(partitions) <= {"AWS::Partition"} else None
    shown = str(text) if text is not None else "a policy"
    return document or Unknown(f"the text of {shown} is not in this template", f"the document of {shown}")


def _separate_policies(role: str, names: PhysicalNames) -> Iterator[LocatedDocument | Unknown]:
    """Yield the policy resources that are attached to a role of the template."""
    view = names.view
    for name in view.of_type(*POLICY_PROPERTIES):
        if not view.exists(name, names.scenario):
            continue
        truth = is_attached(name, role, names)
        if truth is None:
            yield Unknown(f"whether {name} is attached to {role} is not known", f"the roles of {name}")
        elif truth and not (view.type_of(name) == MANAGED and _lists(role, name, names)):
            yield policy_resource(name, names)


def policy_resource(name: str, names: PhysicalNames) -> LocatedDocument:
    """Return the document of a policy resource."""
    view = names.view
    kind = DocumentKind.MANAGED if view.type_of(name) == MANAGED else DocumentKind.INLINE
    return read(view.resource(name, names.scenario).at("Properties", "PolicyDocument"), names, name, kind)


def is_attached(policy: str, role: str, names: PhysicalNames) -> bool | None:
    """Tell whether a policy resource names a role of the template, by reference or by name."""
    view = names.view
    if role in roles_with(view, policy, names.scenario):
        return True
    listed = view.resource(policy, names.scenario).at("Properties", POLICY_PROPERTIES[view.type_of(policy)])
    if listed is None:
        return False
    if listed.items is None and listed.text is None:
        return None
    role_name = view.resource(role, names.scenario).at("Properties", "RoleName") if role in view.resources else None
    attached = [node.text for node in entries_of(listed)]
    return role_name is not None and role_name.text is not None and role_name.text in attached


def _lists(role: str, policy: str, names: PhysicalNames) -> bool:
    """Tell whether a role names a managed policy itself, so that it is not read twice."""
    listed = names.view.resource(role, names.scenario).at("Properties", "ManagedPolicyArns")
    references = [reference_of(names.view, node) for node in (listed.items or [] if listed is not None else ())]
    return policy in [reference.name for reference in references if reference is not None]


def _add_common(role: LocatedRole, name: str, properties: Node, names: PhysicalNames) -> None:
    """Add what a role resource and a function have in common: policies, permissions boundary and trust policy."""
    for policy in _separate_policies(name, names):
        role.attach(policy)
    boundary = properties.get("PermissionsBoundary")
    if boundary is not None:
        _add_boundary(role, boundary, names)
    trust = properties.get("AssumeRolePolicyDocument")
    if trust is not None:
        source = read(trust, names, f"{role.name} trust", DocumentKind.TRUST)
        role.documents.append(source)
        role.trust = source.document


def _add_boundary(role: LocatedRole, node: Node, names: PhysicalNames) -> None:
    role.boundary_origin = Location(node.path)
    policy = _managed(node, names, DocumentKind.BOUNDARY)
    if isinstance(policy, Unknown):
        policy = unknown(f"boundary of {role.name}", policy, node.path, DocumentKind.BOUNDARY)
    if isinstance(policy, LocatedDocument):
        role.documents.append(policy)
        role.boundary = policy.document
    else:
        role.boundary = policy


def role_of_function(name: str, names: PhysicalNames) -> LocatedRole:
    """Return the role that SAM generates for a function of the template."""
    resource = names.view.resource(name, names.scenario)
    properties = resource.at("Properties") or resource
    role = LocatedRole(f"the role of {name}", Location(resource.path))
    _add_own(role, properties, names)
    listed = properties.get("Policies")
    for index, node in enumerate(entries_of(listed) if listed is not None else ()):
        _add_entry(role, node, index, names)
    # SAM names it after the function, and other resources may refer to it.
    _add_common(role, f"{name}Role", properties, names)
    if listed is not None and listed.items is None and listed.text is None and not listed.members:
        role.unknown.append(Unknown(f"the Policies of {name} are not known", f"Policies of {name}"))
    if any(name in _sources(names, connector) for connector in names.view.of_type(CONNECTOR)):
        role.unknown.append(Unknown("a connector grants what it connects", "the policies of the connector"))
    return role


def _sources(names: PhysicalNames, connector: str) -> set[str]:
    node = names.view.resource(connector, names.scenario).at("Properties", "Source", "Id")
    targets = {target for _, target in mentioned(names.view.resources[connector])}
    return targets if node is None else {*targets, str(node.literal)}


def _add_own(role: LocatedRole, properties: Node, names: PhysicalNames) -> None:
    """Add SAM's implicit policies: logging, polling a queue, sending to the dead-letter queue."""
    events = properties.get("Events")
    kinds = [node.get("Type") for node in (events.members.values() if events is not None else ())]
    polls = any(kind is not None and kind.literal == "SQS" for kind in kinds)
    role.identity += filter(None, map(iam_policy.managed_policy, (LOGGING, POLLING) if polls else (LOGGING,)))
    target = properties.at("DeadLetterQueue", "TargetArn")
    if target is not None and target.text is not None:
        _grant(role, "DeadLetterQueue", ("sqs:SendMessage",), names.text(target.text))


def _grant(role: LocatedRole, name: str, actions: tuple[str, ...], resource: object) -> None:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    role.identity.append(iam_policy.read_node({"Version": "2012-10-17", "Statement": [statement]}, name))


def _add_entry(role: LocatedRole, node: Node, index: int, names: PhysicalNames) -> None:
    members = node.members
    if node.text is not None:
        role.attach(_managed(node, names, DocumentKind.MANAGED))
    elif "Statement" in members:
        role.attach(read(node, names, f"{role.name}/{index}", DocumentKind.INLINE, by_core=False))
    elif len(members) == 1 and "Policy" in next(iter(members)):
        _add_template(role, *next(iter(members.items())), names)
    else:
        role.unknown.append(Unknown(f"an entry of Policies of {role.name} is not known", "that entry"))


def _add_template(role: LocatedRole, name: str, parameters: Node, names: PhysicalNames) -> None:
    role.has_policies = True
    if name not in TEMPLATES:
        # Without statements: it grants no required permission.
        role.identity.append(iam_policy.read_node({"Version": "2012-10-17", "Statement": []}, name))
        return
    actions, form = TEMPLATES[name]
    queue = parameters.get("QueueName")
    values = {part: names.pseudo(part) for part in ("AWS::Partition", "AWS::Region", "AWS::AccountId")}
    values["QueueName"] = iam_policy.Symbol(f"QueueName of {name}", minimum=1)
    if queue is not None and queue.text is not None:
        values["QueueName"] = names.text(queue.text)
    _grant(role, name, actions, parse_symbols(form, values))
