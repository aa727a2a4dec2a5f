"""The calls of AWS; Describe -> Observed; ClientError -> our errors. Nothing else knows botocore.

The clients are made on first use: a cold start that only answers pays for none of them.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import boto3
from botocore import xform_name
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
from inference_experiment.model import Action, ActionKind, Observed, Status

# One call ends within half a minute, retries included: less than what lifecycle.py keeps for the answer.
CONFIG: Final = Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2})

# aws-facts 1.4, 1.7
_CODES: Final[Mapping[type[ExperimentError], str]] = {
    AccessDenied: "AccessDenied AccessDeniedException NotAuthorized UnauthorizedOperation",
    AlreadyExists: "ResourceInUse",
    Conflict: "ConflictException",
    LimitExceeded: "ResourceLimitExceeded",
    NotFound: "ResourceNotFound",
    Throttled: "RequestLimitExceeded Throttling ThrottlingException TooManyRequestsException",
    Unavailable: "InternalFailure InternalServerError InternalServerException ServiceUnavailable "
    "ServiceUnavailableException",
}
ERROR_CODES: Final = {code: family for family, codes in _CODES.items() for code in codes.split()}
SERVER_ERROR: Final = 500
NOT_FOUND_WORDS: Final = ("could not find", "does not exist", "not found")


def _translate(operation: str, error: ClientError) -> ExperimentError:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", "") or "no message")
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    family = ERROR_CODES.get(code) or (Unavailable if status >= SERVER_ERROR else Refused)
    if family is Refused and operation == "DescribeInferenceExperiment":
        # Some operations of SageMaker say ValidationException "Could not find ..." for what does not exist.
        family = NotFound if any(word in message.lower() for word in NOT_FOUND_WORDS) else Refused
    if family is AccessDenied:
        return AccessDenied(contract.permissions_of(operation)[0].action, message)
    return family(f"{operation}: {message} ({code or status})")


def _translated(operation: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the operation answers
    """Return the answer of a call. Raises ExperimentError."""
    try:
        return call()
    except ClientError as error:
        raise _translate(operation, error) from error
    except ParamValidationError as error:
        raise Refused(f"{operation}: {error}") from error
    except (BotoCoreError, ResponseParserError) as error:
        # The text of a connection error names our endpoint and nothing secret.
        raise Unavailable(f"{operation}: no answer from AWS: {error}") from error


def _status(text: str, name: str) -> Status:
    if text not in list(Status) or text == Status.ABSENT:
        raise UnexpectedStatus(
            f"Experiment {name} has the status {text!r}, which this version of the provider does not know"
        )
    return Status(text)


class Gateway:
    """The AWS operations that the lifecycle needs. Every method raises ExperimentError and nothing else."""

    def __init__(self, queue_url: str = "") -> None:
        self._queue_url = queue_url
        self._clients: dict[str, Any] = {}

    def _client(self, operation: str) -> Any:  # noqa: ANN401 - boto3 makes its clients' classes
        service = contract.service_of(operation)
        if service not in self._clients:
            self._clients[service] = boto3.client(service, config=CONFIG)  # type: ignore[call-overload]
        return self._clients[service]

    def _call(self, operation: str, **arguments: Any) -> Any:  # noqa: ANN401
        method = getattr(self._client(operation), xform_name(operation))
        return _translated(operation, lambda: method(**arguments))

    def _list(self, operation: str, key: str, **arguments: object) -> list[Any]:
        """Return the items of all pages."""
        pages = self._client(operation).get_paginator(xform_name(operation)).paginate(**arguments)
        items: list[Any] = _translated(operation, lambda: [item for page in pages for item in page.get(key, [])])
        return items

    def perform(self, action: Action) -> list[Mapping[str, Any]]:
        """Call the operation of an action; return its measurements. Raises KeyError for an action without one."""
        if action.kind is ActionKind.MEASURE:
            return self.get_metric_data(action.arguments)
        self._call(action.kind, **action.arguments)
        return []

    def get_metric_data(self, arguments: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the MetricDataResults of all pages; arguments: MetricDataQueries, StartTime, EndTime."""
        return self._list("GetMetricData", "MetricDataResults", **arguments)

    def describe_inference_experiment(self, name: str) -> Observed:
        """Return an experiment without its tags; ABSENT where there is none."""
        try:
            answer = self._call("DescribeInferenceExperiment", Name=name)
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
        """Return the tags of an experiment; none where it no longer exists."""
        try:
            return {tag["Key"]: tag["Value"] for tag in self._list("ListTags", "Tags", ResourceArn=arn)}
        except NotFound:
            return {}

    def list_inference_experiments(self, prefix: str) -> Iterator[str]:
        """Yield the names of the experiments whose name begins with `prefix`."""
        items = self._list("ListInferenceExperiments", "InferenceExperiments", NameContains=prefix[:63])
        yield from (item["Name"] for item in items if item["Name"].startswith(prefix))

    def describe_stacks(self, stack_id: str) -> str:
        """Return the status of a stack."""
        return str(self._call("DescribeStacks", StackName=stack_id)["Stacks"][0]["StackStatus"])

    def send_message(self, body: str, delay: int) -> None:
        """Put a message into the wait queue, to be delivered after `delay` seconds (at most 900)."""
        self._call("SendMessage", QueueUrl=self._queue_url, MessageBody=body, DelaySeconds=delay)
