"""The AWS services beside SageMaker that the function calls: SQS SendMessage, CloudFormation DescribeStacks.

One HTTP server on the loopback; the function comes to it through AWS_ENDPOINT_URL_SQS and
AWS_ENDPOINT_URL_CLOUDFORMATION. SQS speaks AWS JSON 1.0, CloudFormation the query protocol, as botocore's
service models say.
"""

import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

from inference_experiment_local.errors import ServiceError
from inference_experiment_local.loopback import LoopbackServer
from inference_experiment_local.protocol.delivery import MAXIMUM_DELAY, WaitQueue
from inference_experiment_local.sagemaker.server import Call, Fault, carry_out

StackStatus: TypeAlias = Callable[[str], str | None]
"""Stack id -> status; None for a stack that does not exist."""


class CompanionServices(LoopbackServer):
    """SQS and CloudFormation; `queue` receives the messages, `stack_status` returns the status of a stack."""

    def __init__(self, queue: WaitQueue, stack_status: StackStatus) -> None:
        self.calls: list[Call] = []
        self._queue = queue
        self._stack_status = stack_status
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
        status = self._recorded(query.pop("Action", ""), query)
        return _stacks(query["StackName"], status)

    def _recorded(self, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON or a status
        with self._lock:
            now = self._queue.clock.now()
            try:
                result = carry_out(self._faults, operation, lambda: self._perform(operation, parameters))
            except ServiceError as error:
                self.calls.append(Call(operation, parameters, now, error.code))
                raise
            self.calls.append(Call(operation, parameters, now, None))
            return result

    def _perform(self, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON or a status
        if operation == "SendMessage":
            return self._send(parameters)
        if operation == "DescribeStacks":
            name = str(parameters.get("StackName"))
            status = self._stack_status(name)
            if status is None:
                raise ServiceError("ValidationError", f"Stack with id {name} does not exist")
            return status
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


def _stacks(stack_id: str, status: str) -> str:
    """Return a DescribeStacksResult with the members that botocore's model requires."""
    name = stack_id.split("/")[1] if "/" in stack_id else stack_id
    members = {
        "StackName": name,
        "StackId": stack_id,
        "CreationTime": "2030-01-01T00:00:00Z",
        "StackStatus": status,
    }
    text = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in members.items())
    result = f"<DescribeStacksResult><Stacks><member>{text}</member></Stacks></DescribeStacksResult>"
    return f"<DescribeStacksResponse>{result}</DescribeStacksResponse>"
