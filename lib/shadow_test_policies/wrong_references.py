"""References to resources that do not give what a property needs: of another type, or an ARN in the place of a name.

Each function yields (node, message); the rules E9601 to E9603 and `validate` report them.
"""

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

from cfn_template.nodes import Node
from cfn_template.values import SymbolicString, Unresolved
from shadow_test_policies.endpoints import ENDPOINT, MODEL, RELATED_TYPES
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.references import ROLE, after_last, is_logical_id, path_in_arn, reference_of, role_behind

SCHEME: Final = "s3://"
BUCKET: Final = "AWS::S3::Bucket"
KEY, ALIAS = "AWS::KMS::Key", "AWS::KMS::Alias"
# What none of the properties can be, but for the one of its own. Other types may give any text, such as a parameter of
# Systems Manager, a nested stack, or what a team has registered.
_KNOWN: Final = RELATED_TYPES | {
    *("AWS::CloudWatch::Alarm", "AWS::DynamoDB::Table", "AWS::EC2::SecurityGroup", "AWS::EC2::Subnet", "AWS::EC2::VPC"),
    *("AWS::ECR::Repository", "AWS::Events::Rule", "AWS::IAM::ManagedPolicy", "AWS::IAM::User"),
    *("AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::SNS::Topic", "AWS::SQS::Queue"),
    *(ALIAS, BUCKET, KEY, ROLE),
}
BUCKET_ARN: Final = re.compile(r"s3://arn:(?:aws[a-z-]*|\$\{AWS::Partition\}):s3:::")
Wrong: TypeAlias = Iterator[tuple[Node, str]]


def wrong_references(experiment: Experiment) -> Wrong:
    """Yield each of them."""
    yield from wrong_names(experiment)
    yield from wrong_keys(experiment)
    yield from wrong_role_arn(experiment)
    yield from wrong_destination(experiment)


def wrong_names(experiment: Experiment) -> Wrong:
    """Yield each EndpointName and ModelName that is not the name of a resource of the type."""
    yield from _wrong_name(experiment, experiment.at("EndpointName"), ENDPOINT, "EndpointName")
    for variant in experiment.variants or []:
        yield from _wrong_name(experiment, variant.get("ModelName"), MODEL, "ModelName")


def _wrong_name(experiment: Experiment, node: Node | None, kind: str, name: str) -> Wrong:
    reference = reference_of(experiment.view, node)
    if node is not None and node.is_plain and is_logical_id(experiment.view, kind, node.text, node.scenario):
        other = f"{node.text} is a logical id, and that resource has another name"
        yield node, f"{other}; write !GetAtt {node.text}.{name}"
    if node is None or reference is None:
        return
    if other_type := _other_type(reference.name, reference.type, kind):
        yield node, other_type
    elif reference.type == kind and reference.attribute != name:
        given = f"GetAtt {reference.name}.{reference.attribute}" if reference.attribute else f"Ref {reference.name}"
        yield node, f"!{given} returns an ARN, not a name; write !GetAtt {reference.name}.{name}"


def _other_type(name: str, kind: str, *kinds: str) -> str:
    """Return the message for a reference to a resource that certainly is of none of the types, else an empty text."""
    return f"{name} is of type {kind}, not {kinds[0]}" if kind in _KNOWN - set(kinds) else ""


def wrong_keys(experiment: Experiment) -> Wrong:
    """Yield each KmsKey that refers to something other than a key or an alias."""
    for node in (experiment.at("KmsKey"), experiment.at("DataStorageConfig", "KmsKey")):
        reference = reference_of(experiment.view, node)
        if node is not None and reference and (other_type := _other_type(reference.name, reference.type, KEY, ALIAS)):
            yield node, other_type


def wrong_role_arn(experiment: Experiment) -> Wrong:
    """Yield RoleArn where it is the name of a role of the template, or an ARN that is not the role's."""
    node = experiment.at("RoleArn")
    if node is None:
        return
    yield from _wrong_path(experiment, node)
    reference = reference_of(experiment.view, node)
    if reference is None:
        return
    if other_type := _other_type(reference.name, reference.type, ROLE):
        yield node, other_type
    elif reference.type == ROLE and reference.attribute != "Arn":
        message = f"this is the name of {reference.name}, but RoleArn requires its ARN"
        yield node, f"{message}; write !GetAtt {reference.name}.Arn"


def _wrong_path(experiment: Experiment, node: Node) -> Wrong:
    view, written = experiment.view, path_in_arn(node.text)
    role = role_behind(view, node) if written else None
    own = view.resource(role, node.scenario).at("Properties", "Path") if role else None
    path = own.literal if own is not None else "/"
    if role and path and written != path:
        yield node, f"the Path of {role} is {path}, not {written}; write !GetAtt {role}.Arn"
    name = after_last(node.text, "/")
    if written and is_logical_id(view, ROLE, name, node.scenario):
        yield node, f"{name} is a logical id, and that role has another name; write !GetAtt {name}.Arn"


def wrong_destination(experiment: Experiment) -> Wrong:
    """Yield Destination where a reference to a bucket is not the name after s3://, or the name is an ARN."""
    node = experiment.at("DataStorageConfig", "Destination")
    text = node.text if node is not None else None
    if node is None or text is None:
        return
    parts = text.parts if isinstance(text, SymbolicString) else (text,)
    before = parts[0] if isinstance(parts[0], str) and SCHEME.startswith(parts[0]) and len(parts) > 1 else ""
    first = parts[bool(before)]
    name, _, attribute = first.argument.partition(".") if isinstance(first, Unresolved) else ("", "", "")
    after = parts[bool(before) + 1 :]
    kind = experiment.view.type_of(name)
    is_whole = before != SCHEME or str(after[0] if after else "/").startswith("/")  # not the beginning of a name
    if is_whole and (other_type := _other_type(name, kind, BUCKET)):
        yield node, other_type
    elif kind == BUCKET and (attribute or before != SCHEME):
        given = f"{attribute} of {name}" if attribute else f"the name of {name}"
        begin = f"begins with {before or given} instead of {SCHEME}"
        wrong = f"has {given} instead of a name" if before == SCHEME else begin
        yield node, f"the URI {wrong}; write !Sub {SCHEME}${{{name}}}/prefix"
    elif BUCKET_ARN.match(str(text)):
        yield node, f"{text} has the ARN of a bucket; write its name after {SCHEME}"
