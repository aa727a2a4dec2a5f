"""The policies of buckets and keys in the template, which grant or deny beside those of the role.

A bucket policy that names the role is enough by itself. A key policy must name the role, or the account whose own
policies then decide. Source: IAM User Guide, policy evaluation logic; KMS Developer Guide, key policies.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import iam_policy
from cfn_template.nodes import Node
from iam_policy import Outcome
from iam_policy.evaluate.decision import Decision
from iam_policy.evaluate.request import Request
from iam_policy.evaluate.statements import Attached
from iam_policy.match.patterns import Truth, all_of, any_of
from shadow_test_policies.decisions import Result
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.located_documents import LocatedDocument, read
from shadow_test_policies.physical_names import PhysicalNames
from shadow_test_policies.references import unresolved_of
from shadow_test_policies.requirements import NAMED_RESOURCES
from shadow_test_policies.template_deployment import queue_keys

BUCKET_POLICY: Final = "AWS::S3::BucketPolicy"
BUCKET: Final = "AWS::S3::Bucket"
KEY: Final = "AWS::KMS::Key"
# Subject of a requirement -> the property of the experiment that names the bucket or key.
PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "capture": ("DataStorageConfig", "Destination"),
    "captureKey": ("DataStorageConfig", "KmsKey"),
    "volumeKey": ("KmsKey",),
}
QUEUE_KEYS: Final = ("queueKey", "deadLetterKey")


@dataclass(frozen=True)
class ResourcePolicy:
    """The policy of the bucket or key that a requirement is about. `resource` is its logical id."""

    resource: str
    source: LocatedDocument
    is_of_key: bool

    def decide(self, identity: Decision, role: iam_policy.Text, account: iam_policy.Text) -> Outcome:
        """Return the outcome for a request of a role, given the decision of the role's own policies."""
        direct, delegated, denied = self._truths(identity.request, role, account)
        own = identity.outcome
        if denied or own is Outcome.EXPLICIT_DENY:
            return Outcome.EXPLICIT_DENY
        allowed = {Outcome.ALLOWED: True, Outcome.IMPLICIT_DENY: False}.get(own)
        by_account = all_of((delegated, allowed)) if self.is_of_key else allowed
        truth = any_of((direct, by_account))
        if truth is False:
            return Outcome.IMPLICIT_DENY
        return Outcome.ALLOWED if truth and denied is False else Outcome.UNKNOWN

    def _truths(self, request: Request, role: iam_policy.Text, account: iam_policy.Text) -> tuple[Truth, Truth, Truth]:
        """Return whether an Allow names the role, whether one names the account, and whether a Deny applies."""
        context = {**request.context, "aws:PrincipalArn": role}
        as_role = replace(request, context=context, principal=("AWS", role))
        root = iam_policy.text("arn:", iam_policy.PARTITION, ":iam::", account, ":root")
        as_account = replace(as_role, principal=("AWS", root))
        direct: list[Truth] = []
        delegated: list[Truth] = []
        denied: list[Truth] = []
        for statement in self.source.document.statements:
            attached = Attached(self.source.document, statement)
            of_role, of_account = attached.truth(as_role), attached.truth(as_account)
            entries = statement.principals.entries if statement.principals else ()
            is_public = any(entry.item.text == "*" for entry in entries)
            if attached.effect == "Deny":
                denied.append(of_role)
            elif attached.effect == "Allow":
                delegated.append(of_account)
                direct.append(of_role if is_public or of_account is False else False)
            else:
                direct.append(None)
                denied.append(None)
        return any_of(direct), any_of(delegated), any_of(denied)


def resource_policies(experiment: Experiment, names: PhysicalNames) -> dict[str, ResourcePolicy]:
    """Return the policies of the experiment's bucket and keys, by the subject of the requirements."""
    return _policies_of({subject: experiment.at(*path) for subject, path in PLACES.items()}, names)


def queue_key_policies(function: str, names: PhysicalNames) -> dict[str, ResourcePolicy]:
    """Return the policies of the keys of a function's queues, by the subject of the requirements."""
    properties = names.view.resource(function, names.scenario).at("Properties")
    keys = queue_keys(properties, names) if properties is not None else {}
    return _policies_of({subject: keys.get(NAMED_RESOURCES[subject]) for subject in QUEUE_KEYS}, names)


def _policies_of(nodes: Mapping[str, Node | None], names: PhysicalNames) -> dict[str, ResourcePolicy]:
    found = ((subject, _policy_of(node, names)) for subject, node in nodes.items())
    return {subject: policy for subject, policy in found if policy is not None}


def _policy_of(node: Node | None, names: PhysicalNames) -> ResourcePolicy | None:
    view = names.view
    for part in unresolved_of(node.text) if node is not None else ():
        name = part.argument.partition(".")[0]
        if view.type_of(name) == KEY:
            policy = view.resource(name, names.scenario).at("Properties", "KeyPolicy")
            return ResourcePolicy(name, _read(policy, names, name), is_of_key=True) if policy is not None else None
        if view.type_of(name) == BUCKET:
            found = list(_bucket_policies(name, names))
            return ResourcePolicy(name, found[0], is_of_key=False) if len(found) == 1 else None
    return None


def _bucket_policies(bucket: str, names: PhysicalNames) -> Iterator[LocatedDocument]:
    for name in names.view.of_type(BUCKET_POLICY):
        resource = names.view.resource(name, names.scenario)
        attached = resource.at("Properties", "Bucket")
        references = [each.argument for each in unresolved_of(attached.text)] if attached is not None else []
        if bucket in references and names.view.exists(name, names.scenario):
            yield _read(resource.at("Properties", "PolicyDocument"), names, name)


def _read(node: Node | None, names: PhysicalNames, name: str) -> LocatedDocument:
    return read(node, names, name, iam_policy.DocumentKind.TRUST)


def with_resource_policies(
    results: tuple[Result, ...],
    policies: Mapping[str, ResourcePolicy],
    role: iam_policy.Text | None,
    account: iam_policy.Text,
) -> Iterator[tuple[Result, ResourcePolicy | None]]:
    """Yield each result as the policies of bucket and key leave it, and the policy that denies it."""
    for result in results:
        policy = policies.get(result.requirement.subject)
        if policy is None or role is None:
            yield result, None
            continue
        outcome = policy.decide(result.decision, role, account)
        denies = outcome in {Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY} and result.decision.allowed
        yield replace(result, decision=replace(result.decision, outcome=outcome)), policy if denies else None
