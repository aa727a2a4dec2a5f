"""Generates the files beside the handlers from schema.json and operations.json.

    python -m registry.generate

The schema of the type, the role of its handlers, and the settings of the CloudFormation CLI; a test holds that the
files in this folder are what this writes.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from inference_experiment import contract
from shadow_test_policies.registry_type import REGISTRY_TYPE, without_service

TYPE_NAME: Final = REGISTRY_TYPE
FOLDER: Final = Path(__file__).resolve().parent
RUNTIME: Final = "python312"
"""The newest that the CloudFormation CLI's plugin knows."""
TIMEOUT_MINUTES: Final = 2160
SOURCE_URL: Final = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests.html"
# What a handler of the custom resource needs for its queue, its stack and its replacements, which the registry's
# handlers leave to CloudFormation.
NOT_CALLED: Final[Mapping[str, frozenset[str]]] = {
    "create": frozenset({"DescribeStackResource", "DescribeStacks", "SendMessage"}),
    "read": frozenset(),
    "update": frozenset(
        {"CreateInferenceExperiment", "DeleteInferenceExperiment", "ListInferenceExperiments", "SendMessage"}
    ),
    "delete": frozenset({"SendMessage"}),
    "list": frozenset(),
}
WAITING: Final = frozenset({"create", "update", "delete"})


def operations_of(handler: str) -> frozenset[str]:
    """Return the AWS operations that a handler can call."""
    return contract.operations_of(handler) - NOT_CALLED[handler]


def actions_of(handler: str) -> list[str]:
    """Return the IAM actions that a handler needs, sorted."""
    return sorted({each.action for operation in operations_of(handler) for each in contract.permissions_of(operation)})


def schema(type_name: str = TYPE_NAME) -> dict[str, Any]:
    """Return the schema of the type, in the registry's dialect."""
    made = without_service(contract.schema(), type_name)
    del made["attributes"]
    made |= {
        "sourceUrl": SOURCE_URL,
        "writeOnlyProperties": [
            path for path in made["writeOnlyProperties"] if path.rpartition("/")[2] in made["properties"]
        ],
        "handlers": {
            handler: {
                "permissions": actions_of(handler),
                **({"timeoutInMinutes": TIMEOUT_MINUTES} if handler in WAITING else {}),
            }
            for handler in contract.handlers()
        },
    }
    made["tagging"] = made["tagging"] | {
        "permissions": ["sagemaker:AddTags", "sagemaker:DeleteTags", "sagemaker:ListTags"]
    }
    registrable: dict[str, Any] = _registrable(made)
    return registrable


def _registrable(part: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a part of a schema without the keywords that the registry's meta-schema refuses; no array is ordered."""
    if isinstance(part, dict):
        made = {key: _registrable(value) for key, value in part.items() if key != "propertyNames"}
        return made | {"insertionOrder": False} if part.get("type") == "array" else made
    return [_registrable(value) for value in part] if isinstance(part, list) else part


def statements() -> list[dict[str, Any]]:
    """Return the statements of the handlers' role, one for each kind of resource and condition."""
    groups: dict[str, dict[str, Any]] = {}
    for handler in contract.handlers():
        for operation in operations_of(handler):
            for each in contract.permissions_of(operation):
                key = json.dumps([each.resource, each.condition], sort_keys=True)
                found = groups.setdefault(
                    key, {"resource": each.resource, "condition": each.condition, "actions": set()}
                )
                found["actions"].add(each.action)
    return [_statement(groups[key]) for key in sorted(groups)]


def _statement(group: Mapping[str, Any]) -> dict[str, Any]:
    arn = contract.resource_arns()[group["resource"]]
    for known in ("Partition", "Region", "Account"):
        arn = arn.replace(f"${{{known}}}", f"${{AWS::{known.replace('Account', 'AccountId')}}}")
    head, marker, _ = (
        arn.partition("${" + NAME_OF[group["resource"]] + "}") if group["resource"] in NAME_OF else (arn, "", "")
    )
    resource = {"Fn::Sub": f"{head}*"} if marker else arn
    return {
        "Effect": "Allow",
        "Action": sorted(group["actions"]),
        "Resource": resource,
        **({"Condition": group["condition"]} if group["condition"] else {}),
    }


NAME_OF: Final = {
    "experiment": "InferenceExperimentName",
    "experimentRole": "RoleNameWithPath",
    "predictionResult": "PredictionResultBucketAndKey",
    "stack": "StackName",
}
"""Kind of resource -> the part of its ARN that the role leaves open."""


def role(type_name: str = TYPE_NAME) -> dict[str, Any]:
    """Return the template of the execution role; `cfn generate` would write one with Resource "*"."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "resources.cloudformation.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
            "StringLike": {
                "aws:SourceArn": {
                    "Fn::Sub": "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:type/resource/"
                    f"{type_name.replace('::', '-')}/*"
                }
            },
        },
    }
    execution = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "MaxSessionDuration": 43200,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [
                {
                    "PolicyName": "ResourceTypePolicy",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": statements()},
                }
            ],
        },
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Role that CloudFormation assumes for the handlers of {type_name}",
        "Resources": {"ExecutionRole": execution},
        "Outputs": {"ExecutionRoleArn": {"Value": {"Fn::GetAtt": ["ExecutionRole", "Arn"]}}},
    }


def settings(type_name: str = TYPE_NAME) -> dict[str, Any]:
    """Return .rpdk-config: the settings of the CloudFormation CLI."""
    package = package_of(type_name)
    return {
        "artifact_type": "RESOURCE",
        "typeName": type_name,
        "language": RUNTIME,
        "runtime": "python3.12",
        "entrypoint": f"{package}.handlers.resource",
        "testEntrypoint": f"{package}.handlers.test_entrypoint",
        "settings": {
            "version": False,
            "subparser_name": None,
            "verbose": 0,
            "force": False,
            "type_name": None,
            "artifact_type": None,
            "endpoint_url": None,
            "region": None,
            "target_schemas": [],
            "use_docker": False,
            "no_docker": True,
            "protocolVersion": "2.0.0",
        },
    }


def package_of(type_name: str) -> str:
    """Return the name of the handlers' package, which the CloudFormation CLI derives from the type name."""
    return "_".join(part.lower() for part in type_name.split("::"))


def files(type_name: str = TYPE_NAME) -> dict[str, str]:
    """Return the generated files: name -> content."""
    made = {
        f"{'-'.join(part.lower() for part in type_name.split('::'))}.json": schema(type_name),
        ".rpdk-config": settings(type_name),
        "resource-role.yaml": role(type_name),  # JSON is YAML
    }
    return {name: json.dumps(content, indent=2) + "\n" for name, content in made.items()}


def main() -> None:
    """Write the files into this folder."""
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
