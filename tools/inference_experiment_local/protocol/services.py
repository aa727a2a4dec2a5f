"""The operations of SQS and CloudFormation that the function calls: SendMessage, DescribeStacks, DescribeStackResource.

One HTTP server on the loopback; the function comes to it through AWS_ENDPOINT_URL_SQS and
AWS_ENDPOINT_URL_CLOUDFORMATION. SQS speaks AWS JSON 1.0, CloudFormation the query protocol, as botocore's
service models say.
"""

import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

from inference_experiment_local.errors import ServiceError
from inference_experiment_local.loopback import LoopbackServer
from inference_experiment_local.protocol.delivery import MAXIMUM_DELAY, WaitQueue
from inference_experiment_local.protocol.stack import Stack
from inference_experiment_local.sagemaker.server import Call, Fault, carry_out

FindStack: TypeAlias = Callable[[str], Stack | None]
"""Name or id of a stack -> the stack; None where it does not exist."""


class CompanionServices(LoopbackServer):
    """SQS and CloudFormation; `queue` receives the messages, `find_stack` returns a stack."""

    def __init__(self, queue: WaitQueue, find_stack: FindStack) -> None:
        self.calls: list[Call] = []
        self._queue = queue
        self._find_stack = find_stack
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    @property
    def queue_url(self) -> str:
        """The URL of the waiting queue."""
        return f"{self.url}/123456789012/wait"

    def fail_next(
        self, operation: str, code: str, *, times: int = 1, status_code: int = 400, after_effect: bool = False
    ) -> None:
        """Answer the next `times` calls of SendMessage or DescribeStacks with an error.

        `after_effect`: done, but the caller gets the error. The code `drop` closes the connection.
        """
        with self._lock:
            error = ServiceError(code, "injected by the test", status_code)
            self._faults.append(Fault(operation, error, times, after_effect))

    def reset(self) -> None:
        """Forget calls and faults."""
        with self._lock:
            self.calls.clear()
            self._faults.clear()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
        """Tell the two protocols apart and answer in the caller's."""
        request = Request(environ)
        target = request.headers.get("X-Amz-Target", "")
        status = 200
        try:
            text = self._answer(target.rpartition(".")[2], request.get_data())
        except ServiceError as error:
            if error.code == "drop":
                environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            status, text = error.status_code, _error(error, is_json=bool(target))
        kind = "application/x-amz-json-1.0" if target else "text/xml"
        response = Response(text, status, {"x-amzn-RequestId": str(uuid.uuid4())}, content_type=kind)
        return response(environ, start_response)

    def _answer(self, operation: str, body: bytes) -> str:
        if operation:
            return json.dumps(self._recorded(operation, json.loads(body)))
        query = dict(parse_qsl(body.decode()))
        return str(self._recorded(query.pop("Action", ""), query))

    def _recorded(self, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON or XML
        with self._lock:
            now = self._queue.clock.now()
            try:
                result = carry_out(self._faults, operation, lambda: self._perform(operation, parameters))
            except ServiceError as error:
                self.calls.append(Call(operation, parameters, now, error.code))
                raise
            self.calls.append(Call(operation, parameters, now, None))
            return result

    def _perform(self, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON or XML
        if operation == "SendMessage":
            return self._send(parameters)
        if operation in ("DescribeStacks", "DescribeStackResource"):
            name = str(parameters.get("StackName"))
            stack = self._find_stack(name)
            if stack is None:
                raise ServiceError("ValidationError", f"Stack with id {name} does not exist")
            return _stacks(stack) if operation == "DescribeStacks" else _resource(stack, parameters)
        raise ServiceError("UnknownOperationException", f"{operation} is not simulated")

    def _send(self, parameters: dict[str, Any]) -> dict[str, Any]:
        delay = parameters.get("DelaySeconds", 0)
        if parameters.get("QueueUrl") != self.queue_url:
            raise ServiceError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        if not isinstance(delay, int) or not 0 <= delay <= MAXIMUM_DELAY:
            raise ServiceError("InvalidParameterValue", f"DelaySeconds must be between 0 and {MAXIMUM_DELAY}.")
        message = self._queue.send(parameters["MessageBody"], delay)
        # botocore checks this digest against what it sent.
        return {"MessageId": message.message_id}


def _error(error: ServiceError, *, is_json: bool) -> str:
    if is_json:
        return json.dumps({"__type": f"com.amazonaws.sqs#{error.code}", "message": error.message})
    text = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    return f"<ErrorResponse><Error><Type>Sender</Type>{text}</Error></ErrorResponse>"


def _stacks(stack: Stack) -> str:
    """Return a DescribeStacksResult with the members that botocore's model requires."""
    members = {
        "StackName": stack.name,
        "StackId": stack.stack_id,
        "CreationTime": "2030-01-01T00:00:00Z",
        "StackStatus": stack.status,
    }
    if stack.updated is not None:
        members["LastUpdatedTime"] = _iso(stack.updated)
    return _result("DescribeStacks", f"<Stacks><member>{_members(members)}</member></Stacks>")


def _resource(stack: Stack, parameters: dict[str, Any]) -> str:
    """Return a DescribeStackResourceResult (API reference, StackResourceDetail)."""
    logical_id = str(parameters.get("LogicalResourceId"))
    resource = stack.resource if logical_id == stack.logical_id else None
    if resource is None:
        raise ServiceError("ValidationError", f"Resource {logical_id} does not exist for stack {stack.name}")
    members = {
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": "Custom::SageMakerInferenceExperiment",
        "ResourceStatus": resource.status,
        "LastUpdatedTimestamp": _iso(resource.updated),
    }
    return _result("DescribeStackResource", f"<StackResourceDetail>{_members(members)}</StackResourceDetail>")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _members(members: dict[str, str]) -> str:
    return "".join(f"<{key}>{escape(value)}</{key}>" for key, value in members.items())


def _result(operation: str, text: str) -> str:
    return f"<{operation}Response><{operation}Result>{text}</{operation}Result></{operation}Response>"
