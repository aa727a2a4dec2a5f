"""The place to which custom resources PUT their responses: HTTPS on the loopback, with faults a test can set.

CloudFormation gives a presigned S3 URL in ResponseURL (aws-facts 6.1). As S3, this answers 200 with an empty
body and overwrites nothing: every accepted response is kept, so that a test can prove that there was exactly
one.
"""

import json
import socket
import ssl
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from inference_experiment_local.certificate import Certificates, make_certificates


@dataclass(frozen=True)
class BucketResponse:
    """One PUT: the URL's path, the raw body, and the body as JSON (None if it is not JSON)."""

    path: str
    raw: bytes
    body: Any


@dataclass(frozen=True)
class _Fault:
    """The HTTP status to answer, None to drop the connection, after so many seconds."""

    status: int | None
    seconds: float = 0.0


class ResponseBucket:
    """An HTTPS server for custom-resource responses; trust `ca_file` to use it (SSL_CERT_FILE)."""

    def __init__(self, certificates: Certificates | None = None) -> None:
        self._certificates = certificates
        self._resources = ExitStack()
        self._server: _Server
        self._lock = threading.Lock()
        self._responses: list[BucketResponse] = []
        self._attempts: list[BucketResponse] = []
        self._faults: list[_Fault] = []
        self._closing = threading.Event()

    def __enter__(self) -> Self:
        """Start serving."""
        if self._certificates is None:
            directory = self._resources.enter_context(tempfile.TemporaryDirectory(prefix="response-bucket-"))
            self._certificates = make_certificates(Path(directory))
        self._server = _Server(self, self._certificates)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving; requests that hang are dropped."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._resources.close()

    @property
    def ca_file(self) -> Path:
        """The PEM file of the authority."""
        if self._certificates is None:
            raise RuntimeError("ResponseBucket is not running: use it in a with statement")
        return self._certificates.ca_file

    def url(self, request_id: str) -> str:
        """Return a ResponseURL in the form of a presigned one."""
        return f"https://localhost:{self._server.server_port}/{request_id}?X-Amz-Expires=7200&X-Amz-Signature=0"

    @property
    def responses(self) -> list[BucketResponse]:
        """What was accepted, oldest first, as a copy."""
        with self._lock:
            return list(self._responses)

    @property
    def attempts(self) -> list[BucketResponse]:
        """Every PUT that arrived whole, those that met a fault included."""
        with self._lock:
            return list(self._attempts)

    def answer_next(self, status_code: int, times: int = 1) -> None:
        """Answer the next PUTs with this HTTP status instead of accepting them."""
        self._add(_Fault(status_code), times)

    def drop_next(self, times: int = 1) -> None:
        """Close the connection on the next PUTs without an answer."""
        self._add(_Fault(None), times)

    def hang_next(self, seconds: float = 3600.0, times: int = 1) -> None:
        """Let the next PUTs wait, then drop them."""
        self._add(_Fault(None, seconds), times)

    def _add(self, fault: _Fault, times: int) -> None:
        with self._lock:
            self._faults += [fault] * times

    def receive(self, path: str, raw: bytes) -> int | None:
        """Take one PUT; returns the HTTP status to answer, None to drop the connection. For the server."""
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        response = BucketResponse(urlsplit(path).path, raw, body)
        with self._lock:
            self._attempts.append(response)
            if not self._faults:
                self._responses.append(response)
                return 200
            fault = self._faults.pop(0)
        self._closing.wait(fault.seconds)
        return fault.status


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, bucket: ResponseBucket, certificates: Certificates) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bucket = bucket
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificates.server_certificate, certificates.server_key)

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's
        """Shake hands in the request's own thread: a client that does not must not stop the others."""
        with self._context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's
        """Clients that give up are part of the tests, not worth a trace on the terminal."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_PUT(self) -> None:
        """Take a response."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = self.server.bucket.receive(self.path, raw)
        if status is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the standard library's signature
        """Stay off the terminal."""
