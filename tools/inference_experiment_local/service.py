"""What the simulated services of AWS have in common: the JSON protocol, a record of the calls, and faults."""

import json
import threading
import uuid
from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from werkzeug.wrappers import Request, Response

from inference_experiment_local.clock import Clock
from inference_experiment_local.errors import ServiceError
from inference_experiment_local.loopback import LoopbackServer, drop_connection

Members: TypeAlias = dict[str, Any]
"""JSON members of a request or a response, named as in the API."""


@dataclass(frozen=True)
class Call:
    """One request as recorded; `time` is epoch seconds of the clock, `error` the code answered or None."""

    operation: str
    parameters: Members
    time: float
    error: str | None


@dataclass
class Fault:
    """An error to answer `times` times to an operation (`*` for any); after the effect or instead of it."""

    operation: str
    error: ServiceError
    times: int
    after_effect: bool


class AwsService(LoopbackServer):
    """Base of a service on the loopback, served from threads of this process; a subclass has `perform`.

    `clock` is its time. One lock makes every request atomic. `on_call` is called with each recorded call, in the
    thread that served it.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.on_call: Callable[[Call], None] | None = None
        self._lock = threading.RLock()
        self._calls: list[Call] = []
        self._faults: list[Fault] = []

    @abstractmethod
    def perform(self, operation: str, parameters: Members) -> Members:
        """Perform an operation without recording it and without faults; raises ServiceError."""

    @property
    def calls(self) -> list[Call]:
        """The recorded calls, oldest first, as a copy."""
        with self._lock:
            return list(self._calls)

    def calls_of(self, *operations: str) -> list[Call]:
        """Return the recorded calls of these operations."""
        return [call for call in self.calls if call.operation in operations]

    def clear_calls(self) -> None:
        """Forget the recorded calls."""
        with self._lock:
            self._calls.clear()

    def fail_next(
        self,
        operation: str,
        code: str,
        message: str = "injected by the test",
        *,
        times: int = 1,
        status_code: int = 400,
        after_effect: bool = False,
    ) -> None:
        """Answer the next `times` calls of an operation with an error; the operation `*` means any.

        The error comes instead of the effect, or `after_effect`: done, but the caller gets the error. The code `drop`
        closes the connection.
        """
        with self._lock:
            self._faults.append(Fault(operation, ServiceError(code, message, status_code), times, after_effect))

    def reset(self) -> None:
        """Forget calls, faults and whom to call; the clock continues."""
        with self._lock:
            self._calls.clear()
            self._faults.clear()
            self.on_call = None

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
        """Answer one request."""
        request = Request(environ)
        status = 200
        try:
            operation, parameters = self.decoded(request)
            text = self.encoded(request, operation, self._recorded(operation, parameters))
        except ServiceError as error:
            if error.code == "drop":
                drop_connection(environ)
            status, text = error.status_code, self.encoded_error(request, error)
        headers = {"x-amzn-RequestId": str(uuid.uuid4())}
        response = Response(text, status, headers, content_type="application/x-amz-json-1.1")
        return response(environ, start_response)

    def decoded(self, request: Request) -> tuple[str, Members]:
        """Return the operation and its parameters; raises ServiceError."""
        try:
            parameters = json.loads(request.get_data() or b"{}")
        except ValueError as problem:
            raise ServiceError("SerializationException", str(problem)) from problem
        if not isinstance(parameters, dict):
            raise ServiceError("SerializationException", "the request is not a JSON object")
        return request.headers.get("X-Amz-Target", "").rpartition(".")[2], parameters

    def encoded(self, _request: Request, _operation: str, result: Members) -> str:
        """Return the body that answers a request with a result."""
        return json.dumps(result)

    def encoded_error(self, _request: Request, error: ServiceError) -> str:
        """Return the body that answers a request with an error."""
        return json.dumps({"__type": error.code, "message": error.message})

    def _recorded(self, operation: str, parameters: Members) -> Members:
        result: Members = {}
        error: ServiceError | None = None
        with self._lock:
            now = self.clock.now()
            try:
                result = self._carried_out(operation, parameters)
            except ServiceError as refusal:
                error = refusal
            call = Call(operation, parameters, now, error.code if error else None)
            self._calls.append(call)
        if self.on_call is not None:
            self.on_call(call)
        if error is not None:
            raise error
        return result

    def _carried_out(self, operation: str, parameters: Members) -> Members:
        """Perform an operation, or raise the error of the first fault that applies to it."""
        fault = next((each for each in self._faults if each.operation in {operation, "*"}), None)
        if fault is None:
            return self.perform(operation, parameters)
        fault.times -= 1
        if fault.times <= 0:
            self._faults.remove(fault)
        if fault.after_effect:
            self.perform(operation, parameters)
        raise fault.error
