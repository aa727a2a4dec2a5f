"""Runs a Lambda function in AWS's own runtime client (awslambdaric), as Lambda would.

What is faithful: the event loop, context object, deadline, results, errors, initialisation errors, the kill
at the time limit and a fresh process after a crash. What is not: memory limits, the read-only file system,
freezing between invocations.
"""

import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from inference_experiment_local.errors import LocalAwsError
from inference_experiment_local.sessions import isolated_environment
from lambda_runtime.runtime_api import Delivery, RuntimeApi, RuntimeEvent

_BOOT = """\
import os, runpy, sys, threading
def watch(pipe=sys.stdin.buffer):
    pipe.read()
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
sys.argv = ["awslambdaric", {handler!r}]
runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
"""
"""Runs the runtime client, and ends it when the pipe from the parent breaks: no orphan if the parent is killed."""

_INIT_LIMIT_SECONDS = 10.0
"""Seconds that Lambda gives the initialisation."""


@dataclass(frozen=True)
class Invocation:
    """The outcome of one invocation: `result`, or `error` as the runtime reports it; `duration` in seconds."""

    request_id: str
    result: Any
    error: dict[str, Any] | None
    crashed: bool
    timed_out: bool
    log: str
    duration: float


class _Process:
    """One process of the runtime client with the server that it talks to."""

    def __init__(self, command: list[str], task_root: Path, environment: Mapping[str, str], log: IO[bytes]) -> None:
        self._resources = ExitStack()
        self.api = self._resources.enter_context(RuntimeApi())
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command,
            cwd=task_root,
            env={**environment, "AWS_LAMBDA_RUNTIME_API": self.api.address},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self.ready = False
        threading.Thread(target=self._watch, name="lambda-process", daemon=True).start()

    def _watch(self) -> None:
        code = self.process.wait()
        self.api.events.put(RuntimeEvent("exit", body=code))

    def report(self, deadline: float) -> RuntimeEvent | None:
        """Return the next report; None if there is none by `deadline` (monotonic seconds)."""
        try:
            return self.api.events.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None

    def close(self) -> None:
        """End the process, by its own id."""
        self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._resources.close()


class LambdaRuntime:
    """A Lambda function in a subprocess.

    `task_root` is the unpacked deployment package, `handler` is `module.function`, `timeout` the function's
    time limit in seconds, `environment` its variables. The process gets a clean environment: nothing of the
    caller's leaks in but PATH.
    """

    def __init__(
        self,
        task_root: Path,
        handler: str,
        environment: Mapping[str, str],
        timeout: float,
    ) -> None:
        self.timeout = timeout
        self.init_duration: float | None = None
        self._task_root = task_root
        self._command = [sys.executable, "-c", _BOOT.format(handler=handler)]
        self._environment = {
            **_lambda_environment(handler),
            "LAMBDA_TASK_ROOT": str(task_root),
            "PYTHONPATH": str(task_root),
            **environment,
        }
        self._resources = ExitStack()
        self._log: IO[bytes]
        self._running: _Process | None = None

    def __enter__(self) -> Self:
        """Get ready; the process starts with the first invocation."""
        # A file and not a pipe: what the function wrote before it answered can be read when the answer is here.
        self._log = self._resources.enter_context(tempfile.TemporaryFile())
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.restart()
        self._resources.close()

    def restart(self) -> None:
        """End the process; the next invocation is a cold start."""
        if self._running is not None:
            self._running.close()
            self._running = None

    @property
    def pid(self) -> int | None:
        """The id of the process, None while there is none."""
        return self._running.process.pid if self._running is not None else None

    def start(self) -> None:
        """Start the process and wait until it asks for an event; raises LocalAwsError if it cannot be initialised."""
        process, failure = self._initialised()
        if process is None:
            raise LocalAwsError(f"the function cannot be initialised: {failure}")

    def invoke(self, event: object, request_id: str | None = None) -> Invocation:
        """Deliver one event and wait for the outcome. Give `request_id` to deliver the same request again."""
        identity = request_id or str(uuid.uuid4())
        offset = os.fstat(self._log.fileno()).st_size
        process, failure = self._initialised()
        began = time.monotonic()
        if process is None:
            return self._outcome(identity, offset, began, RuntimeEvent("init-error", body=failure))
        process.ready = False
        process.api.deliveries.put(Delivery(identity, event, time.time() + self.timeout))
        report = process.report(began + self.timeout)
        while report is not None and report.kind == "next":
            report = process.report(began + self.timeout)
        return self._outcome(identity, offset, began, report)

    def _initialised(self) -> tuple[_Process | None, Any]:
        """Return a process that waits for an event, or None and what its initialisation reported."""
        if self._running is None:
            self._running = _Process(self._command, self._task_root, self._environment, self._log)
        process = self._running
        deadline = time.monotonic() + _INIT_LIMIT_SECONDS
        while not process.ready:
            report = process.report(deadline)
            if report is None or report.kind in {"init-error", "exit"}:
                self.restart()
                return None, _failure(report)
            if report.kind == "next":
                process.ready = True
                self.init_duration = time.monotonic() - process.started
        return process, None

    def _outcome(self, request_id: str, offset: int, began: float, report: RuntimeEvent | None) -> Invocation:
        duration = time.monotonic() - began
        crashed = report is not None and report.kind in {"exit", "init-error"}
        if crashed or report is None:
            self.restart()
        error = None
        if report is None:
            text = f"{request_id} Task timed out after {self.timeout:.2f} seconds"
            error = {"errorType": "Sandbox.Timedout", "errorMessage": text}
        elif report.kind != "response":
            error = _failure(report)
        result = report.body if report is not None and report.kind == "response" else None
        return Invocation(request_id, result, error, crashed, report is None, self._log_from(offset), duration)

    def _log_from(self, offset: int) -> str:
        size = os.fstat(self._log.fileno()).st_size - offset
        return os.pread(self._log.fileno(), size, offset).decode(errors="replace")


def _lambda_environment(handler: str) -> dict[str, str]:
    """Return the variables that Lambda sets, with dummy credentials and without the machine's AWS configuration."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONUNBUFFERED": "1",
        "_HANDLER": handler,
        **isolated_environment("us-east-1"),
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/function",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    }


def _failure(report: RuntimeEvent | None) -> dict[str, Any]:
    """Return what Lambda reports for a process that fails, in the form of the runtime's errors."""
    if report is None:
        text = f"initialisation took over {_INIT_LIMIT_SECONDS} seconds"
        return {"errorType": "Sandbox.Timedout", "errorMessage": text}
    if report.kind == "exit":
        return {"errorType": "Runtime.ExitError", "errorMessage": f"Runtime exited with status {report.body}"}
    return dict(report.body or {})
