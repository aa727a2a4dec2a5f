"""Faults at the network edge of a function that runs in a process of its own.

`install` is called by the sitecustomize of the process (RuntimeFunction.add_boot_code). It wraps the two places through
which every call of the provider leaves: botocore.httpsession.URLLib3Session.send and http.client.HTTPSConnection, the
latter for the response. Nothing of the provider, crhelper or boto3 is changed; a call that is not to fail goes over the
wire as ever. The plan and the record are files, which outlive a killed process.

A *call* is what the provider's code calls once; the client's own repetitions are *sends* of the same call.
"""

import io
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs

PUT_RESPONSE: Final = "PutResponse"
KILLED: Final = 137
"""Exit status of a process that was killed by SIGKILL, as shells report it."""
KINDS: Final = (
    "killed before",
    "killed after",
    "timed out before",
    "timed out after",
    "throttled",
    "server error",
    "refused",
    "denied",
)
_TIMEOUTS: Final = ("timed out before", "timed out after")
_AFTER: Final = frozenset({"killed after", "timed out after"})
_STATUS: Final = {"throttled": 400, "server error": 500, "denied": 400}
_PUT_STATUS: Final = {"throttled": 503, "server error": 500, "denied": 403}
_CODES: Final = {"throttled": "ThrottlingException", "server error": "InternalFailure", "denied": "AccessDenied"}

Send: TypeAlias = Callable[[], Any]


@dataclass(frozen=True)
class Plan:
    """Which call fails, counted from 0, how, and how many sends of it; `for_good`: every later one like it too."""

    number: int
    kind: str
    sends: int = 1
    for_good: bool = False


class EdgeFiles:
    """The two files through which a test and the edge speak; `directory` exists."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._plan = directory / "fault-plan"
        self._record = directory / "fault-record"

    def write_plan(self, plan: Plan | None) -> None:
        """Plan a fault, or none, and count the calls from 0 again."""
        self._record.write_text("")
        self._plan.write_text(json.dumps(asdict(plan) if plan else None))

    def plan(self) -> Plan | None:
        """Return what was planned."""
        text = self._plan.read_text() if self._plan.exists() else "null"
        members = json.loads(text)
        return Plan(**members) if members else None

    def record(self, operation: str) -> None:
        """Note a call."""
        with self._record.open("a") as file:
            file.write(operation + "\n")

    def calls(self) -> list[str]:
        """Return the operations that were called since `write_plan`, in order."""
        return self._record.read_text().splitlines() if self._record.exists() else []


class Edge:
    """Decides for each send whether it fails."""

    def __init__(self, files: EdgeFiles) -> None:
        self._files = files
        self._call = ""
        self._sends = 0
        self._number = -1

    def pass_through(self, call: str, operation: str, send: Send, failures: Mapping[str, Send]) -> Any:
        """Send, or fail as planned; `call` identifies the call among its sends, `failures` how to by kind."""
        if call != self._call:
            self._call, self._sends = call, 0
            self._number = len(self._files.calls())
            self._files.record(operation)
        self._sends += 1
        plan = self._files.plan()
        if plan is None or not self._is_meant(plan, operation):
            return send()
        if plan.kind in _AFTER:
            send()
        if plan.kind.startswith("killed"):
            os._exit(KILLED)
        return failures[plan.kind]()

    def _is_meant(self, plan: Plan, operation: str) -> bool:
        if plan.for_good:
            calls = self._files.calls()
            return self._number >= plan.number and calls[plan.number] == operation
        return self._number == plan.number and self._sends <= plan.sends


def install(directory: Path) -> None:
    """Make this process fail as planned in the files of a directory."""
    edge = Edge(EdgeFiles(directory))
    _wrap_botocore(edge)
    _wrap_response(edge)


def _wrap_botocore(edge: Edge) -> None:
    from botocore import exceptions  # noqa: PLC0415 - after the clock
    from botocore.httpsession import URLLib3Session  # noqa: PLC0415 - the same

    original = URLLib3Session.send

    def send(session: Any, request: Any) -> Any:
        operation, is_json = _operation(request)
        failures = {kind: _answer(request, kind, is_json=is_json) for kind in _STATUS}
        details = {"endpoint_url": request.url, "error": "injected by the test"}
        failures |= dict.fromkeys(_TIMEOUTS, _raising(exceptions.ReadTimeoutError, **details))
        failures["refused"] = _raising(exceptions.EndpointConnectionError, **details)
        call = _text(request.headers["amz-sdk-invocation-id"])
        return edge.pass_through(call, operation, lambda: original(session, request), failures)

    replace_methods(URLLib3Session, send=send)


def _raising(kind: type[Exception], *arguments: str, **details: str) -> Send:
    def fail() -> Any:
        raise kind(*arguments, **details)

    return fail


def _answer(request: Any, kind: str, *, is_json: bool) -> Send:
    """Return what makes the answer of a service that was not called."""
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - after the clock
    from botocore.compat import HTTPHeaders  # noqa: PLC0415 - the same

    code = _CODES[kind]
    if is_json:
        text = json.dumps({"__type": f"{code}Exception" if code == "AccessDenied" else code, "message": "injected"})
    else:
        text = f"<ErrorResponse><Error><Code>{code}</Code><Message>injected</Message></Error></ErrorResponse>"
    return lambda: AWSResponse(request.url, _STATUS[kind], HTTPHeaders(), _Raw(text.encode()))


class _Raw(io.BytesIO):
    def stream(self, *_: Any, **__: Any) -> Any:
        """Yield the body, as urllib3's responses do."""
        yield self.read()


def _operation(request: Any) -> tuple[str, bool]:
    target = _text(request.headers.get("X-Amz-Target", ""))
    if target:
        return target.rpartition(".")[2], True
    return parse_qs(_text(request.body)).get("Action", ["?"])[0], False


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def replace_methods(owner: type, **members: Any) -> None:
    """Replace methods of a class."""
    for name, member in members.items():
        setattr(owner, name, member)


def _wrap_response(edge: Edge) -> None:
    """Fail where the answer of the PUT is awaited: the request goes out only if it is to arrive."""
    from http.client import HTTPSConnection  # noqa: PLC0415 - as above

    request_of, answer_of = HTTPSConnection.request, HTTPSConnection.getresponse

    def request(self: Any, method: str, url: str, *more: Any, **named: Any) -> None:
        self.delayed_request = lambda: request_of(self, method, url, *more, **named)
        self.delayed_url = url

    def getresponse(self: Any) -> Any:
        def send() -> Any:
            self.delayed_request()
            return answer_of(self)

        failures: dict[str, Send] = {
            kind: partial(SimpleNamespace, status=status) for kind, status in _PUT_STATUS.items()
        }
        failures |= dict.fromkeys(_TIMEOUTS, _raising(TimeoutError, "injected by the test"))
        failures["refused"] = _raising(ConnectionRefusedError, "injected by the test")
        return edge.pass_through(self.delayed_url, PUT_RESPONSE, send, failures)

    replace_methods(HTTPSConnection, request=request, getresponse=getresponse)
