"""The base of the simulated services: AWS's JSON protocol, and callbacks for each call."""

import json
import uuid
from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, TypeAlias

from werkzeug.wrappers import Request, Response

from inference_experiment_local.clock import Clock
from inference_experiment_local.errors import ServiceError
from inference_experiment_local.loopback import LoopbackServer

Members: TypeAlias = dict[str, Any]
"""JSON members of a request or a response, named as in the API."""


@dataclass(frozen=True)
class Call:
    """One request; `time` is epoch seconds of the clock, `error` the code answered or None."""

    operation: str
    parameters: Members
    time: float
    error: str | None


class AwsService(LoopbackServer):
    """Base of a service on the loopback, served from threads of this process; a subclass has `perform`.

    `clock` is its time. `on_call` is called with each call, in the thread that served it.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.on_call: Callable[[Call], None] | None = None

    @abstractmethod
    def perform(self, operation: str, parameters: Members) -> Members:
        """Perform an operation without telling anybody; raises ServiceError."""

    def handle(self, operation: str, parameters: Members) -> Members:
        """Perform the operation of a request and tell `on_call`; raises ServiceError."""
        now, code = self.clock.now(), None
        try:
            return self.perform(operation, parameters)
        except ServiceError as error:
            code = error.code
            raise
        finally:
            if self.on_call is not None:
                self.on_call(Call(operation, parameters, now, code))

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
        """Answer one request."""
        request = Request(environ)
        status = 200
        try:
            operation, parameters = self.decoded(request)
            text = self.encoded(request, operation, self.handle(operation, parameters))
        except ServiceError as error:
            status, text = error.status_code, self.encoded_error(request, error)
        headers = {"x-amzn-RequestId": str(uuid.uuid4()), "Date": formatdate(self.clock.now(), usegmt=True)}
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
