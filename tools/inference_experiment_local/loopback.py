"""HTTP servers on the loopback, in threads of this process."""

import threading
from typing import Any, Self

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep requests off the terminal."""


class LoopbackServer:
    """Base of what serves a WSGI application inside a with statement: itself, or what `application` returns."""

    _server: BaseWSGIServer | None = None

    def __enter__(self) -> Self:
        """Serve from a thread, on a free port of the loopback."""
        server = make_server("127.0.0.1", 0, self.application(), threaded=True, request_handler=_QuietHandler)
        threading.Thread(target=server.serve_forever, args=(0.05,), name="loopback-server", daemon=True).start()
        self._server = server
        return self

    def application(self) -> Any:  # noqa: ANN401 - WSGI
        """Return the application to serve."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        """The URL of the endpoint, http and the loopback."""
        if self._server is None:
            raise RuntimeError(f"{type(self).__name__} is not running: use it in a with statement")
        return f"http://127.0.0.1:{self._server.server_port}"
