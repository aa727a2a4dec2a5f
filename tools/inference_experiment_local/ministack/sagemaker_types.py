"""AWS::SageMaker::Model, EndpointConfig and Endpoint for ministack's CloudFormation.

Ours, not ministack's: handlers in ministack's own form that call the SageMaker API at AWS_ENDPOINT_URL_SAGEMAKER.
As in CloudFormation, Ref gives the ARN and Fn::GetAtt the name. Runs in ministack's process.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import boto3

Members: TypeAlias = dict[str, Any]
Outcome: TypeAlias = tuple[str, Members]
"""Physical id and attributes, what ministack's handlers return."""


@dataclass(frozen=True)
class SageMakerType:
    """A resource type: the API noun and the properties besides the name whose change replaces the resource."""

    noun: str
    replaced_by: str

    @property
    def name_property(self) -> str:
        """The property with the name."""
        return f"{self.noun}Name"

    @property
    def replacing(self) -> tuple[str, ...]:
        """The properties whose change replaces the resource."""
        return (self.name_property, *self.replaced_by.split())

    @property
    def resource_type(self) -> str:
        """The CloudFormation type name."""
        return f"AWS::SageMaker::{self.noun}"


TYPES = (
    SageMakerType(
        "Model",
        "Containers EnableNetworkIsolation ExecutionRoleArn InferenceExecutionConfig PrimaryContainer VpcConfig",
    ),
    SageMakerType(
        "EndpointConfig", "AsyncInferenceConfig DataCaptureConfig KmsKeyId ProductionVariants ShadowProductionVariants"
    ),
    SageMakerType("Endpoint", ""),
)
"""The update behaviour is that of the CloudFormation type reference; everything else changes in place."""


def handlers_of(kind: SageMakerType, generated_name: Callable[[str, str], str]) -> Mapping[str, Any]:
    """Return ministack's handlers for a type; `generated_name` makes a name of stack name and logical id."""

    def create(logical_id: str, properties: Members, stack_name: str) -> Outcome:
        name = properties.get(kind.name_property) or generated_name(stack_name, logical_id)
        answer = _call(f"create_{_snake(kind.noun)}", {**_typed(properties), kind.name_property: name})
        return answer[f"{kind.noun}Arn"], {kind.name_property: name}

    def update(physical_id: str, old: Members, new: Members, _stack_name: str) -> Outcome:
        name = physical_id.rpartition("/")[2]
        if kind.noun == "Endpoint" and old.get("EndpointConfigName") != new.get("EndpointConfigName"):
            _call("update_endpoint", {"EndpointName": name, "EndpointConfigName": new["EndpointConfigName"]})
        return physical_id, {kind.name_property: name}

    def delete(physical_id: str, _properties: Members) -> None:
        name = physical_id.rpartition("/")[2]
        client = _client()
        try:
            getattr(client, f"delete_{_snake(kind.noun)}")(**{kind.name_property: name})
        except client.exceptions.ClientError as error:
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


def _snake(noun: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in noun).lstrip("_")


_NUMBERS = {"InitialInstanceCount": int, "InitialVariantWeight": float, "InitialSamplingPercentage": int}


def _typed(value: Any, key: str = "") -> Any:  # noqa: ANN401 - template values
    """Give numbers their type back: CloudFormation accepts them as strings, boto3 does not."""
    if isinstance(value, dict):
        return {name: _typed(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner) for inner in value]
    return _NUMBERS[key](value) if key in _NUMBERS else value
