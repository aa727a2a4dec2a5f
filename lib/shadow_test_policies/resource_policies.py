"""The policies of buckets and keys, in the template or given, which grant or deny beside those of the role."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import iam_policy
from cfn_template.nodes import Node
from iam_policy import Outcome
from iam_policy.evaluate.decision import Decision
from iam_policy.evaluate.resource_policies import Resource, account_of, decide_access, is_elsewhere, unless_denied
from shadow_test_policies.decisions import Result
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.located_documents import LocatedDocument, read
from shadow_test_policies.physical_names import PhysicalNames
from shadow_test_policies.references import unresolved_of
from shadow_test_policies.requirements import NAMED_RESOURCES, RESULT
from shadow_test_policies.template_deployment import BUCKET, capture_key_of, queue_keys

BUCKET_POLICY: Final = "AWS::S3::BucketPolicy"
KEY: Final = "AWS::KMS::Key"
# Subject of a requirement -> the property of the experiment that names the bucket or key.
PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "capture": ("DataStorageConfig", "Destination"),
    "volumeKey": ("KmsKey",),
}
RESULT_PLACE: Final = ("PromotionCriteria", "PredictionResult")
CAPTURE_KEY: Final = "captureKey"
QUEUE_KEYS: Final = ("queueKey", "deadLetterKey")
KEYS: Final = frozenset({CAPTURE_KEY, "volumeKey", *QUEUE_KEYS})


@dataclass(frozen=True)
class ResourcePolicy:
    """The policy of the bucket or key that a requirement is about. `resource` is its logical id, or its name.

    `account` is that of a bucket, whose ARN does not have it; None for that of the role.
    """

    resource: str
    source: LocatedDocument
    is_of_key: bool
    account: iam_policy.Text | None = None

    def decide(self, own: Decision, role: iam_policy.Text, account: iam_policy.Text) -> Decision:
        """Return the decision on a request of a role, given that of the role's own policies."""
        theirs = account_of(own.request.resource) or self.account or account
        return decide_access(own, Resource(self.source.document, theirs, self.is_of_key), role, account)


def resource_policies(experiment: Experiment, names: PhysicalNames) -> dict[str, ResourcePolicy]:
    """Return the policies of the experiment's bucket and keys, by the subject of the requirements."""
    nodes = {subject: experiment.at(*path) for subject, path in PLACES.items()}
    return _policies_of({**nodes, CAPTURE_KEY: capture_key_of(experiment, names)}, names)


def provider_policies(function: str, experiment: Experiment | None, names: PhysicalNames) -> dict[str, ResourcePolicy]:
    """Return the policies of the keys of a function's queues and of the bucket with the result, by subject."""
    properties = names.view.resource(function, names.scenario).at("Properties")
    keys = queue_keys(properties, names) if properties is not None else {}
    nodes = {subject: keys.get(NAMED_RESOURCES[subject]) for subject in QUEUE_KEYS}
    return _policies_of({**nodes, RESULT: experiment.at(*RESULT_PLACE) if experiment else None}, names)


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
    return read(node, names, name, iam_policy.DocumentKind.RESOURCE)


def with_resource_policies(
    results: tuple[Result, ...],
    policies: Mapping[str, ResourcePolicy],
    role: iam_policy.Text | None,
    account: iam_policy.Text,
) -> Iterator[tuple[Result, ResourcePolicy | None]]:
    """Yield each result as the policies of bucket and key leave it, and the policy that denies it.

    Where the policy of a key in another account is not known, nothing is allowed for certain.
    """
    for result in results:
        policy, own = policies.get(result.requirement.subject), result.decision
        if policy is None or role is None:
            decision = unless_denied(own) if lacks_foreign_policy(result, policies, account) else own
            yield replace(result, decision=decision), None
            continue
        decision = policy.decide(own, role, account)
        # A Deny of this policy decides, whatever the role's own policies lack.
        denies = {
            Outcome.EXPLICIT_DENY: own.outcome is not Outcome.EXPLICIT_DENY,
            Outcome.IMPLICIT_DENY: own.allowed,
        }.get(decision.outcome, False)
        yield replace(result, decision=decision), policy if denies else None


def lacks_foreign_policy(result: Result, policies: Mapping[str, ResourcePolicy], account: iam_policy.Text) -> bool:
    """Tell whether a requirement is about a key that is certainly in another account, whose policy is not known."""
    subject, denied = result.requirement.subject, {Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY}
    is_open = subject in KEYS and subject not in policies and result.decision.outcome not in denied
    return is_open and is_elsewhere(result.decision.request.resource, account)
