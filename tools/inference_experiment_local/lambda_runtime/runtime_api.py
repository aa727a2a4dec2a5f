"""The server half of the Lambda Runtime API, for one process of the runtime client.

Documented at https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html: the process asks for the next
event, which blocks, and posts the result or the error of each; an error before the first event is an
initialisation error.
"""

import json
import queue
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_PREFIX = "/2018-06-01/runtime/"


@dataclass(frozen=True)
class Delivery:
    """One event on its way to the process; `deadline` is epoch seconds."""

    request_id: str
    event: Any
    deadline: float
    function_arn: str


@dataclass(frozen=True)
class RuntimeEvent:
    """An event of the process, or of its watcher: `kind` is next, response, error, init-error or exit."""

    kind: str
    request_id: str = ""
    body: Any = None


class RuntimeApi(ThreadingHTTPServer):
    """Serves one process on a free port of the loopback; `events` is what happened, in order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.deliveries: queue.Queue[Delivery | None] = queue.Queue()
        self.events: queue.Queue[RuntimeEvent] = queue.Queue()

    def __enter__(self) -> Self:
        """Start serving."""
        threading.Thread(target=self.serve_forever, args=(0.05,), name="lambda-runtime-api", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving and let a waiting process go without an event."""
        self.deliveries.put(None)
        self.shutdown()
        self.server_close()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: RuntimeApi

    def do_GET(self) -> None:
        """Invocation/next."""
        self.server.events.put(RuntimeEvent("next"))
        delivery = self.server.deliveries.get()
        if delivery is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": delivery.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(delivery.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": delivery.function_arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-00000000-{delivery.request_id.replace('-', '')[:24]};Sampled=0",
            "Content-Type": "application/json",
        }
        self._answer(200, json.dumps(delivery.event).encode(), headers)

    def do_POST(self) -> None:
        """Init/error, invocation/ID/response and invocation/ID/error."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parsed = json.loads(body) if body else None
        parts = self.path.removeprefix(_PREFIX).split("/")
        if parts == ["init", "error"]:
            self.server.events.put(RuntimeEvent("init-error", body=parsed))
        else:
            self.server.events.put(RuntimeEvent(parts[-1], parts[1], parsed))
        self._answer(202, b'{"status":"OK"}', {"Content-Type": "application/json"})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the standard library's signature
        """Stay off the terminal."""
