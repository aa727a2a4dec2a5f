"""The form of what a reference to a resource returns: the name's characters, and the ARN around the name."""

import string
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from cfn_template.values import SUB_VARIABLE, Raw, Unresolved

_LOCAL: Final = "${AWS::Region}:${AWS::AccountId}"
_ALNUM: Final = string.ascii_letters + string.digits
_LOWER: Final = string.ascii_lowercase + string.digits


class Name(NamedTuple):
    """The name of a type's resources: its property, the attribute that returns it, and what it consists of."""

    property: str
    attribute: str
    characters: str
    minimum: int = 1
    exact: bool = False  # exactly `minimum` characters


# Sources: the pattern of each name in its service's API reference.
NAMES: Final[Mapping[str, Name]] = {
    "AWS::IAM::Role": Name("RoleName", "Ref", _ALNUM + "+=,.@_-"),
    "AWS::KMS::Key": Name("", "Ref", _LOWER + "-", 36, exact=True),
    "AWS::Lambda::Function": Name("FunctionName", "Ref", _ALNUM + "_-"),
    "AWS::Logs::LogGroup": Name("LogGroupName", "Ref", _ALNUM + "_-/.#"),
    "AWS::S3::Bucket": Name("BucketName", "Ref", _LOWER + ".-", 3),
    "AWS::SQS::Queue": Name("QueueName", "QueueName", _ALNUM + "_-."),
    "AWS::SageMaker::Endpoint": Name("EndpointName", "EndpointName", _ALNUM + "-"),
    "AWS::SageMaker::EndpointConfig": Name("EndpointConfigName", "EndpointConfigName", _ALNUM + "-"),
    "AWS::SageMaker::Model": Name("ModelName", "ModelName", _ALNUM + "-"),
}
# (type, "Ref" or attribute) -> the form of the value; ${Name} is the physical name, ${Path} that of a role.
FORMS: Final[Mapping[tuple[str, str], str]] = {
    **{(kind, name.attribute): "${Name}" for kind, name in NAMES.items()},
    ("AWS::IAM::Role", "Arn"): "arn:${AWS::Partition}:iam::${AWS::AccountId}:role${Path}${Name}",
    ("AWS::KMS::Key", "KeyId"): "${Name}",
    ("AWS::KMS::Key", "Arn"): f"arn:${{AWS::Partition}}:kms:{_LOCAL}:key/${{Name}}",
    ("AWS::Lambda::Function", "Arn"): f"arn:${{AWS::Partition}}:lambda:{_LOCAL}:function:${{Name}}",
    ("AWS::Logs::LogGroup", "Arn"): f"arn:${{AWS::Partition}}:logs:{_LOCAL}:log-group:${{Name}}:*",
    ("AWS::S3::Bucket", "Arn"): "arn:${AWS::Partition}:s3:::${Name}",
    ("AWS::SQS::Queue", "Arn"): f"arn:${{AWS::Partition}}:sqs:{_LOCAL}:${{Name}}",
    ("AWS::SageMaker::Endpoint", "Ref"): f"arn:${{AWS::Partition}}:sagemaker:{_LOCAL}:endpoint/${{Name}}",
    ("AWS::SageMaker::EndpointConfig", "Ref"): f"arn:${{AWS::Partition}}:sagemaker:{_LOCAL}:endpoint-config/${{Name}}",
    ("AWS::SageMaker::Model", "Ref"): f"arn:${{AWS::Partition}}:sagemaker:{_LOCAL}:model/${{Name}}",
}
_PSEUDO: Final = {
    "AWS::AccountId": string.digits,
    "AWS::Partition": _LOWER + "-",
    "AWS::Region": _LOWER + "-",
    "AWS::StackName": _ALNUM + "-",
}
_STACK_ID: Final = Unresolved("Ref", "AWS::StackId")
_BEFORE_GUID: Final[tuple[str | Unresolved, ...]] = tuple(
    Unresolved("Ref", piece) if index % 2 else piece
    for index, piece in enumerate(
        SUB_VARIABLE.split(f"arn:${{AWS::Partition}}:cloudformation:{_LOCAL}:stack/${{AWS::StackName}}/")
    )
)


def expanded(part: Unresolved, resources: Mapping[str, Raw]) -> list[str | Unresolved]:
    """Return a reference to a resource as the parts of its form, or itself without a known one."""
    name, _, attribute = part.argument.partition(".")
    resource = resources.get(name)
    kind = str(resource["Type"]) if resource else ""
    form = FORMS.get((kind, attribute or "Ref"), "${Name}")
    if form == "${Name}":
        return [part]
    of_name = NAMES[kind].attribute
    own = Unresolved("Ref", name) if of_name == "Ref" else Unresolved("Fn::GetAtt", f"{name}.{of_name}")
    properties = resource.get("Properties") if resource else None
    path = properties.get("Path", "/") if isinstance(properties, dict) else "/"
    known = {"Name": own, "Path": path if isinstance(path, str) else Unresolved("Fn::GetAtt", f"{name}.Path")}
    pieces = enumerate(SUB_VARIABLE.split(form))
    return [known.get(piece, Unresolved("Ref", piece)) if index % 2 else piece for index, piece in pieces]


def values_of(
    name: str, kind: str, physical_id: str, pseudo: Mapping[str, str], path: str | None = "/"
) -> Iterator[tuple[Unresolved, str]]:
    """Yield what Ref and attributes of a deployed resource give, as far as its physical id tells.

    `pseudo` are the values of the pseudo parameters, `path` is a role's; None where it is not known.
    """
    yield Unresolved("Ref", name), physical_id
    if kind not in NAMES:
        return
    known = {key: value for key, value in {**pseudo, "Path": path}.items() if value is not None}
    named = _name_in(physical_id, FORMS.get((kind, "Ref"), ""), known)
    for (each, attribute), form in FORMS.items():
        text = _filled(form, {**known, "Name": named}) if named else ""
        if each == kind and attribute != "Ref" and text and not SUB_VARIABLE.search(text):
            yield Unresolved("Fn::GetAtt", f"{name}.{attribute}"), text


def _filled(form: str, known: Mapping[str, str]) -> str:
    return SUB_VARIABLE.sub(lambda match: known.get(match[1], match[0]), form)


def _name_in(physical_id: str, form: str, known: Mapping[str, str]) -> str:
    """Return the physical name in a physical id, which is the name itself or has the form of Ref."""
    before, hole, after = _filled(form, known).partition("${Name}")
    if hole and physical_id.startswith(before) and physical_id.endswith(after):
        return physical_id[len(before) : len(physical_id) - len(after)]
    return "" if {":", "/"} & {*physical_id} else physical_id


def as_pieces(part: Unresolved, resources: Mapping[str, Raw]) -> list[str | Unresolved]:
    """Return what Fn::Split divides: the form of a reference; of AWS::StackId only its end is not known."""
    return [*_BEFORE_GUID, part] if part == _STACK_ID else expanded(part, resources)


def may_contain(part: Unresolved, delimiter: str, resources: Mapping[str, Raw]) -> bool:
    """Tell whether an unresolved value may contain one of some characters."""
    name, _, attribute = part.argument.partition(".")
    kind = str(resources[name]["Type"]) if name in resources else ""
    characters = _PSEUDO.get(part.argument) if part.function == "Ref" else None
    if FORMS.get((kind, attribute or "Ref")) == "${Name}":
        characters = NAMES[kind].characters
    return characters is None or not set(delimiter).isdisjoint(characters)
