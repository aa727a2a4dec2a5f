"""One endpoint for every service: what ministack lacks is answered by the simulated SageMaker and its metrics.

An ASGI application around ministack's. Clients so need AWS_ENDPOINT_URL only, as with any emulator.
"""

import asyncio
import http.client
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_METRICS_TARGET: Final = b"GraniteServiceVersion20100801.GetMetricData"
_METRICS_NAMESPACES: Final = (b'"AWS/SageMaker"', b'"/aws/sagemaker/Endpoints"')
_TIMEOUT_SECONDS: Final = 60.0


class Router:
    """`now` tells the time of the local AWS, `on_request` is called before each request that ministack answers."""

    def __init__(
        self,
        ministack: Application,
        sagemaker_url: str,
        metrics_url: str,
        now: Callable[[], float],
        on_request: Callable[[], None],
    ) -> None:
        self._now = now
        self._ministack = ministack
        self._sagemaker_url = sagemaker_url
        self._metrics_url = metrics_url
        self._on_request = on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let ministack answer."""
        if scope["type"] != "http":
            await self._ministack(scope, receive, send)
            return
        send = self._dated(send)
        target = dict(scope["headers"]).get(b"x-amz-target", b"")
        if target.startswith(b"SageMaker."):
            await _forward(self._sagemaker_url, target, await _body(receive), send)
        elif target == _METRICS_TARGET:
            body = await _body(receive)
            if any(namespace in body for namespace in _METRICS_NAMESPACES):
                await _forward(self._metrics_url, target, body, send)
            else:
                await self._ministack(scope, _replay(body, receive), send)
        else:
            self._on_request()
            await self._ministack(scope, receive, send)

    def _dated(self, send: Send) -> Send:
        """Return a function that sends with the date of the local AWS's clock, which all services share."""

        async def send_with_date(message: Any) -> None:  # noqa: ANN401 - a message of ASGI
            if message["type"] == "http.response.start":
                others = [(name, value) for name, value in message["headers"] if name.lower() != b"date"]
                date = formatdate(self._now(), usegmt=True).encode("ascii")
                message = {**message, "headers": [*others, (b"date", date)]}
            await send(message)

        return send_with_date


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a function that gives a body that has been read, and then what comes after it."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Any:  # noqa: ANN401 - a message of ASGI
        return waiting.pop() if waiting else await receive()

    return again


async def _forward(url: str, target: bytes, body: bytes, send: Send) -> None:
    status, headers, answer = await asyncio.to_thread(_answer, url, target, body)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def _answer(url: str, target: bytes, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=_TIMEOUT_SECONDS)
    try:
        headers = {"X-Amz-Target": target.decode("latin-1"), "Content-Type": "application/x-amz-json-1.1"}
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        kept = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in response.getheaders()
            if name.lower() not in {"connection", "server", "transfer-encoding"}
        ]
        return response.status, kept, response.read()
    finally:
        connection.close()
