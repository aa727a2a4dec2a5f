"""Everything that is attached to one role of the template, as the IAM library's Role, and where it is written."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import iam_policy
from cfn_template.nodes import Node
from cfn_template.values import Path
from iam_policy import DocumentKind, Unknown
from shadow_test_policies.located_documents import LocatedDocument, read, unknown
from shadow_test_policies.physical_names import PhysicalNames
from shadow_test_policies.references import holes_of, reference_of
from shadow_test_policies.roles import POLICY_PROPERTIES, roles_with

ROLE: Final = "AWS::IAM::Role"
MANAGED: Final = "AWS::IAM::ManagedPolicy"
# What every function has, whatever it is for: SAM attaches these by itself.
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


@dataclass
class TemplateRole:
    """A role: what the IAM library has to know of it, and the place of each of its documents by name."""

    name: str
    origin: Path
    sources: dict[str, LocatedDocument] = field(default_factory=dict)
    identity: list[iam_policy.Document] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    boundary: iam_policy.Document | None = None
    trust: iam_policy.Document | None = None
    boundary_place: Path = ()
    given: bool = False  # somebody wrote a policy for it

    def add(self, source: LocatedDocument) -> None:
        """Add an identity policy."""
        self.given = True
        self.sources[source.document.name] = source
        self.identity.append(source.document)

    def attach(self, found: "LocatedDocument | iam_policy.Document | Unknown") -> None:
        """Add a policy of the template, one that AWS manages, or one that nobody knows."""
        if isinstance(found, LocatedDocument):
            self.add(found)
        elif isinstance(found, Unknown):
            self.unknown.append(found)
        else:
            self.given |= found.name.partition(" ")[0] not in CUSTOMARY
            self.identity.append(found)

    @property
    def role(self) -> iam_policy.Role:
        """The role as the IAM library sees it."""
        policies = iam_policy.Policies(tuple(self.identity), self.boundary, tuple(self.unknown))
        return iam_policy.Role(self.name, policies, self.trust)

    @property
    def is_bare(self) -> bool:
        """Whether this template attaches nothing to the role but what every function has: somebody else does."""
        return not self.given and not self.unknown

    def place(self, document: str, path: Path) -> Path:
        """Return the template path of a path in one of the documents."""
        source = self.sources.get(document)
        return source.place(path) if source else self.origin


def role_of_resource(name: str, shapes: PhysicalNames) -> TemplateRole:
    """Return a role that is a resource of the template."""
    resource = shapes.view.resource(name, shapes.scenario)
    held = TemplateRole(name, resource.path)
    properties = resource.at("Properties") or resource
    _add_inline(held, properties.get("Policies"), shapes)
    _add_managed(held, properties.get("ManagedPolicyArns"), shapes)
    for found in separate_policies(name, shapes):
        held.attach(found)
    add_boundary(held, properties.get("PermissionsBoundary"), shapes)
    add_trust(held, properties.get("AssumeRolePolicyDocument"), shapes)
    return held


def _add_inline(held: TemplateRole, listed: Node | None, shapes: PhysicalNames) -> None:
    if listed is not None and listed.items is None:
        held.unknown.append(Unknown(f"the Policies of {held.name} are not known", f"Policies of {held.name}"))
    for index, node in enumerate(listed.items or [] if listed is not None else ()):
        given = node.get("PolicyName")
        label = given.literal if given is not None and given.literal else str(index)
        source = read(node.get("PolicyDocument") or node, shapes, f"{held.name}/{index} {label}", DocumentKind.INLINE)
        held.add(source)


def _add_managed(held: TemplateRole, listed: Node | None, shapes: PhysicalNames) -> None:
    if listed is not None and listed.items is None:
        held.unknown.append(
            Unknown(f"the ManagedPolicyArns of {held.name} are not known", f"ManagedPolicyArns of {held.name}")
        )
    for node in listed.items or [] if listed is not None else ():
        held.attach(managed(node, shapes, DocumentKind.MANAGED))


def managed(node: Node, shapes: PhysicalNames, kind: DocumentKind) -> "LocatedDocument | iam_policy.Document | Unknown":
    """Return the managed policy that an ARN (or name, in SAM) stands for."""
    reference = reference_of(shapes.view, node)
    if reference is not None and reference.type == MANAGED:
        properties = shapes.view.resource(reference.name, shapes.scenario).at("Properties", "PolicyDocument")
        return read(properties, shapes, reference.name, kind)
    text = node.text
    arn = "".join(part if isinstance(part, str) else "aws" for part in getattr(text, "parts", (text or "",)))
    partitions = [hole.argument for hole in holes_of(text)]
    found = iam_policy.managed_policy(arn) if set(partitions) <= {"AWS::Partition"} else None
    shown = str(text) if text is not None else "a policy"
    return found or Unknown(f"the text of {shown} is not in this template", f"the document of {shown}")


def separate_policies(role: str, shapes: PhysicalNames) -> Iterator[LocatedDocument | Unknown]:
    """Yield the policies that are resources of their own and attached to a role of the template."""
    view = shapes.view
    for name in view.of_type(*POLICY_PROPERTIES):
        if not view.exists(name, shapes.scenario):
            continue
        truth = is_attached(name, role, shapes)
        if truth is None:
            yield Unknown(f"whether {name} is attached to {role} is not known", f"the roles of {name}")
        elif truth and not (view.type_of(name) == MANAGED and _lists(role, name, shapes)):
            yield policy_resource(name, shapes)


def policy_resource(name: str, shapes: PhysicalNames) -> LocatedDocument:
    """Return the document of a policy that is a resource of its own."""
    view = shapes.view
    kind = DocumentKind.MANAGED if view.type_of(name) == MANAGED else DocumentKind.INLINE
    return read(view.resource(name, shapes.scenario).at("Properties", "PolicyDocument"), shapes, name, kind)


def is_attached(policy: str, role: str, shapes: PhysicalNames) -> bool | None:
    """Tell whether a policy resource names a role of the template, by reference or by name."""
    view = shapes.view
    if role in roles_with(view, policy, shapes.scenario):
        return True
    listed = view.resource(policy, shapes.scenario).at("Properties", POLICY_PROPERTIES[view.type_of(policy)])
    if listed is None:
        return False
    if listed.items is None and listed.text is None:
        return None
    given = view.resource(role, shapes.scenario).at("Properties", "RoleName") if role in view.resources else None
    names = [node.text for node in (listed.items if listed.items is not None else [listed])]
    return given is not None and given.text is not None and given.text in names


def _lists(role: str, policy: str, shapes: PhysicalNames) -> bool:
    """Tell whether a role names a managed policy itself, so that it is not read twice."""
    listed = shapes.view.resource(role, shapes.scenario).at("Properties", "ManagedPolicyArns")
    references = [reference_of(shapes.view, node) for node in (listed.items or [] if listed is not None else ())]
    return policy in [reference.name for reference in references if reference is not None]


def add_boundary(held: TemplateRole, node: Node | None, shapes: PhysicalNames) -> None:
    """Add the permissions boundary, if there is one."""
    if node is None:
        return
    held.boundary_place = node.path
    found = managed(node, shapes, DocumentKind.BOUNDARY)
    if isinstance(found, Unknown):
        found = unknown(f"boundary of {held.name}", found, node.path, DocumentKind.BOUNDARY)
    if isinstance(found, LocatedDocument):
        held.sources[found.document.name] = found
        held.boundary = found.document
    else:
        held.boundary = found


def add_trust(held: TemplateRole, node: Node | None, shapes: PhysicalNames) -> None:
    """Add the trust policy."""
    if node is None:
        return
    source = read(node, shapes, f"{held.name} trust", DocumentKind.TRUST)
    held.sources[source.document.name] = source
    held.trust = source.document
