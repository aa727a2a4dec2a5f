"""HTTP servers on the loopback, in threads of this process."""

import socket
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Self

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base class's
        """Keep requests, and clients that give up, off the terminal."""


class LoopbackServer(ABC):
    """Base of a WSGI application that serves itself inside a with statement; by HTTPS if it has `tls`."""

    tls: ssl.SSLContext | None = None
    _server: BaseWSGIServer | None = None

    @abstractmethod
    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
        """Answer one request."""

    def __enter__(self) -> Self:
        """Serve from a thread, on a free port of the loopback."""
        server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_QuietHandler)
        if self.tls is not None:
            # The request's own thread shakes hands: a client that does not must not stop the others.
            server.socket = self.tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            server.ssl_context = self.tls
        threading.Thread(target=server.serve_forever, args=(0.05,), name="loopback-server", daemon=True).start()
        self._server = server
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        """The URL of the endpoint, on the loopback."""
        if self._server is None:
            raise RuntimeError(f"{type(self).__name__} is not running: use it in a with statement")
        return f"{'http://127.0.0.1' if self.tls is None else 'https://localhost'}:{self._server.server_port}"


def drop_connection(environ: Any) -> None:  # noqa: ANN401 - WSGI
    """Close the connection that a request came by; whatever is answered does not arrive."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
