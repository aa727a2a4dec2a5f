"""The server half of the Lambda Runtime API, for one process of the runtime client.

Documented at https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html: the process asks for the next
event, which blocks, and posts the result or the error of each; an error before the first event is an
initialisation error.
"""

import json
import queue
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from inference_experiment_local.loopback import LoopbackServer

_FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:function"


@dataclass(frozen=True)
class Delivery:
    """One event on its way to the process; `deadline` is epoch seconds."""

    request_id: str
    event: Any
    deadline: float


@dataclass(frozen=True)
class RuntimeEvent:
    """An event of the process, or of its watcher: `kind` is next, response, error, init-error or exit."""

    kind: str
    body: Any = None


class RuntimeApi(LoopbackServer):
    """Serves one process on a free port of the loopback; `events` is what happened, in order."""

    def __init__(self) -> None:
        self.deliveries: queue.Queue[Delivery | None] = queue.Queue()
        self.events: queue.Queue[RuntimeEvent] = queue.Queue()

    def __exit__(self, *_: object) -> None:
        """Stop serving and let a waiting process go without an event."""
        self.deliveries.put(None)
        super().__exit__()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API."""
        return self.url.removeprefix("http://")

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Answer one request of the process."""
        request = Request(environ)
        response = self._next() if request.method == "GET" else self._reported(request)
        return response(environ, start_response)

    def _next(self) -> Response:
        """Invocation/next."""
        self.events.put(RuntimeEvent("next"))
        delivery = self.deliveries.get()
        if delivery is None:
            return Response(status=410)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": delivery.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(delivery.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": _FUNCTION_ARN,
            "Lambda-Runtime-Trace-Id": f"Root=1-00000000-{delivery.request_id.replace('-', '')[:24]};Sampled=0",
        }
        return Response(json.dumps(delivery.event), 200, headers, content_type="application/json")

    def _reported(self, request: Request) -> Response:
        """Init/error, invocation/ID/response and invocation/ID/error."""
        body = request.get_data()
        parsed = json.loads(body) if body else None
        *_, subject, kind = request.path.split("/")
        self.events.put(RuntimeEvent("init-error" if subject == "init" else kind, parsed))
        return Response('{"status":"OK"}', 202, content_type="application/json")
