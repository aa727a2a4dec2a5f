"""Requests, configurations and situations, shared by the unit tests of the pure modules."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from experiment_properties import properties

from inference_experiment.event import Request, parse
from inference_experiment.model import Configuration, Observed, Ownership, Status, Variant
from inference_experiment.properties import parse as parse_properties

GUID: Final = "6f0f5a80-1111-11f0-8000-000000000001"
STACK_ID: Final = f"arn:aws:cloudformation:us-east-1:123456789012:stack/shop/{GUID}"
URL: Final = (
    "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x?X-Amz-Signature=5ecret51gnature"
)


def event(kind: str = "Create", **changes: Any) -> dict[str, Any]:
    """Return a valid event with these members changed; None leaves one out."""
    made = {
        "RequestType": kind,
        "ResponseURL": URL,
        "StackId": STACK_ID,
        "RequestId": "request-1",
        "ResourceType": "Custom::SageMakerInferenceExperiment",
        "LogicalResourceId": "Experiment",
        "ResourceProperties": properties(),
        **({} if kind == "Create" else {"PhysicalResourceId": "test"}),
        **changes,
    }
    return {key: value for key, value in made.items() if value is not None}


def request(kind: str = "Create", **changes: Any) -> Request:
    return parse(event(kind, **changes))


def configuration(**changes: Any) -> Configuration:
    """Return the configuration of the valid properties with these members changed."""
    return replace(parse_properties(request()).configuration, **changes)


def variants(*names: str) -> tuple[Variant, ...]:
    return tuple(Variant(name, f"model-of-{name}", "ml.m5.xlarge", 1) for name in names)


def observed(status: Status = Status.RUNNING, **changes: Any) -> Observed:
    found = configuration(**changes)
    return Observed(found.name, status, Ownership.RESOURCE, "arn:aws:sagemaker:::x", found)


def moment(day: int, hour: int = 0) -> datetime:
    return datetime(2030, 1, day, hour, tzinfo=UTC)
