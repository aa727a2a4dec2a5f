"""The policies that decide beside a role's own: boundary, service control, session, and those of a bucket or key."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

import iam_policy
from iam_policy import ACCOUNT, DocumentKind, Limit, Symbol
from iam_policy.match.symbols import PATH_CHARACTERS
from inference_experiment_cli.errors import UsageError
from shadow_test_policies.located_documents import LocatedDocument, Location
from shadow_test_policies.requirements import Deployment
from shadow_test_policies.resource_policies import KEYS, ResourcePolicy
from shadow_test_policies.role_checks import RoleCheck

FULL_ACCESS: Final = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
# The ARN of a bucket does not say where it is; messages name the option that does.
BUCKET_ACCOUNT: Final = replace(ACCOUNT, identity="--bucket-account")
SERVICE_CONTROL: Final = "service control policy"
SUBJECTS: Final = {"bucket_policy": frozenset({"capture"}), "key_policy": KEYS}

_Files = list[Path] | None


@dataclass(frozen=True)
class BesideOptions:
    """The options that name these policies, each a file."""

    boundary: Annotated[_Files, typer.Option(help="Policy document of the permissions boundary.")] = None
    scp: Annotated[
        _Files,
        typer.Option(
            metavar="FILE[,FILE...]",
            help="Service control policies of one level (root, unit or account). Repeatable: each level must allow.",
        ),
    ] = None
    session: Annotated[_Files, typer.Option(help="Session policy. Repeatable: one of them must allow.")] = None
    bucket_policy: Annotated[_Files, typer.Option(help="Policy of the bucket for captured data.")] = None
    bucket_account: Annotated[str, typer.Option(metavar="ACCOUNT", help="Account of that bucket.")] = ""
    key_policy: Annotated[_Files, typer.Option(help="Policy of the KMS key.")] = None

    def __post_init__(self) -> None:
        """Raise UsageError for a second file where there can be one only, and for what is no account."""
        if self.bucket_account and not (
            len(self.bucket_account) == ACCOUNT.minimum and self.bucket_account.isdecimal()
        ):
            raise UsageError(f"--bucket-account {self.bucket_account}: must have {ACCOUNT.minimum} digits")
        for name, owner in (("boundary", "role"), ("bucket_policy", "bucket"), ("key_policy", "key")):
            files = getattr(self, name) or []
            if len(files) > 1:
                option = name.replace("_", "-")
                raise UsageError(f"--{option} {files[1]}: a {owner} has one, {files[0]} is another")

    def levels(self) -> Iterator[list[Path]]:
        """Yield the files of each level of service control policies."""
        for path in self.scp or []:
            yield [path] if path.exists() else [Path(part) for part in str(path).split(",")]


@dataclass(frozen=True)
class Beside:
    """These policies as documents. `of_resources` are by the subject of the requirements."""

    boundary: iam_policy.Document | None = None
    limits: tuple[Limit, ...] = ()
    of_resources: Mapping[str, ResourcePolicy] = field(default_factory=dict)

    def on(self, check: RoleCheck) -> RoleCheck:
        """Return the check of a role under these policies; those of a template come first."""
        role = check.role
        if role is not None:
            role = replace(role, limits=self._limits(check.principal))
        if role is not None and self.boundary is not None:
            origin = Location(document=self.boundary.name)
            role = replace(role, boundary=LocatedDocument(self.boundary), boundary_origin=origin)
        policies = {**self.of_resources, **check.resource_policies}
        return replace(check, role=role, resource_policies=policies, principal=check.principal or _principal(check))

    def _limits(self, principal: iam_policy.Text | None) -> tuple[Limit, ...]:
        """Return the limits of a principal; service control policies do not limit a service-linked role."""
        if ":role/aws-service-role/" not in str(principal):
            return self.limits
        return tuple(each for each in self.limits if all(one.kind is not DocumentKind.SCP for one in each.documents))


def _principal(check: RoleCheck) -> iam_policy.Text | None:
    """Return the ARN of a role, its name open where it is not known. A deployer may be a user or a role."""
    place = check.deployment
    if check.kind == "deployer":
        return None
    if check.kind == "experiment" and place.experiment_role is not None:
        return place.experiment_role
    name = Symbol("RoleName", PATH_CHARACTERS, minimum=1)
    return iam_policy.text("arn:", place.partition, ":iam::", place.account, ":role/", name)


def unwrapped(node: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the policy in what `aws organizations describe-policy` prints, anything else as it is."""
    policy = node.get("Policy") if isinstance(node, Mapping) else None
    content = policy.get("Content") if isinstance(policy, Mapping) else None
    try:
        return json.loads(content) if isinstance(content, str) else node
    except ValueError:
        return node


def level_of(documents: list[iam_policy.Document]) -> Limit:
    """Return a level of service control policies.

    One that only denies is attached beside FullAWSAccess, without which nobody could do anything.
    """
    name = f"{SERVICE_CONTROL} {', '.join(document.name for document in documents)}"
    effects = {statement.effect for document in documents for statement in document.statements}
    if effects == {"Deny"}:
        documents = [*documents, iam_policy.read_node(FULL_ACCESS, "FullAWSAccess", DocumentKind.AWS)]
    return Limit(name, tuple(documents))


def of_resources(
    documents: Mapping[str, iam_policy.Document], role_kind: str, deployment: Deployment, bucket_account: str
) -> dict[str, ResourcePolicy]:
    """Return the policies of bucket and key by the subject of the requirements. Raises UsageError."""
    policies: dict[str, ResourcePolicy] = {}
    for name, document in documents.items():
        option, is_of_key = f"--{name.replace('_', '-')}", name == "key_policy"
        if role_kind == "deployer" or (role_kind == "provider" and not is_of_key):
            raise UsageError(f"{option} {document.name}: the {role_kind} uses no {'key' if is_of_key else 'bucket'}")
        if is_of_key and deployment.capture_key and deployment.volume_key not in {None, deployment.capture_key}:
            message = "--capture-key and --volume-key are two keys; check one at a time"
            raise UsageError(f"{option} {document.name}: {message}")
        resource = (deployment.capture_key or deployment.volume_key) if is_of_key else deployment.capture_uri
        account = None if is_of_key else bucket_account or iam_policy.text(BUCKET_ACCOUNT)
        policy = ResourcePolicy(str(resource or document.name), LocatedDocument(document), is_of_key, account)
        policies |= dict.fromkeys(SUBJECTS[name], policy)
    return policies


def check_used(policies: Mapping[str, ResourcePolicy], checks: Iterable[RoleCheck]) -> None:
    """Raise UsageError for the policy of a bucket or key that no role of a document or dump needs."""
    required = {each.subject for check in checks for each in check.requirements}
    for name, options in (("bucket_policy", "--capture"), ("key_policy", "--capture-key or --volume-key")):
        given = next((policies[subject] for subject in SUBJECTS[name] if subject in policies), None)
        if given is not None and not required & SUBJECTS[name]:
            option = name.replace("_", "-")
            raise UsageError(f"--{option} {given.source.document.name}: say of which {option[:-7]}, with {options}")


def looks_like_scp(document: iam_policy.Document) -> bool:
    """Tell whether a policy allows all or nothing, and denies: the form of a service control policy."""
    effects = {statement.effect for statement in document.statements}
    allows = [statement for statement in document.statements if statement.effect == "Allow"]
    whole = all(
        one.actions is not None
        and one.actions.texts == ("*",)
        and one.resources is not None
        and one.resources.texts == ("*",)
        and not one.conditions
        and not one.actions.negated
        for one in allows
    )
    return "Deny" in effects and whole


def is_named_scp(label: str) -> bool:
    """Tell whether a file says by its name that it is a service control policy."""
    words = "".join(each if each.isalnum() else " " for each in Path(label).stem.lower()).split()
    return "scp" in words or "scps" in words or ("service" in words and "control" in words)
