"""All policies of one role of the template, as the IAM library's Role, with their locations.

A role is a resource, or SAM generates it for a function without Role, with its Policies and SAM's own additions.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, TypeAlias

import iam_policy
from cfn_template.mentions import mentioned
from cfn_template.nodes import Node, is_function
from cfn_template.scenarios import Scenario
from cfn_template.values import unresolved
from iam_policy import DocumentKind, Unknown
from iam_policy.match.symbols import parse_symbols
from iam_policy.service_data import packaged
from shadow_test_policies.experiment import Experiment, ExperimentTemplate
from shadow_test_policies.located_documents import LocatedDocument, Location, read, refused, unknown
from shadow_test_policies.physical_names import PhysicalNames
from shadow_test_policies.references import reference_of, referenced, role_behind, unresolved_of

# Type of a policy resource -> the property that lists its roles.
POLICY_PROPERTIES: Final = {
    "AWS::IAM::Policy": "Roles",
    "AWS::IAM::ManagedPolicy": "Roles",
    "AWS::IAM::RolePolicy": "RoleName",
}
# Marks the policies that SAM generates for connectors: no template can depend on them.
CONNECTOR_MARK: Final = "aws:sam:connectors"
MANAGED: Final = "AWS::IAM::ManagedPolicy"
AWS_MANAGED: Final = ":iam::aws:policy/"
# SAM attaches these to every function, the last one by its property.
CUSTOMARY: Final = frozenset(
    {
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaSQSQueueExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AWSXRayDaemonWriteAccess",
        "CloudWatchLambdaInsightsExecutionRolePolicy",
        "DeadLetterQueue",
    }
)
CONNECTOR: Final = "AWS::Serverless::Connector"
LOGGING: Final = "AWSLambdaBasicExecutionRole"
POLLING: Final = "AWSLambdaSQSQueueExecutionRole"
NETWORKING: Final = "AWSLambdaVPCAccessExecutionRole"
QUEUE: Final = "AWS::SQS::Queue"


def _sam() -> Mapping[str, Any]:
    """Return what SAM's policy templates and connectors grant of what the provider needs, and their parameters."""
    return packaged(__package__, "sam_policies.json")


def _names_in(node: Node | None) -> set[str]:
    return set(referenced(node.text)) if node is not None else set()


def roles_of(experiment: Experiment) -> set[str]:
    """Return the logical ids of the experiment's role and of its provider's."""
    view = experiment.view
    roles = _roles_behind(view, experiment.at("RoleArn"))
    function = view.provider_of(experiment.at("ServiceToken")) if experiment.is_custom else None
    if function is not None:
        role = view.resource(function, experiment.scenario).at("Properties", "Role")
        # SAM generates a role of this name for a function without Role.
        roles |= _roles_behind(view, role) if role is not None else {f"{function}Role"}
    return roles


def _roles_behind(view: ExperimentTemplate, node: Node | None) -> set[str]:
    named = role_behind(view, node) if node is not None else None
    return _names_in(node) | ({named} if named is not None else set())


def roles_with(view: ExperimentTemplate, policy: str, scenario: Scenario) -> set[str]:
    """Return the logical ids of the roles that a policy resource is attached to, by reference or by name."""
    resource = view.resource(policy, scenario)
    mark = resource.at("Metadata", CONNECTOR_MARK)
    listed = resource.at("Properties", POLICY_PROPERTIES[view.type_of(policy)])
    if listed is None or mark is not None:
        return set()
    return set().union(*(_roles_behind(view, node) for node in entries_of(listed)))


def entries_of(listed: Node) -> list[Node]:
    """Return the elements of a list, or the value itself."""
    return listed.items if listed.items is not None else [listed]


# A document of the template, one of AWS or SAM, or one that is not known.
Policy: TypeAlias = LocatedDocument | iam_policy.Document | Unknown


@dataclass
class LocatedRole:
    """A role: its policies for the IAM library, and the locations of the role and its documents."""

    name: str
    origin: Location
    policies: list[Policy] = field(default_factory=list)
    boundary: LocatedDocument | iam_policy.Document | None = None
    trust: LocatedDocument | None = None
    boundary_origin: Location | None = None
    is_whole: bool = False  # nothing is attached elsewhere
    limits: tuple[iam_policy.Limit, ...] = ()  # beside the boundary, not part of a template

    @property
    def identity(self) -> tuple[iam_policy.Document, ...]:
        """The identity policies whose text is known."""
        return tuple(_document_of(each) for each in self.policies if not isinstance(each, Unknown))

    @property
    def role(self) -> iam_policy.Role:
        """The role for the IAM library."""
        unknown_ones = tuple(each for each in self.policies if isinstance(each, Unknown))
        boundary = _document_of(self.boundary) if self.boundary else None
        policies = iam_policy.Policies(self.identity, boundary, unknown_ones, self.limits)
        return iam_policy.Role(self.name, policies, self.trust.document if self.trust else None)

    @property
    def is_bare(self) -> bool:
        """Whether only the policies of every function are attached here; others may be attached elsewhere."""
        return not self.is_whole and all(
            not isinstance(each, Unknown) and _document_of(each).name.partition(" ")[0] in CUSTOMARY
            for each in self.policies
        )

    @property
    def documents(self) -> list[LocatedDocument]:
        """All documents of the template, and those of AWS that it names; boundary, limits and trust policy last."""
        limits = (LocatedDocument(document) for limit in self.limits for document in limit.documents)
        every = (*self.policies, self.boundary, *limits, self.trust)
        return [each for each in every if isinstance(each, LocatedDocument)]

    @property
    def identity_documents(self) -> list[LocatedDocument]:
        """The identity policies of the template, without those of AWS."""
        return [
            each
            for each in self.policies
            if isinstance(each, LocatedDocument) and each.document.kind is not DocumentKind.AWS
        ]

    @property
    def aws_managed(self) -> list[LocatedDocument]:
        """The policies of AWS that the template names, without those that SAM attaches to every function."""
        return [
            each
            for each in self.policies
            if isinstance(each, LocatedDocument)
            and each.document.kind is DocumentKind.AWS
            and each.document.name.partition(" ")[0] not in CUSTOMARY
        ]

    def located(self, document: iam_policy.Document) -> LocatedDocument | None:
        """Return a document with its location; None for one of AWS or SAM."""
        return next((each for each in self.documents if each.document is document), None)

    def limit_origin(self, name: str) -> Location | None:
        """Return the location of a limit that is not part of a template."""
        return next((Location(document=each.documents[0].name) for each in self.limits if each.name == name), None)


def _document_of(policy: LocatedDocument | iam_policy.Document) -> iam_policy.Document:
    return policy.document if isinstance(policy, LocatedDocument) else policy


def located_role(role: iam_policy.Role) -> LocatedRole:
    """Return a role whose documents are not part of a template."""
    boundary, trust = role.policies.boundary, role.trust
    return LocatedRole(
        role.name,
        Location(),
        [*map(_editable, role.policies.identity), *role.policies.unknown],
        _editable(boundary) if boundary else None,
        LocatedDocument(trust) if trust else None,
        Location(document=boundary.name) if boundary else None,
        is_whole=True,
        limits=role.policies.limits,
    )


def _editable(document: iam_policy.Document) -> LocatedDocument | iam_policy.Document:
    """Return a document with its location unless only AWS can edit it."""
    return document if document.kind is DocumentKind.AWS else LocatedDocument(document)


def role_of_resource(name: str, names: PhysicalNames) -> LocatedRole:
    """Return a role that is a resource of the template."""
    resource = names.view.resource(name, names.scenario)
    role = LocatedRole(name, Location(resource.path))
    properties = resource.at("Properties") or resource
    for index, node in enumerate(_items(role, properties, "Policies")):
        policy_name = node.get("PolicyName")
        label = policy_name.literal if policy_name is not None and policy_name.literal else str(index)
        source = read(node.get("PolicyDocument") or node, names, f"{role.name}/{index} {label}", DocumentKind.INLINE)
        role.policies.append(source)
    for node in _items(role, properties, "ManagedPolicyArns"):
        role.policies.append(_managed(node, names, DocumentKind.MANAGED))
    _add_common(role, name, properties, names)
    return role


def _items(role: LocatedRole, properties: Node, what: str) -> list[Node]:
    listed = properties.get(what)
    if listed is None:
        return []
    if listed.items is None:
        role.policies.append(Unknown(f"the {what} of {role.name} are not known", f"{what} of {role.name}"))
    return listed.items or []


def _managed(node: Node, names: PhysicalNames, kind: DocumentKind) -> Policy:
    """Return the managed policy that an ARN (or name, in SAM) stands for."""
    reference = reference_of(names.view, node)
    if reference is not None and reference.type == MANAGED:
        properties = names.view.resource(reference.name, names.scenario).at("Properties", "PolicyDocument")
        return read(properties, names, reference.name, kind)
    text = node.text
    partition = names.pseudo("AWS::Partition")
    own = partition if isinstance(partition, str) else "aws"
    arn = "".join(part if isinstance(part, str) else own for part in getattr(text, "parts", (text or "",)))
    partitions = [one.argument for one in unresolved_of(text)]
    shown = str(text) if text is not None else "a policy"
    if set(partitions) <= {"AWS::Partition"}:
        known, document = iam_policy.managed_arn(arn.rpartition("/")[2]), iam_policy.managed_policy(arn)
        if document is None and known is not None and AWS_MANAGED in arn:
            message = (
                f"AWS has no managed policy {shown}; write {known.replace('arn:aws:', shown.partition('iam:')[0])}"
            )
            return refused("unknown-managed-policy", message, shown, node.path)
        if document is not None:
            return LocatedDocument(document, node.path, {})
    return Unknown(f"the text of {shown} is not in this template", f"the document of {shown}")


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
    return None if listed.items is None and listed.text is None else False


def _lists(role: str, policy: str, names: PhysicalNames) -> bool:
    """Tell whether a role names a managed policy itself, so that it is not read twice."""
    listed = names.view.resource(role, names.scenario).at("Properties", "ManagedPolicyArns")
    references = [reference_of(names.view, node) for node in (listed.items or [] if listed is not None else ())]
    return policy in [reference.name for reference in references if reference is not None]


def _add_common(role: LocatedRole, name: str, properties: Node, names: PhysicalNames) -> None:
    """Add what a role resource and a function have in common: policies, permissions boundary and trust policy."""
    role.policies += _separate_policies(name, names)
    boundary = properties.get("PermissionsBoundary")
    if boundary is not None:
        _add_boundary(role, boundary, names)
    trust = properties.get("AssumeRolePolicyDocument")
    if trust is not None:
        role.trust = read(trust, names, f"{role.name} trust", DocumentKind.TRUST)


def _add_boundary(role: LocatedRole, node: Node, names: PhysicalNames) -> None:
    role.boundary_origin = Location(node.path)
    policy = _managed(node, names, DocumentKind.BOUNDARY)
    if isinstance(policy, Unknown):
        policy = unknown(f"boundary of {role.name}", policy, node.path, DocumentKind.BOUNDARY)
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
        role.policies.append(Unknown(f"the Policies of {name} are not known", f"Policies of {name}"))
    for connector in _connectors(name, names):
        _connect(role, connector, names)
    return role


def _connectors(name: str, names: PhysicalNames) -> Iterator[Node]:
    """Yield the properties of the connectors from a function: resources, and those in the function itself."""
    view, scenario = names.view, names.scenario
    for connector in view.of_type(CONNECTOR):
        properties = view.resource(connector, scenario).get("Properties")
        source = properties.at("Source", "Id") if properties is not None else None
        targets = {target for _, target in mentioned(view.resources[connector])}
        if properties is not None and (name in targets or (source is not None and source.literal == name)):
            yield properties
    embedded = view.resource(name, scenario).get("Connectors")
    for node in embedded.members.values() if embedded is not None else ():
        yield node.get("Properties") or node


def _connect(role: LocatedRole, connector: Node, names: PhysicalNames) -> None:
    """Add what a connector grants to the role of its source."""
    destination, listed = connector.get("Destination"), connector.get("Permissions")
    permissions = [each.literal for each in (listed.items or [] if listed is not None else [])]
    for node in entries_of(destination) if destination is not None else ():
        target = node.get("Id")
        kind = names.view.type_of(target.literal or "") if target is not None else ""
        if target is None or not kind:
            role.policies.append(Unknown("a connector grants what it connects", "the policies of the connector"))
        elif kind == QUEUE:
            queue = names.text(unresolved("Fn::GetAtt", f"{target.literal}.Arn"))
            actions = (action for each in permissions for action in _sam()["connectedQueue"].get(each, ()))
            _grant(role, "connector", actions, queue)


def _add_own(role: LocatedRole, properties: Node, names: PhysicalNames) -> None:
    """Add SAM's implicit policies: logging, polling a queue, a VPC, sending to the dead-letter queue."""
    events = properties.get("Events")
    kinds = [node.get("Type") for node in (events.members.values() if events is not None else ())]
    polls = any(kind is not None and kind.literal == "SQS" for kind in kinds)
    implicit = {LOGGING: True, POLLING: polls, NETWORKING: properties.get("VpcConfig") is not None}
    role.policies += filter(None, (iam_policy.managed_policy(name) for name, applies in implicit.items() if applies))
    target = properties.at("DeadLetterQueue", "TargetArn")
    if target is not None and target.text is not None:
        _grant(role, "DeadLetterQueue", ("sqs:SendMessage",), names.text(target.text))


def _grant(role: LocatedRole, name: str, actions: Iterable[str], resource: object) -> None:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    role.policies.append(iam_policy.read_node({"Version": "2012-10-17", "Statement": [statement]}, name))


def _add_entry(role: LocatedRole, node: Node, index: int, names: PhysicalNames) -> None:
    members = node.members
    if node.text is not None:
        role.policies.append(_managed(node, names, DocumentKind.MANAGED))
    elif "Statement" in members:
        role.policies.append(read(node, names, f"{role.name}/{index}", DocumentKind.INLINE, by_core=False))
    elif not members or any(map(is_function, members)):
        role.policies.append(Unknown(f"an entry of Policies of {role.name} is not known", "that entry"))
    elif message := _wrong_entry(members):
        role.policies.append(refused("invalid-entry", message, f"{role.name}/{index}", node.path))
    else:
        _add_template(role, *next(iter(members.items())), names)


def _wrong_entry(members: Mapping[str, Node]) -> str:
    """Return why the SAM transform refuses a mapping without Statement; empty for a policy template."""
    if "PolicyDocument" in members:
        return "SAM takes no PolicyName and PolicyDocument in Policies; write the Version and Statement of the document"
    names, known = list(members), _sam()["parameters"]
    if len(names) > 1:
        return f"SAM takes one policy template per entry, not {', '.join(names)}; write each as an entry of its own"
    if names[0] not in known:
        near = get_close_matches(names[0], known, 1)
        return f"SAM has no policy template {names[0]}" + (f"; did you mean {near[0]}?" if near else "")
    missing = [name for name in known[names[0]] if members[names[0]].get(name) is None]
    return f"the policy template {names[0]} requires {' and '.join(missing)}" if missing else ""


def _add_template(role: LocatedRole, name: str, parameters: Node, names: PhysicalNames) -> None:
    granted = _sam()["grants"].get(name)
    if granted is None:
        # Without statements: it grants no required permission.
        role.policies.append(iam_policy.read_node({"Version": "2012-10-17", "Statement": []}, name))
        return
    queue = parameters.get("QueueName")
    values = {part: names.pseudo(part) for part in ("AWS::Partition", "AWS::Region", "AWS::AccountId")}
    values["QueueName"] = iam_policy.Symbol(f"QueueName of {name}", minimum=1)
    if queue is not None and queue.text is not None:
        values["QueueName"] = names.text(queue.text)
    _grant(role, name, granted["actions"], parse_symbols(granted["resource"], values))
