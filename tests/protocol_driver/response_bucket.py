"""The place to which custom resources PUT their responses: HTTPS on the loopback, with faults a test can set.

CloudFormation gives a presigned S3 URL in ResponseURL (aws-facts 6.1). As S3, this answers 200 with an empty
body and overwrites nothing: every accepted response is kept, so that a test can prove that there was exactly
one.
"""

import json
import socket
import ssl
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from werkzeug.serving import BaseWSGIServer
from werkzeug.wrappers import Request, Response

from inference_experiment_local.certificate import Certificates
from inference_experiment_local.clock import Clock
from inference_experiment_local.loopback import LoopbackServer

URL_LIFE: Final = 7200.0
"""Seconds for which a presigned ResponseURL works (aws-facts 6.1)."""


@dataclass(frozen=True)
class BucketResponse:
    """One PUT: the URL's path, the raw body, the body as JSON (None if it is not JSON), when (epoch seconds)."""

    path: str
    raw: bytes
    body: Any
    time: float


@dataclass(frozen=True)
class _Fault:
    """The HTTP status to answer, None to drop the connection, after so many seconds."""

    status: int | None
    seconds: float = 0.0


class ResponseBucket(LoopbackServer):
    """An HTTPS server for custom-resource responses; trust `ca_file` to use it (SSL_CERT_FILE)."""

    def __init__(self, certificates: Certificates, clock: Clock | None = None) -> None:
        self.ca_file = certificates.ca_file
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificates.server_certificate, certificates.server_key)
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        self._responses: list[BucketResponse] = []
        self._attempts: list[BucketResponse] = []
        self._arrivals: dict[str, list[BucketResponse]] = {}
        self._issued: dict[str, float] = {}
        self._faults: list[_Fault] = []
        self._closing = threading.Event()

    def made(self) -> BaseWSGIServer:
        """Return the server, which does not serve yet."""
        server = super().made()
        # The request's own thread shakes hands: a client that does not must not stop the others.
        server.socket = self._tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.ssl_context = self._tls
        return server

    @property
    def url(self) -> str:
        """The URL of the endpoint, by the name that is in the certificate."""
        return super().url.replace("http://127.0.0.1", "https://localhost")

    def __exit__(self, *_: object) -> None:
        """Stop serving; requests that hang are dropped."""
        self._closing.set()
        super().__exit__()

    def issue(self, request_id: str) -> str:
        """Return the ResponseURL of a new request in the form of a presigned one, signed now."""
        self._issued[request_id] = self._clock.now()
        stamp = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
        return f"{self.url}/{request_id}?X-Amz-Expires=7200&X-Amz-Signature=0&X-Amz-Date={stamp}"

    @property
    def responses(self) -> list[BucketResponse]:
        """What was accepted, oldest first, as a copy."""
        with self._lock:
            return list(self._responses)

    def arrivals(self, request_id: str) -> list[BucketResponse]:
        """Return what was accepted for a request, oldest first."""
        with self._lock:
            return list(self._arrivals.get(request_id, ()))

    @property
    def attempts(self) -> list[BucketResponse]:
        """Every PUT that arrived whole while its URL worked, those that met a fault included."""
        with self._lock:
            return list(self._attempts)

    def answer_next(self, status_code: int, times: int = 1) -> None:
        """Answer the next PUTs with this HTTP status instead of accepting them."""
        self._add(_Fault(status_code), times)

    def drop_next(self, times: int = 1) -> None:
        """Close the connection on the next PUTs without an answer."""
        self._add(_Fault(None), times)

    def hang_next(self, seconds: float = 3600.0) -> None:
        """Let the next PUT wait, then drop it."""
        self._add(_Fault(None, seconds), 1)

    def _add(self, fault: _Fault, times: int) -> None:
        with self._lock:
            self._faults += [fault] * times

    def reset(self) -> None:
        """Forget responses and faults."""
        with self._lock:
            for kept in (self._responses, self._attempts, self._arrivals, self._issued, self._faults):
                kept.clear()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        status = self.receive(request.path, request.get_data()) if request.method == "PUT" else 405
        if status is None:
            drop_connection(environ)
        return Response(status=status)(environ, start_response)

    def receive(self, path: str, raw: bytes) -> int | None:
        """Take one PUT; returns the HTTP status to answer, 403 after the URL's life, None to drop the connection."""
        now, request_id = self._clock.now(), path.removeprefix("/")
        if now > self._issued.get(request_id, now) + URL_LIFE:
            return 403
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        response = BucketResponse(path, raw, body, now)
        with self._lock:
            self._attempts.append(response)
            if not self._faults:
                self._responses.append(response)
                self._arrivals.setdefault(request_id, []).append(response)
                return 200
            fault = self._faults.pop(0)
        self._closing.wait(fault.seconds)
        return fault.status


def drop_connection(environ: Any) -> None:
    """Close the connection that a request came by; whatever is answered does not arrive."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
