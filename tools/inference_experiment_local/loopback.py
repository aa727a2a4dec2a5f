"""HTTP servers on the loopback, in threads of this process."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Self

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base class's
        """Keep requests, and clients that give up, off the terminal."""


class LoopbackServer(ABC):
    """Base of a WSGI application that serves itself inside a with statement."""

    _server: BaseWSGIServer | None = None

    @abstractmethod
    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
        """Answer one request."""

    def __enter__(self) -> Self:
        """Serve from a thread, on a free port of the loopback."""
        self._server = self.made()
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(0.05,), name="loopback-server", daemon=True).start()
        return self

    def made(self) -> BaseWSGIServer:
        """Return the server, which does not serve yet."""
        return make_server("127.0.0.1", 0, self, threaded=True, request_handler=_QuietHandler)

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
        return f"http://127.0.0.1:{self._server.server_port}"
