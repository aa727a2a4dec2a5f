"""The resources that the roles need permissions for, as the IAM library's Deployment."""

import re
from dataclasses import replace
from typing import Any, Final

import iam_policy
from cfn_template.nodes import Node
from cfn_template.values import unresolved
from iam_policy.match.arns import SEGMENTS, split
from iam_policy.match.symbols import parts_of
from shadow_test_policies.experiment import QUEUE_VARIABLE, Experiment
from shadow_test_policies.located_documents import text_at
from shadow_test_policies.physical_names import PhysicalNames
from shadow_test_policies.references import reference_of, referenced
from shadow_test_policies.requirements import Deployment

BUCKET: Final = "AWS::S3::Bucket"
DEFAULT_ENCRYPTION: Final = "BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault"
S3_KEY: Final = "alias/aws/s3"
PLACES: Final = {"partition": "AWS::Partition", "region": "AWS::Region", "account": "AWS::AccountId"}


def place_of(names: PhysicalNames) -> dict[str, iam_policy.Text]:
    """Return partition, region and account, symbols where they are not known."""
    return {name: iam_policy.text(names.pseudo(pseudo)) for name, pseudo in PLACES.items()}


def bare(names: PhysicalNames) -> Deployment:
    """Return a deployment of which only the place is known."""
    place = place_of(names)
    return Deployment(place["partition"], place["region"], place["account"])


def known_by_role(role: iam_policy.Text | None) -> dict[str, iam_policy.Text]:
    """Return the pseudo parameters that the ARN of the experiment's role implies: it is in the account of the stack."""
    parts = split(role) if role is not None else None
    if parts is None or len(parts) != SEGMENTS:
        return {}
    literals = {"AWS::Partition": parts[1], "AWS::AccountId": parts[4]}
    return {name: value for name, value in literals.items() if isinstance(value, str) and value}


def of_experiment(experiment: Experiment, names: PhysicalNames, *, with_tags: bool) -> Deployment:
    """Return the deployment of an experiment; its tags matter only to the role that creates it."""
    is_nested = bool(experiment.view.composition.inner(experiment.resource.path)[0])
    return replace(
        bare(names),
        experiment=text_at(experiment.at("Name"), names),
        experiment_role=role_arn(experiment, names),
        stack=None if is_nested else names.text(unresolved("Ref", "AWS::StackId")),
        endpoint=_endpoint(experiment, names),
        capture_uri=_s3_uri(experiment.at("DataStorageConfig", "Destination"), names),
        variants=tuple(name.literal for name in experiment.variant_names or () if name.literal),
        capture_key=_key(capture_key_of(experiment, names), names, "capture key"),
        capture_key_is_of_bucket=experiment.at("DataStorageConfig", "KmsKey") is None,
        volume_key=_key(experiment.at("KmsKey"), names, "volume key"),
        volume_key_is_named=_is_named(experiment.at("KmsKey"), names),
        tags=_tags(experiment, names) if with_tags else None,
        prediction_result=_s3_uri(experiment.at("PromotionCriteria", "PredictionResult"), names),
    )


def role_arn(experiment: Experiment, names: PhysicalNames) -> iam_policy.Text | None:
    """Return RoleArn, None if it is unknown."""
    return text_at(experiment.at("RoleArn"), names) or None


def _endpoint(experiment: Experiment, names: PhysicalNames) -> iam_policy.Text | None:
    name = text_at(experiment.at("EndpointName"), names)
    return None if not name else _arn(names, "sagemaker", "endpoint/", name)


def _s3_uri(node: Node | None, names: PhysicalNames) -> iam_policy.Text | None:
    """Return the URI of objects; None where it is not s3:// for certain."""
    text = text_at(node, names)
    if text is None:
        return None
    head = text if isinstance(text, str) else text.parts[0]
    # An ARN is no name of a bucket.
    return text if isinstance(head, str) and re.match("s3://(?!arn:)", head) else None


def capture_key_of(experiment: Experiment, names: PhysicalNames) -> Node | None:
    """Return the key of the customer that encrypts captured data: that of the experiment, else the bucket's default."""
    own = experiment.at("DataStorageConfig", "KmsKey")
    destination = experiment.at("DataStorageConfig", "Destination")
    mentioned = referenced(destination.text) if destination is not None else []
    buckets = [name for name in mentioned if names.view.type_of(name) == BUCKET]
    if own is not None or not buckets:
        return own
    rules = names.view.resource(buckets[0], names.scenario).at("Properties", *DEFAULT_ENCRYPTION)
    key = rules.get("KMSMasterKeyID") if rules is not None else None
    # Everyone in the account may use the key of S3.
    return None if key is None or (key.literal or "").endswith(S3_KEY) else key


def _key(node: Node | None, names: PhysicalNames, label: str) -> iam_policy.Text | None:
    """Return the ARN of a key that is specified by ARN or ID; an alias may stand for any key."""
    text = text_at(node, names)
    if text is None or text == "":
        return None
    if split(text) is not None and str(text).startswith("arn:") and ":alias/" not in str(text):
        return text
    is_id = isinstance(text, str) and not text.startswith(("alias/", "arn:"))
    reference = reference_of(names.view, node) if node is not None else None
    if is_id or (reference is not None and reference.type == "AWS::KMS::Key"):
        return _arn(names, "kms", "key/", text)
    return _arn(names, "kms", "key/", iam_policy.Symbol(label, minimum=1, literal=True))


def _is_named(node: Node | None, names: PhysicalNames) -> bool:
    """Tell whether a key is certainly specified by ID or alias; a parameter may be either."""
    text = text_at(node, names)
    reference = reference_of(names.view, node) if node is not None else None
    if reference is not None:
        return reference.function == "Ref" and reference.type in {"AWS::KMS::Alias", "AWS::KMS::Key"}
    head = parts_of(text)[0] if text else None
    return isinstance(head, str) and (not head.startswith("arn:") or ":alias/" in str(text))


def _arn(names: PhysicalNames, service: str, prefix: str, name: iam_policy.Symbol | iam_policy.Text) -> iam_policy.Text:
    place = place_of(names)
    head = ("arn:", place["partition"], f":{service}:", place["region"], ":", place["account"], ":" + prefix)
    return iam_policy.text(*head, name)


def _tags(experiment: Experiment, names: PhysicalNames) -> dict[str, iam_policy.Text] | None:
    listed = experiment.at("Tags")
    if listed is None:
        return {}
    tags: dict[str, iam_policy.Text] = {}
    for node in listed.items if listed.items is not None else [listed]:
        key, value = text_at(node.get("Key"), names), text_at(node.get("Value"), names)
        if not isinstance(key, str) or value is None:
            return None
        tags[key] = value
    # Stacks may have tags too, but CloudFormation does not pass them on.
    return tags


def of_function(name: str, names: PhysicalNames) -> dict[str, Any]:
    """Return the queue, dead-letter queue, log group and VPC of a function resource, None if it has none."""
    properties = names.view.resource(name, names.scenario).at("Properties")
    if properties is None:
        return {}
    queue, target = _queues(properties)
    resources: dict[str, Any] = {}
    if queue is not None:
        resources["queue"] = None  # its URL may be anything
        reference = reference_of(names.view, queue)
        if reference is not None and reference.type == "AWS::SQS::Queue":
            resources["queue"] = names.text(unresolved("Fn::GetAtt", f"{reference.name}.Arn"))
    if target is not None and (arn := text_at(target, names)) is not None and ":sqs:" in str(arn):
        resources["dead_letter_queue"] = arn
    keys = queue_keys(properties, names)
    resources |= {field: _key(node, names, field.replace("_", " ")) for field, node in keys.items()}
    resources["log_group"] = _log_group(name, properties, names)
    subnets = properties.at("VpcConfig", "SubnetIds")
    resources["in_vpc"] = subnets is not None and subnets.items != []
    return resources


def _queues(properties: Node) -> tuple[Node | None, Node | None]:
    """Return the values of a function that name its queue and its dead-letter queue."""
    target = properties.at("DeadLetterQueue", "TargetArn") or properties.at("DeadLetterConfig", "TargetArn")
    return properties.at("Environment", "Variables", QUEUE_VARIABLE), target


def queue_keys(properties: Node, names: PhysicalNames) -> dict[str, Node]:
    """Return the keys of the customer that encrypt the queues of a function, by the field of the deployment."""
    found: dict[str, Node] = {}
    for field, queue in zip(("queue_key", "dead_letter_key"), _queues(properties), strict=True):
        reference = reference_of(names.view, queue)
        if reference is not None and reference.type == "AWS::SQS::Queue":
            key = names.view.resource(reference.name, names.scenario).at("Properties", "KmsMasterKeyId")
            of_template = reference_of(names.view, key)
            is_own = of_template is not None or (key is not None and key.literal not in {None, "", "alias/aws/sqs"})
            found |= {field: key} if key is not None and is_own else {}
    return found


def _log_group(name: str, properties: Node, names: PhysicalNames) -> iam_policy.Text | None:
    group = text_at(properties.at("LoggingConfig", "LogGroup"), names)
    if group is None:
        function_name = text_at(properties.get("FunctionName"), names)
        # Lambda names the group after the function, whose name CloudFormation generates.
        generated = names.text(unresolved("Ref", name))
        group = iam_policy.text("/aws/lambda/", generated if function_name is None else function_name)
    return _arn(names, "logs", "log-group:", iam_policy.text(group, ":*"))
