"""AWS as the function sees it in a scenario: the local SageMaker behind a recorder, a queue, and a stack's status.

A fake at AWS's edge and nowhere else: the function talks to it over HTTP with its own boto3. The recorder notes what
was answered, changes members of an answer where a scenario says so (statuses that SageMaker does not document, say),
and lets the simulated time go on with every look.
"""

import hashlib
import io
import json
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs

from scenario_format import Answer
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from protocol_driver.controlled import ControlledMetrics, ControlledSageMaker

STACK = """<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult>
<Stacks><member><StackName>shop</StackName><CreationTime>2030-01-01T00:00:00Z</CreationTime>
<StackStatus>{status}</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
RESOURCE = """<DescribeStackResourceResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
<DescribeStackResourceResult><StackResourceDetail><LogicalResourceId>Experiment</LogicalResourceId>
<PhysicalResourceId>{id}</PhysicalResourceId><ResourceType>Custom::SageMakerInferenceExperiment</ResourceType>
<LastUpdatedTimestamp>{updated}</LastUpdatedTimestamp><ResourceStatus>{status}</ResourceStatus>
</StackResourceDetail></DescribeStackResourceResult></DescribeStackResourceResponse>"""
ERROR = """<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>
</ErrorResponse>"""
NO_OBJECT = "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"
ERRORS = {"AccessDenied": 403, "Throttling": 400, "missing": 400}


@dataclass(frozen=True)
class Seen:
    """One call: its arguments and, in short, what was answered: an error's code or a status."""

    operation: str
    arguments: Mapping[str, Any]
    answer: str


@dataclass
class Edge:
    """The endpoint of all services; `step` are the seconds of simulated time that pass after each Describe.

    `objects` are those of S3, by bucket and key.
    """

    sagemaker: ControlledSageMaker
    calls: list[Seen] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    answers: tuple[Answer, ...] = ()
    queue_error: str = ""
    stack: str = ""
    resource: Mapping[str, str] = field(default_factory=dict)
    step: float = 1
    metrics: ControlledMetrics = field(default_factory=ControlledMetrics)
    objects: dict[str, bytes] = field(default_factory=dict)
    on_call: Callable[[str, int], None] | None = None
    _server: BaseWSGIServer | None = None

    def __enter__(self) -> Self:
        """Serve on the loopback."""
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_Quiet)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        """The URL of every service."""
        assert self._server
        return f"http://127.0.0.1:{self._server.server_port}"

    def count(self, operation: str) -> int:
        """Return how often an operation was called in this request."""
        return sum(call.operation == operation for call in self.calls)

    def set_stack(self, stack: str, **resource: str) -> None:
        """Let the stack, and with `resource` its resource, show another status."""
        self.stack, self.resource = stack, {**self.resource, **resource}

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        service, _, operation = request.headers.get("X-Amz-Target", "").rpartition(".")
        if service == "SageMaker":
            response = self._sagemaker(environ, operation, request.get_data())
        elif service == "AmazonSQS":
            response = self._sqs(operation, json.loads(request.get_data()))
        elif operation == "GetMetricData":
            response = self._metrics(environ, request.get_data())
        elif request.method == "GET":
            response = self._object(request.path.removeprefix("/"))
        else:
            response = self._cloudformation(parse_qs(request.get_data(as_text=True)))
        if self.on_call:
            self.on_call(self.calls[-1].operation, self.count(self.calls[-1].operation))
        return response(environ, start_response)

    def _sagemaker(self, environ: Any, operation: str, body: bytes) -> Response:
        forwarded = {key: value for key, value in environ.items() if not key.startswith("werkzeug.")}
        forwarded["wsgi.input"] = io.BytesIO(body)
        chunks, status, headers = run_wsgi_app(self.sagemaker, forwarded)
        answer = json.loads(b"".join(chunks))
        nth = self.count(operation) + 1
        for each in self.answers:
            if each.call == operation and each.nth in (0, nth) and status.startswith("200"):
                merged = {**answer, **each.members}
                answer = {key: value for key, value in merged.items() if value is not None}
        self.calls.append(Seen(operation, json.loads(body), answer.get("__type") or answer.get("Status") or ""))
        if operation == "DescribeInferenceExperiment":
            self.sagemaker.clock.advance(self.step)
        return Response(json.dumps(answer), status, content_type=headers["Content-Type"])

    def _metrics(self, environ: Any, body: bytes) -> Response:
        forwarded = {key: value for key, value in environ.items() if not key.startswith("werkzeug.")}
        forwarded["wsgi.input"] = io.BytesIO(body)
        chunks, status, headers = run_wsgi_app(self.metrics, forwarded)
        self.calls.append(Seen("GetMetricData", json.loads(body), ""))
        return Response(b"".join(chunks), status, content_type=headers["Content-Type"])

    def _object(self, place: str) -> Response:
        content = self.objects.get(place)
        bucket, _, key = place.partition("/")
        self.calls.append(Seen("GetObject", {"Bucket": bucket, "Key": key}, "" if content else "NoSuchKey"))
        if content is None:
            return Response(NO_OBJECT, 404, content_type="application/xml")
        return Response(content, content_type="application/json")

    def _sqs(self, operation: str, arguments: Mapping[str, Any]) -> Response:
        self.calls.append(Seen(operation, arguments, self.queue_error))
        if self.queue_error:
            body = {"__type": f"com.amazonaws.sqs#{self.queue_error}", "message": "injected by the scenario"}
            return Response(json.dumps(body), 400, content_type="application/x-amz-json-1.0")
        self.messages.append(arguments["MessageBody"])
        digest = hashlib.md5(arguments["MessageBody"].encode()).hexdigest()
        answer = {"MessageId": str(uuid.uuid4()), "MD5OfMessageBody": digest}
        return Response(json.dumps(answer), content_type="application/x-amz-json-1.0")

    def _cloudformation(self, form: Mapping[str, list[str]]) -> Response:
        operation = form["Action"][0]
        of_stack = operation == "DescribeStacks" or self.stack in ERRORS
        answer = self.stack if of_stack else self.resource["error"] or self.resource["status"]
        self.calls.append(Seen(operation, {"StackName": form["StackName"][0]}, answer))
        if answer in ERRORS:
            code = "ValidationError" if answer == "missing" else answer
            message = "does not exist" if answer == "missing" else "injected"
            return Response(ERROR.format(code=code, message=message), ERRORS[answer], content_type="text/xml")
        form_of = STACK if operation == "DescribeStacks" else RESOURCE
        text = form_of.format(**{**self.resource, "status": answer})
        return Response(text, content_type="text/xml")


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Stay off the terminal."""
