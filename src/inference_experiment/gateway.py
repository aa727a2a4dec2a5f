"""One method per AWS operation; Describe -> Observed; ClientError -> our errors. Nothing else knows botocore.

The clients are made on first use: a cold start that only answers pays for none of them.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NoReturn

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from inference_experiment import contract, payloads
from inference_experiment.errors import (
    AccessDenied,
    AlreadyExists,
    Conflict,
    ExperimentError,
    LimitExceeded,
    NotFound,
    Refused,
    Throttled,
    Unavailable,
    UnexpectedStatus,
)
from inference_experiment.model import Observed, Status, Step, StepKind

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_sagemaker.client import SageMakerClient
    from mypy_boto3_sqs.client import SQSClient

# One call ends within half a minute, retries included: less than what lifecycle.py keeps for the answer.
CONFIG: Final = Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2})

# aws-facts 1.4, 1.7; codes without a class of their own are told apart by what to do about them.
ERRORS: Final[Mapping[str, type[ExperimentError]]] = {
    "ResourceInUse": AlreadyExists,
    "ResourceLimitExceeded": LimitExceeded,
    "ResourceNotFound": NotFound,
    "ConflictException": Conflict,
    "AccessDenied": AccessDenied,
    "AccessDeniedException": AccessDenied,
    "UnauthorizedOperation": AccessDenied,
    "NotAuthorized": AccessDenied,
    "Throttling": Throttled,
    "ThrottlingException": Throttled,
    "TooManyRequestsException": Throttled,
    "RequestLimitExceeded": Throttled,
    "InternalFailure": Unavailable,
    "InternalServerError": Unavailable,
    "InternalServerException": Unavailable,
    "ServiceUnavailable": Unavailable,
    "ServiceUnavailableException": Unavailable,
}
SERVER_ERROR: Final = 500
NOT_FOUND_WORDS: Final = ("could not find", "does not exist", "not found")


def _translate(operation: str, error: ClientError) -> ExperimentError:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", "") or "no message")
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    family = ERRORS.get(code) or (Unavailable if status >= SERVER_ERROR else Refused)
    if family is Refused and operation == "DescribeInferenceExperiment":
        # Some operations of SageMaker say ValidationException "Could not find ..." for what does not exist.
        family = NotFound if any(word in message.lower() for word in NOT_FOUND_WORDS) else Refused
    if family is AccessDenied:
        return AccessDenied(contract.permissions_of(operation)[0].action, message)
    return family(f"{operation}: {message} ({code or status})")


def _raise(operation: str, error: Exception) -> NoReturn:
    if isinstance(error, ClientError):
        raise _translate(operation, error) from error
    if isinstance(error, ParamValidationError):
        raise Refused(f"{operation}: {error}") from error
    # The text of a connection error names our endpoint and nothing secret.
    raise Unavailable(f"{operation}: no answer from AWS: {error}") from error


def _status(text: str, name: str) -> Status:
    if text not in list(Status) or text == Status.ABSENT:
        raise UnexpectedStatus(f"Experiment {name} has the status {text!r}, which this version does not know")
    return Status(text)


class Gateway:
    """The AWS operations that the lifecycle needs. Every method raises ExperimentError and nothing else."""

    def __init__(self, queue_url: str = "") -> None:
        self._queue_url = queue_url

    @cached_property
    def _sagemaker(self) -> "SageMakerClient":
        return boto3.client("sagemaker", config=CONFIG)

    @cached_property
    def _cloudformation(self) -> "CloudFormationClient":
        return boto3.client("cloudformation", config=CONFIG)

    @cached_property
    def _cloudwatch(self) -> "CloudWatchClient":
        return boto3.client("cloudwatch", config=CONFIG)

    @cached_property
    def _sqs(self) -> "SQSClient":
        return boto3.client("sqs", config=CONFIG)

    def _call(self, operation: str, method: Callable[..., Any], **arguments: Any) -> Any:  # noqa: ANN401
        try:
            return method(**arguments)
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            _raise(operation, error)

    def create_inference_experiment(self, arguments: Mapping[str, Any]) -> None:
        """Create; arguments as of payloads.create."""
        self._call("CreateInferenceExperiment", self._sagemaker.create_inference_experiment, **arguments)

    def update_inference_experiment(self, arguments: Mapping[str, Any]) -> None:
        """Update; arguments as of payloads.update."""
        self._call("UpdateInferenceExperiment", self._sagemaker.update_inference_experiment, **arguments)

    def start_inference_experiment(self, arguments: Mapping[str, Any]) -> None:
        """Start; arguments: Name."""
        self._call("StartInferenceExperiment", self._sagemaker.start_inference_experiment, **arguments)

    def stop_inference_experiment(self, arguments: Mapping[str, Any]) -> None:
        """Stop; arguments as of payloads.stop."""
        self._call("StopInferenceExperiment", self._sagemaker.stop_inference_experiment, **arguments)

    def delete_inference_experiment(self, arguments: Mapping[str, Any]) -> None:
        """Delete; arguments: Name."""
        self._call("DeleteInferenceExperiment", self._sagemaker.delete_inference_experiment, **arguments)

    def add_tags(self, arguments: Mapping[str, Any]) -> None:
        """Set tags; arguments: ResourceArn, Tags."""
        self._call("AddTags", self._sagemaker.add_tags, **arguments)

    def delete_tags(self, arguments: Mapping[str, Any]) -> None:
        """Remove tags; arguments: ResourceArn, TagKeys."""
        self._call("DeleteTags", self._sagemaker.delete_tags, **arguments)

    def get_metric_data(self, arguments: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the MetricDataResults of all pages; arguments: MetricDataQueries, StartTime, EndTime."""
        pages = self._cloudwatch.get_paginator("get_metric_data").paginate(**arguments)
        found: list[Mapping[str, Any]] = self._call(
            "GetMetricData", lambda: [result for page in pages for result in page["MetricDataResults"]]
        )
        return found

    def perform(self, step: Step) -> list[Mapping[str, Any]]:
        """Call the operation of a step; return what it measured, if it measures.

        Raises ExperimentError; KeyError for a step that is no operation.
        """
        methods: Mapping[StepKind, Callable[[Mapping[str, Any]], Any]] = {
            StepKind.CREATE: self.create_inference_experiment,
            StepKind.UPDATE: self.update_inference_experiment,
            StepKind.START: self.start_inference_experiment,
            StepKind.STOP: self.stop_inference_experiment,
            StepKind.DELETE: self.delete_inference_experiment,
            StepKind.ADD_TAGS: self.add_tags,
            StepKind.DELETE_TAGS: self.delete_tags,
            StepKind.MEASURE: self.get_metric_data,
        }
        return methods[step.kind](step.arguments) or []

    def describe_inference_experiment(self, name: str) -> Observed:
        """Return what SageMaker says of an experiment, without tags; ABSENT where there is none."""
        try:
            method = self._sagemaker.describe_inference_experiment
            answer = self._call("DescribeInferenceExperiment", method, Name=name)
        except NotFound:
            return Observed(name)
        endpoint = answer.get("EndpointMetadata") or {}
        return Observed(
            name=name,
            status=_status(answer["Status"], name),
            arn=answer["Arn"],
            configuration=payloads.configuration(answer, name, endpoint.get("EndpointName", "")),
            status_reason=answer.get("StatusReason", ""),
            details=answer,
        )

    def list_tags(self, arn: str) -> dict[str, str]:
        """Return the tags of an experiment; none where it is gone meanwhile."""
        pages = self._sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
        try:
            listed = self._call("ListTags", lambda: [tag for page in pages for tag in page.get("Tags", [])])
        except NotFound:
            return {}
        return {tag["Key"]: tag["Value"] for tag in listed}

    def list_inference_experiments(self, prefix: str) -> Iterator[str]:
        """Yield the names of the experiments whose name begins with `prefix`."""
        pages = self._sagemaker.get_paginator("list_inference_experiments").paginate(NameContains=prefix[:63])
        found = self._call(
            "ListInferenceExperiments",
            lambda: [item["Name"] for page in pages for item in page.get("InferenceExperiments", [])],
        )
        yield from (name for name in found if name.startswith(prefix))

    def describe_stacks(self, stack_id: str) -> str:
        """Return the status of a stack."""
        answer = self._call("DescribeStacks", self._cloudformation.describe_stacks, StackName=stack_id)
        return str(answer["Stacks"][0]["StackStatus"])

    def send_message(self, body: str, delay: int) -> None:
        """Put a message into the waiting queue, to be delivered after `delay` seconds (at most 900)."""
        method = self._sqs.send_message
        self._call("SendMessage", method, QueueUrl=self._queue_url, MessageBody=body, DelaySeconds=delay)
