"""The AWS services beside SageMaker that the function calls: SQS SendMessage, CloudFormation DescribeStacks.

One HTTP server on the loopback; the function comes to it through AWS_ENDPOINT_URL_SQS and
AWS_ENDPOINT_URL_CLOUDFORMATION. SQS speaks AWS JSON 1.0, CloudFormation the query protocol, as botocore's
service models say.
"""

import json
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, TypeAlias
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from inference_experiment_local.protocol.queue import MAXIMUM_DELAY, WaitQueue

StackStatus: TypeAlias = Callable[[str], str | None]
"""Stack id -> status; None for a stack that does not exist."""


@dataclass(frozen=True)
class ServiceCall:
    """One request as recorded; `error` is the code that was answered, None for success."""

    operation: str
    parameters: dict[str, Any]
    error: str | None


@dataclass
class _Fault:
    operation: str
    code: str
    status_code: int
    times: int
    after_effect: bool


class _RefusedError(Exception):
    """An error to answer; also `drop`, for no answer at all."""

    def __init__(self, code: str, message: str, status_code: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status_code = status_code


class CompanionServices:
    """SQS and CloudFormation; `queue` receives the messages, `stack_status` returns the status of a stack."""

    def __init__(self, queue: WaitQueue, stack_status: StackStatus) -> None:
        self.calls: list[ServiceCall] = []
        self._queue = queue
        self._stack_status = stack_status
        self._faults: list[_Fault] = []
        self._lock = threading.Lock()
        self._server: _Server

    def __enter__(self) -> Self:
        """Start serving."""
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The endpoint of both services."""
        return f"http://127.0.0.1:{self._server.server_port}"

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
            self._faults.append(_Fault(operation, code, status_code, times, after_effect))

    def reset(self) -> None:
        """Forget calls and faults."""
        with self._lock:
            self.calls.clear()
            self._faults.clear()

    def answer(self, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON or a status
        """Carry out one call and record it; raises the error to answer. For the server."""
        with self._lock:
            try:
                result = self._carry_out(operation, parameters)
            except _RefusedError as error:
                self.calls.append(ServiceCall(operation, parameters, error.code))
                raise
            self.calls.append(ServiceCall(operation, parameters, None))
            return result

    def _carry_out(self, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - see answer
        fault = next((each for each in self._faults if each.operation == operation), None)
        if fault is None:
            return self._perform(operation, parameters)
        fault.times -= 1
        if fault.times <= 0:
            self._faults.remove(fault)
        if fault.after_effect:
            self._perform(operation, parameters)
        raise _RefusedError(fault.code, "injected by the test", fault.status_code)

    def _perform(self, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - see answer
        if operation == "SendMessage":
            return self._send(parameters)
        if operation == "DescribeStacks":
            name = str(parameters.get("StackName"))
            status = self._stack_status(name)
            if status is None:
                raise _RefusedError("ValidationError", f"Stack with id {name} does not exist")
            return status
        raise _RefusedError("UnknownOperationException", f"{operation} is not simulated")

    def _send(self, parameters: dict[str, Any]) -> dict[str, Any]:
        delay = parameters.get("DelaySeconds", 0)
        if parameters.get("QueueUrl") != self.queue_url:
            raise _RefusedError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        if not isinstance(delay, int) or not 0 <= delay <= MAXIMUM_DELAY:
            raise _RefusedError("InvalidParameterValue", f"DelaySeconds must be between 0 and {MAXIMUM_DELAY}.")
        message = self._queue.send(parameters["MessageBody"], delay)
        # botocore checks this digest against what it sent.
        return {"MessageId": message.message_id}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, services: CompanionServices) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.services = services


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Tell the two protocols apart and answer in the caller's."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.headers.get("X-Amz-Target", "")
        try:
            if target:
                result = self.server.services.answer(target.rpartition(".")[2], json.loads(body))
                self._reply(200, json.dumps(result), "application/x-amz-json-1.0")
            else:
                query = dict(parse_qsl(body.decode()))
                status = self.server.services.answer(query.pop("Action", ""), query)
                self._reply(200, _stacks(query["StackName"], status), "text/xml")
        except _RefusedError as error:
            self._refuse(error, is_json=bool(target))

    def _refuse(self, error: _RefusedError, *, is_json: bool) -> None:
        if error.code == "drop":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif is_json:
            text = json.dumps({"__type": f"com.amazonaws.sqs#{error.code}", "message": str(error)})
            self._reply(error.status_code, text, "application/x-amz-json-1.0")
        else:
            text = f"<Code>{escape(error.code)}</Code><Message>{escape(str(error))}</Message>"
            text = f"<ErrorResponse><Error><Type>Sender</Type>{text}</Error></ErrorResponse>"
            self._reply(error.status_code, text, "text/xml")

    def _reply(self, status: int, text: str, content_type: str) -> None:
        raw = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the standard library's signature
        """Stay off the terminal."""


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
