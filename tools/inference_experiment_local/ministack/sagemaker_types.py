"""AWS::SageMaker::Model, EndpointConfig and Endpoint for ministack's CloudFormation.

Ours, not ministack's: handlers in ministack's own form that call the SageMaker API at AWS_ENDPOINT_URL_SAGEMAKER.
As in CloudFormation, Ref gives the ARN and Fn::GetAtt the name. Runs in ministack's process.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

Members: TypeAlias = dict[str, Any]
Outcome: TypeAlias = tuple[str, Members]
"""Physical id and attributes, what ministack's handlers return."""

REPLACED_BY: Mapping[str, tuple[str, ...]] = {
    "Model": (
        "Containers",
        "EnableNetworkIsolation",
        "ExecutionRoleArn",
        "InferenceExecutionConfig",
        "PrimaryContainer",
        "VpcConfig",
    ),
    "EndpointConfig": (
        "AsyncInferenceConfig",
        "DataCaptureConfig",
        "KmsKeyId",
        "ProductionVariants",
        "ShadowProductionVariants",
    ),
    "Endpoint": (),
}
"""API noun -> the properties besides the name whose change replaces the resource (CloudFormation type reference);
everything else changes in place."""


def handlers_of(noun: str, generated_name: Callable[[str, str], str]) -> Mapping[str, Any]:
    """Return ministack's handlers for a type; `generated_name` makes a name of stack name and logical id."""
    name_property = f"{noun}Name"

    def create(logical_id: str, properties: Members, stack_name: str) -> Outcome:
        name = properties.get(name_property) or generated_name(stack_name, logical_id)
        answer = _call(f"create_{xform_name(noun)}", {**_typed(properties), name_property: name})
        return answer[f"{noun}Arn"], {name_property: name}

    def update(physical_id: str, old: Members, new: Members, _stack_name: str) -> Outcome:
        name = physical_id.rpartition("/")[2]
        if noun == "Endpoint" and old.get("EndpointConfigName") != new.get("EndpointConfigName"):
            _call("update_endpoint", {"EndpointName": name, "EndpointConfigName": new["EndpointConfigName"]})
        return physical_id, {name_property: name}

    def delete(physical_id: str, _properties: Members) -> None:
        name = physical_id.rpartition("/")[2]
        try:
            _call(f"delete_{xform_name(noun)}", {name_property: name})
        except ClientError as error:
            # A resource that does not exist must not fail a stack's deletion.
            if "Could not find" not in str(error):
                raise

    return {"create": create, "update": update, "delete": delete}


@cache
def _client() -> Any:  # noqa: ANN401 - operations are looked up by name
    return boto3.client("sagemaker", region_name="us-east-1")


def _call(operation: str, members: Members) -> Members:
    answer: Members = getattr(_client(), operation)(**members)
    return answer


_NUMBERS = {"InitialInstanceCount": int, "InitialVariantWeight": float, "InitialSamplingPercentage": int}


def _typed(value: Any, key: str = "") -> Any:  # noqa: ANN401 - template values
    """Give numbers their type back: CloudFormation accepts them as strings, boto3 does not."""
    if isinstance(value, dict):
        return {name: _typed(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner) for inner in value]
    return _NUMBERS[key](value) if key in _NUMBERS else value
