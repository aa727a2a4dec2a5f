"""The roles' requirements: actions, resources, request context and source.

Those of the provider role come from the function's own contract, those of the experiment role and the deployer
from `data/requirements.json`.
"""

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any, Final

from iam_policy.evaluate.request import Given, Request, Value
from iam_policy.evaluate.resource_policies import account_of
from iam_policy.match.arns import RESOURCE, split
from iam_policy.match.symbols import (
    ANY,
    DIGITS,
    NAME_CHARACTERS,
    PATH_CHARACTERS,
    Charset,
    Symbol,
    Symbolic,
    Text,
    fill,
    parse_symbols,
    parts_of,
    text,
)
from iam_policy.place import Place
from iam_policy.service_data import packaged
from inference_experiment import contract

LOCAL_TYPES: Final = ("sagemaker:inference-experiment/", "sagemaker:endpoint/", "sagemaker:endpoint-config/")


@dataclass(frozen=True)
class Deployment(Place):
    """Partition, region and account, and the resources that permissions are required for.

    A resource that is None may be chosen by the policies: the required actions must be allowed for some name. One with
    symbols must be allowed for every filling. `experiment` is a name, `capture_uri` is `s3://bucket/prefix`,
    `prediction_result` is `s3://bucket/key`, everything else is an ARN. `tags` are the tags of the experiment besides
    the owner tag; None if they are not known.
    """

    local_types: tuple[str, ...] = field(default=LOCAL_TYPES, kw_only=True)
    experiment: Text | None = None
    experiment_role: Text | None = None
    queue: Text | None = None
    dead_letter_queue: Text | None = None
    log_group: Text | None = None
    stack: Text | None = None
    endpoint: Text | None = None
    capture_uri: Text | None = None
    capture_key: Text | None = None
    volume_key: Text | None = None
    prediction_result: Text | None = None  # of PromotionCriteria; without it no object is read
    queue_key: Text | None = None  # of the customer, not AWS's own
    dead_letter_key: Text | None = None
    capture_key_is_of_bucket: bool = False  # its default encryption, which requests do not name
    volume_key_is_named: bool = False  # specified by ID or alias, not by ARN
    tags: Mapping[str, Text] | None = field(default=None, hash=False)
    in_vpc: bool = False  # the function has a VpcConfig
    variants: tuple[str, ...] = ()  # names of the variants whose data are captured, empty if they are not known


_FILE: Final = Charset(frozenset("0123456789ABCDEFabcdef-"))
OWNER_VALUE: Final = Symbol("the owner tag", minimum=1)
_CREATION: Final = "sagemaker:CreateInferenceExperiment"
TAGGING: Final = (_CREATION, "sagemaker:AddTags")
# The function looks for an experiment of the name first.
_BEFORE: Final = (_CREATION, "sagemaker:DescribeInferenceExperiment")
_AFTER: Final = tuple(f"sagemaker:{verb}InferenceExperiment" for verb in ("Update", "Start", "Stop", "Delete"))
_TAG_PREFIXES: Final = ("aws", "sagemaker")
_VIA_SERVICE: Final = ("aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:ViaAWSService")
# What an ARN has after the account; a wildcard is none of it.
_RESOURCE_CHARACTERS: Final = Charset(frozenset(string.ascii_letters + string.digits + "+=,.@_-/:"))
CAPTURED: Final = "CaptureKey"  # in the ARN form of captured data
# The names in ARN forms that a policy may choose are symbols of these characters.
_KEYS_WITH_ANYTHING: Final = ("ArtifactBucketAndKey", "DeploymentBucketAndKey", CAPTURED, "LogStreamName")


# Subject -> the field of a deployment that names the resource.
NAMED_RESOURCES: Final = {
    "experimentRole": "experiment_role",
    "queue": "queue",
    "deadLetterQueue": "dead_letter_queue",
    "logGroup": "log_group",
    "stack": "stack",
    "endpoint": "endpoint",
    "captureKey": "capture_key",
    "volumeKey": "volume_key",
    "queueKey": "queue_key",
    "deadLetterKey": "dead_letter_key",
}


# The function reads it only where PromotionCriteria names it.
RESULT: Final = "predictionResult"


class Level(StrEnum):
    """Whether everything fails without the permission, or only a part."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"


@dataclass(frozen=True)
class Requirement:
    """One action that a role needs.

    `subject` names the kind of resource. The policies may choose `free` symbols of the resource, the same
    for all requirements of one subject. `service` is set for a trust requirement, whose action is sts:AssumeRole.
    """

    action: str
    subject: str
    resource: Text
    level: Level = Level.REQUIRED
    context: Mapping[str, Value] = field(default_factory=dict, hash=False)
    free: bool = False
    service: str = ""
    handlers: tuple[str, ...] = ()
    source: str = ""
    captured_key: Text | None = None  # the form of the object's key

    def request(self, resource: Text | None = None) -> Request:
        """Return the request that IAM evaluates, on `resource` if the requirement's own is free."""
        principal = ("Service", self.service) if self.service else None
        whole = self.resource if resource is None else resource
        if self.captured_key is not None:
            whole = fill(whole, {CAPTURED: self.captured_key})
        return Request(self.action, whole, _with_account(whole, self.context), principal=principal)


def _with_account(resource: Text, context: Mapping[str, Value]) -> Mapping[str, Value]:
    """Add the account of the resource, which a bucket's ARN does not have.

    A call without a resource, such as a list, is about the account of the caller [INF].
    """
    account = context.get("aws:PrincipalAccount") if resource == "*" else account_of(resource)
    return context if account is None else {"aws:ResourceAccount": account, **context}


def role_context(action: str, deployment: Deployment, resource: Text) -> dict[str, Value]:
    """Return what is known of any request of an action by a role that a service has assumed."""
    parts = split(resource) or ()
    region = parts[3] if len(parts) > RESOURCE and parts[3] else deployment.region
    context = _context(action, replace(deployment, region=region))
    tags = ("aws:RequestTag/", "aws:TagKeys", "aws:ResourceTag/", "sagemaker:ResourceTag/", "s3:x-amz-")
    return dict(_with_account(resource, {key: value for key, value in context.items() if not key.startswith(tags)}))


def deployer_context(deployment: Deployment, resource: Text) -> dict[str, Value]:
    """Return what is known of any request by a deployer: a person, a pipeline, or CloudFormation for them."""
    return dict(_with_account(resource, {"aws:PrincipalAccount": deployment.account}))


def principal_context(principal: Text | None) -> dict[str, Value]:
    """Return what is known of any request by its principal: a user has a name, and may have used MFA."""
    if principal is None:
        return {}
    context: dict[str, Value] = {"aws:PrincipalArn": principal}
    parts = split(principal) or ()
    name = str(parts[RESOURCE]) if len(parts) > RESOURCE else ""
    if name.startswith("role/"):
        context |= {"aws:PrincipalType": "AssumedRole", "aws:username": Given.ABSENT}
    elif name.startswith("user/"):
        context |= {"aws:PrincipalType": "User", "aws:username": name.rpartition("/")[2]}
        context |= dict.fromkeys(("aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent"), Given.UNKNOWN)
    return context


def _data() -> dict[str, Any]:
    return packaged(__package__, "requirements.json")


def customary(role_kind: str) -> frozenset[str]:
    """Return actions that roles of a kind often have beside the required ones: they do no harm on their resources."""
    return frozenset(action.lower() for action in _data()["customary"][role_kind])


@cache
def arn_forms() -> dict[str, str]:
    """Return the ARN form of every subject."""
    return {**_data()["resources"], **contract.resource_arns()}


def names_in(form: str) -> list[str]:
    """Return the names that an ARN form leaves open."""
    return [piece.partition("}")[0] for piece in form.split("${")[1:]]


def resource_of(subject: str, deployment: Deployment) -> tuple[Text, bool]:
    """Return the resource of a subject and whether its name is free. Raises KeyError for an unknown subject."""
    given: Text | None = getattr(deployment, NAMED_RESOURCES[subject]) if subject in NAMED_RESOURCES else None
    if given is not None:
        return given, False
    form = arn_forms()[subject]
    symbols: dict[str, Text | Symbol] = {
        "Partition": deployment.partition,
        "Region": deployment.region,
        "Account": deployment.account,
    }
    if deployment.experiment is not None:
        symbols["InferenceExperimentName"] = deployment.experiment
    if deployment.capture_uri is not None:
        symbols["CaptureBucketAndPrefix"] = _without_scheme(deployment.capture_uri)
    if deployment.prediction_result is not None:
        symbols["PredictionResultBucketAndKey"] = _without_scheme(deployment.prediction_result)
    names = names_in(form)
    for name in names:
        symbols.setdefault(name, Symbol(name, ANY if name in _KEYS_WITH_ANYTHING else PATH_CHARACTERS, minimum=1))
    is_free = any(isinstance(symbol, Symbol) for name, symbol in symbols.items() if name in names)
    # The destination is not for the policy to choose.
    return parse_symbols(form, symbols), is_free and not (subject == "capture" and deployment.capture_uri is not None)


def _without_scheme(uri: Text) -> Text:
    head, *rest = parts_of(uri)
    pieces: tuple[str | Symbol, ...] = (head.removeprefix("s3://"), *rest) if isinstance(head, str) else (head, *rest)
    if isinstance(pieces[-1], str):
        pieces = (*pieces[:-1], pieces[-1].rstrip("/"))
    return text(*pieces)


def _context(action: str, deployment: Deployment) -> dict[str, Value]:
    """Return the context of a request by a role that a service has assumed.

    It has none of what only users, federated sessions and, but for KMS, calls by another service have. A bucket may be
    in another region, and a passed role is in none.
    """
    known = _data()["context"]
    context: dict[str, Value] = {
        "aws:SecureTransport": "true",
        "aws:PrincipalAccount": deployment.account,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": "AssumedRole",
        "aws:ViaAWSService": "false",
        **dict.fromkeys(known["absentForRoles"], Given.ABSENT),
    }
    if action.partition(":")[0] in known["regionalServices"]:
        context["aws:RequestedRegion"] = deployment.region
    if action in TAGGING:
        context.update(_tags(deployment))
    if action == "s3:PutObject" and deployment.capture_key and not deployment.capture_key_is_of_bucket:
        context["s3:x-amz-server-side-encryption"] = "aws:kms"
    if action.startswith("kms:"):
        # Other services call KMS for the role, such as S3 and SQS for what they encrypt.
        context |= {"kms:CallerAccount": deployment.account, **dict.fromkeys(_VIA_SERVICE, Given.UNKNOWN)}
    if action in _BEFORE:  # there is no resource yet that could have tags
        context.update({f"{prefix}:ResourceTag/*": Given.ABSENT for prefix in _TAG_PREFIXES})
    elif action in _AFTER:
        context.update(_resource_tags(deployment))
    return context


def _resource_tags(deployment: Deployment) -> Iterator[tuple[str, Value]]:
    """Yield the tags of an experiment of the deployment; others may have added more."""
    tags = {contract.OWNER_TAG: Symbolic((OWNER_VALUE,)), **(deployment.tags or {})}
    for prefix in _TAG_PREFIXES:
        yield from ((f"{prefix}:ResourceTag/{key}", value) for key, value in tags.items())


def _tags(deployment: Deployment) -> Iterator[tuple[str, Value]]:
    yield f"aws:RequestTag/{contract.OWNER_TAG}", Symbolic((OWNER_VALUE,))
    if deployment.tags is None:
        return
    yield "aws:TagKeys", (contract.OWNER_TAG, *deployment.tags)
    yield "aws:RequestTag/*", Given.ABSENT
    for key, value in deployment.tags.items():
        yield f"aws:RequestTag/{key}", value


@lru_cache(maxsize=32)
def provider_requirements(deployment: Deployment, handlers: tuple[str, ...] = ()) -> tuple[Requirement, ...]:
    """Return the requirements of the provider role for some handlers (all if there is none).

    Raises KeyError for an unknown handler.
    """
    users: dict[contract.Permission, list[str]] = {permission: [] for permission in contract.function_permissions()}
    for handler in handlers or contract.handlers():
        for operation in sorted(contract.operations_of(handler)):
            for permission in contract.permissions_of(operation):
                if permission.resource != RESULT or deployment.prediction_result is not None:
                    users.setdefault(permission, []).append(handler)
    by_resource: dict[tuple[str, str], Requirement] = {}
    for permission, handlers_of in users.items():
        requirement = _of_permission(permission, tuple(dict.fromkeys(handlers_of)), deployment)
        previous = by_resource.get((requirement.action, requirement.subject))
        if previous is None or (requirement.context and not previous.context):
            by_resource[requirement.action, requirement.subject] = requirement
    entries = [entry for entry in _data()["function"] if _applies(entry, deployment)]
    return (*by_resource.values(), *(requirement for entry in entries for requirement in _of_entry(entry, deployment)))


def _of_permission(permission: contract.Permission, handlers: tuple[str, ...], deployment: Deployment) -> Requirement:
    resource, free = resource_of(permission.resource, deployment)
    context = _context(permission.action, deployment)
    if permission.action == "iam:PassRole":
        context["iam:AssociatedResourceArn"] = resource_of("experiment", deployment)[0]
    for keys in permission.condition.values():
        context.update(keys)
    return Requirement(
        permission.action,
        permission.resource,
        as_request(resource),
        Level.RECOMMENDED if permission.recommended else Level.REQUIRED,
        context,
        free,
        handlers=handlers,
        source="the function's own calls (operations.json)",
    )


def as_request(resource: Text) -> Text:
    """Return the resource that a request names where a policy writes `log-group:NAME:*`."""
    *rest, last = parts_of(resource)
    if isinstance(last, str) and last.endswith(":*"):
        return text(*rest, last.removesuffix("*"), "log-stream:", Symbol("LogStreamName", minimum=1))
    return resource


def _captured_key(deployment: Deployment) -> Text:
    """Return the form of the keys of captured data: endpoint/variant/yyyy/mm/dd/hh/file.jsonl.

    Source: SageMaker Developer Guide, model-monitor-data-capture-endpoint. The file's name is a time and a UUID.
    """
    arn = split(deployment.endpoint) if deployment.endpoint is not None else None
    head, *rest = parts_of(arn[-1]) if arn else ("", Symbol("EndpointName", NAME_CHARACTERS, minimum=1))
    endpoint = (head.removeprefix("endpoint/"), *rest) if isinstance(head, str) else (head, *rest)
    variant = Symbol("VariantName", NAME_CHARACTERS, minimum=1, values=deployment.variants)
    date = [text("/", Symbol(name, DIGITS, len(name), exact=True)) for name in ("yyyy", "mm", "dd", "hh")]
    return text(*endpoint, "/", variant, *date, "/", Symbol("file", _FILE, minimum=1), ".jsonl")


@lru_cache(maxsize=32)
def experiment_requirements(deployment: Deployment) -> tuple[Requirement, ...]:
    """Return the requirements of the experiment role (RoleArn); keys and capture only if the deployment has them."""
    entries = [entry for entry in _data()["experiment"] if _applies(entry, deployment)]
    return tuple(requirement for entry in entries for requirement in _of_entry(entry, deployment))


def deployer_requirements(deployment: Deployment) -> tuple[Requirement, ...]:
    """Return the requirements for deploying the provider's stack with SAM or CloudFormation."""
    return tuple(
        requirement for entry in _data()["deployer"] for requirement in _of_entry(entry, deployment, of_deployer=True)
    )


def _applies(entry: Mapping[str, Any], deployment: Deployment) -> bool:
    return "when" not in entry or getattr(deployment, entry["when"]) not in {None, False}


def _of_entry(entry: Mapping[str, Any], deployment: Deployment, *, of_deployer: bool = False) -> Iterator[Requirement]:
    level, source = Level(entry["level"]), entry["source"]
    if "trust" in entry:
        yield trust_requirement(entry["trust"], deployment, source=source)
        return
    resource, free = resource_of(entry["resource"], deployment)
    key = _captured_key(deployment) if entry["resource"] == "capture" else None
    for action in entry["actions"]:
        own: dict[str, Value] = (
            {"aws:PrincipalAccount": deployment.account} if of_deployer else _context(action, deployment)
        )
        context = {**own, **entry.get("context", {})}
        yield Requirement(
            action, entry["resource"], as_request(resource), level, context, free, source=source, captured_key=key
        )


def trust_requirement(service: str, deployment: Deployment, *, source: str = "") -> Requirement:
    """Return the requirement that a service may assume a role, on behalf of the deployment's account."""
    place = ("arn:", deployment.partition, f":{service.partition('.')[0]}:", deployment.region, ":", deployment.account)
    context: dict[str, Value] = {
        "aws:SourceAccount": deployment.account,
        "aws:SourceArn": text(*place, ":", Symbol("the calling resource", _RESOURCE_CHARACTERS, minimum=1)),
        "aws:PrincipalIsAWSService": "true",
        **dict.fromkeys(_data()["context"]["absentForServices"], Given.ABSENT),
        "sts:ExternalId": Given.ABSENT,
    }
    return Requirement("sts:AssumeRole", "trust", "*", Level.REQUIRED, context, service=service, source=source)


def caller_context(caller: tuple[str, str], deployment: Deployment) -> Mapping[str, Value]:
    """Return what is known of a request to assume a role by a service or provider, or a user, role or session.

    The ARN of a session does not have the path of its role, which aws:PrincipalArn has. Who comes from an identity
    provider is not known to AWS yet.
    """
    kind, name = caller
    if kind == "Service":
        return trust_requirement(name, deployment).context
    context: dict[str, Value] = {"aws:PrincipalIsAWSService": "false"}
    if kind == "Federated":
        return context
    account, parts = account_of(name), split(name) or ()
    if account is not None:
        context["aws:PrincipalAccount"] = account
    if parts[2:3] == ("iam",):
        context |= principal_context(name)
    return context
