"""The calls of AWS; Describe -> Observed; ClientError -> our errors. Nothing else knows botocore.

The clients are made on first use: a cold start that only answers pays for none of them. No call outlasts what its
invocation has left, whatever AWS or a proxy does: a response that trickles in never times out by itself.
"""

import copy
import math
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Self

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from inference_experiment import contract, payloads
from inference_experiment.backoff import Pressure
from inference_experiment.criteria import incomplete
from inference_experiment.currentness import DELETED, StackResource, StackState
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
from inference_experiment.event import Request
from inference_experiment.model import Action, Observed, Status
from inference_experiment.predictions import MAX_BYTES
from inference_experiment.settings import queue_host

# backoff.py retries, so botocore does not; but nothing else retries a message to the queue.
CONFIG: Final = Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 1})
QUEUE_CONFIG: Final = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 3}))
CALL_SECONDS: Final = 25.0  # for one call, when the invocation has more
MAX_PAGES: Final = 100

# aws-facts 1.4, 1.7
_CODES: Final[Mapping[type[ExperimentError], str]] = {
    AccessDenied: "AccessDenied AccessDeniedException NotAuthorized UnauthorizedOperation",
    AlreadyExists: "ResourceInUse",
    Conflict: "ConflictException",
    LimitExceeded: "ResourceLimitExceeded",
    NotFound: "NoSuchBucket NoSuchKey ResourceNotFound",
    Throttled: "RequestLimitExceeded Throttling ThrottlingException TooManyRequestsException",
    Unavailable: "InternalFailure InternalServerError InternalServerException ServiceUnavailable "
    "ServiceUnavailableException",
}
ERROR_CODES: Final = {code: family for family, codes in _CODES.items() for code in codes.split()}
SERVER_ERROR: Final = 500
# The operations that can only miss the experiment itself.
ABOUT_ONE: Final = frozenset({"DescribeInferenceExperiment", "DeleteInferenceExperiment", "ListTags"})
PUBLISH: Final = "Write it with inference-experiment report NAME --captures --publish"
NOT_FOUND_WORDS: Final = ("could not find", "does not exist", "not found")


def _translate(operation: str, error: ClientError) -> ExperimentError:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", "") or "no message")
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    family = ERROR_CODES.get(code) or (Unavailable if status >= SERVER_ERROR else Refused)
    if family is Refused and operation in ABOUT_ONE:
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
    except ExperimentError:
        raise
    except Exception as error:  # botocore's parsers raise anything on an answer of another form
        raise Unavailable(f"{operation}: an answer of AWS that cannot be read: {type(error).__name__}") from error


def _is_missing(error: ExperimentError) -> bool:
    return isinstance(error, Refused) and any(word in str(error).lower() for word in NOT_FOUND_WORDS)


def _seconds(moment: object) -> float | None:
    return moment.timestamp() if isinstance(moment, datetime) else None


def _within(seconds: float, operation: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it answers
    """Return the answer of a call. Raises Unavailable where it takes longer; the call may still complete."""
    answers: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            answers.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        answer, error = answers.get(timeout=max(0.0, seconds))
    except queue.Empty:
        raise Unavailable(f"{operation}: no answer from AWS within {max(0.0, seconds):.0f} s") from None
    if error:
        raise error
    return answer


def _status(text: object, name: str) -> Status:
    if not isinstance(text, str):
        raise UnexpectedStatus(f"SageMaker's answer about experiment {name} has no status. Retry")
    if text not in list(Status) or text == Status.ABSENT:
        raise UnexpectedStatus(
            f'Experiment {name} has the status "{text}", which this version of the provider does not know'
        )
    return Status(text)


class Gateway:
    """The AWS operations that the lifecycle needs. Every method raises ExperimentError and nothing else.

    `session` makes the clients, such as a boto3 session; boto3's default one where it is None.
    """

    def __init__(self, queue_url: str = "", session: Any = None) -> None:  # noqa: ANN401 - whatever has client()
        self._queue_url = queue_url
        self._session = session or boto3
        self._clients: dict[str, Any] = {}
        self.pressure = Pressure()
        self.left: Callable[[], float] = lambda: math.inf

    def within(self, left: Callable[[], float]) -> Self:
        """Return this gateway with a limit: `left` returns the seconds that a call may take."""
        limited = copy.copy(self)
        limited.left = left
        return limited

    def _client(self, operation: str) -> Any:  # noqa: ANN401 - boto3 makes its clients' classes
        service = contract.service_of(operation)
        if service not in self._clients:
            config = QUEUE_CONFIG if service == "sqs" else CONFIG
            self._clients[service] = self._session.client(service, config=config)
        return self._clients[service]

    def _call(self, operation: str, **arguments: Any) -> Any:  # noqa: ANN401
        method = getattr(self._client(operation), xform_name(operation))
        return self._limited(operation, lambda: method(**arguments))

    def _limited(self, operation: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it answers
        seconds = min(CALL_SECONDS, self.left())
        try:
            answer = _translated(operation, lambda: _within(seconds, operation, call))
        except Throttled:
            self.pressure.rise()
            raise
        self.pressure.fall()
        return answer

    def _list(self, operation: str, key: str, **arguments: object) -> list[Any]:
        """Return the items of all pages. Raises Unavailable where they do not end."""
        items: list[Any] = []
        for _ in range(MAX_PAGES):
            page = self._call(operation, **arguments)
            items += page.get(key) or []
            token = page.get("NextToken")
            if not token or token == arguments.get("NextToken"):
                return items
            arguments["NextToken"] = token
        raise Unavailable(f"{operation}: more than {MAX_PAGES} pages")

    def perform(self, action: Action) -> None:
        """Call the operation of an action."""
        self._call(action.kind, **action.arguments)

    def get_metric_data(self, arguments: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the MetricDataResults of all pages; arguments: MetricDataQueries, StartTime, EndTime.

        Raises Unavailable where they are not complete.
        """
        results = self._list("GetMetricData", "MetricDataResults", **arguments)
        if missing := incomplete(results):
            raise Unavailable(f"GetMetricData: CloudWatch returned incomplete data of {', '.join(missing)}")
        return results

    def get_object(self, arguments: Mapping[str, Any]) -> bytes:
        """Return the content of an object, of a long one the beginning; arguments: Bucket, Key."""
        client = self._client("GetObject")

        def read() -> bytes:
            # Reading the body is a part of the call: a body may trickle in as well.
            return bytes(client.get_object(**arguments)["Body"].read(MAX_BYTES + 1))

        try:
            content: bytes = self._limited("GetObject", read)
        except NotFound as error:
            place = f"s3://{arguments['Bucket']}/{arguments['Key']}"
            raise NotFound(f"PredictionResult {place} does not exist ({error}). {PUBLISH}") from error
        return content

    def describe_inference_experiment(self, name: str) -> Observed:
        """Return an experiment without its tags; ABSENT where there is none."""
        try:
            answer = self._call("DescribeInferenceExperiment", Name=name)
        except NotFound:
            return Observed(name)
        if not answer.get("Arn"):
            text = f"SageMaker's answer about experiment {name} has no Arn, so its owner tag cannot be read"
            raise UnexpectedStatus(f"{text}. Retry")
        endpoint = answer.get("EndpointMetadata") or {}
        return Observed(
            name=name,
            status=_status(answer.get("Status"), name),
            arn=answer["Arn"],
            configuration=payloads.configuration(answer, name, endpoint.get("EndpointName") or ""),
            status_reason=answer.get("StatusReason") or "",
            details=answer,
        )

    def list_tags(self, arn: str) -> dict[str, str]:
        """Return the tags of an experiment; none where it no longer exists."""
        try:
            tags = self._list("ListTags", "Tags", ResourceArn=arn)
            return {tag["Key"]: tag.get("Value") or "" for tag in tags if tag and tag.get("Key")}
        except NotFound:
            return {}

    def list_inference_experiments(self, prefix: str) -> Iterator[str]:
        """Yield the names of the experiments whose name begins with `prefix`."""
        items = self._list("ListInferenceExperiments", "InferenceExperiments", NameContains=prefix[:63])
        names = (str(item.get("Name") or "") for item in items if item)
        yield from (name for name in names if name.startswith(prefix))

    def describe_stack(self, request: Request) -> StackState:
        """Return what CloudFormation says about a request's stack and resource. Raises Throttled, Unavailable."""
        status, updated, problem = "", None, ""
        try:
            status, updated = self._stack_status(request.stack_id)
        except (Refused, AccessDenied) as error:
            if _is_missing(error):
                return DELETED
            problem = str(error)
        try:
            return StackState(status, self._stack_resource(request), problem, updated=updated)
        except (Refused, AccessDenied) as error:
            return StackState(status, None, problem, "" if _is_missing(error) else str(error), updated)

    def _stack_status(self, stack_id: str) -> tuple[str, float | None]:
        stack = next(iter(self._call("DescribeStacks", StackName=stack_id).get("Stacks") or ()), None) or {}
        return str(stack.get("StackStatus") or ""), _seconds(stack.get("LastUpdatedTime"))

    def _stack_resource(self, request: Request) -> StackResource:
        arguments = {"StackName": request.stack_id, "LogicalResourceId": request.logical_id}
        detail = self._call("DescribeStackResource", **arguments).get("StackResourceDetail") or {}
        return StackResource(
            status=str(detail.get("ResourceStatus") or ""),
            physical_id=str(detail.get("PhysicalResourceId") or ""),
            updated=_seconds(detail.get("LastUpdatedTimestamp")),
        )

    def send_message(self, body: str, delay: int) -> None:
        """Put a message into the wait queue, to be delivered after `delay` seconds (at most 900)."""
        if not queue_host(self._queue_url):
            raise Refused(f'SendMessage: "{self._queue_url}" is not the URL of a queue')
        self._call("SendMessage", QueueUrl=self._queue_url, MessageBody=body, DelaySeconds=delay)
