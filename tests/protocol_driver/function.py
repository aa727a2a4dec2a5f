"""The provider's function as the driver invokes it: in this process, or in AWS's runtime client.

Both have one interface, run on the driver's clock and see AWS only through the environment.
"""

import importlib
import os
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from unittest import mock

import boto3

from inference_experiment_local.sessions import isolated_environment
from lambda_runtime.runtime import LambdaRuntime
from protocol_driver.clock import SteppedClock

FUNCTION_TIMEOUT: Final = 300.0
"""Seconds, as in template.yaml; a test compares them."""
_HANDLER = "inference_experiment.handler"
_DRIVER = Path(__file__).parents[1]
"""The folder of this package, which the process imports the clock of."""
# For good, and before botocore binds the functions of `time`.
_USE_THE_CLOCK = """\
import os, pathlib
from protocol_driver.clock import SteppedClock
clock = SteppedClock(pathlib.Path(os.environ["PROTOCOL_CLOCK"]))
ruling = clock.ruling()
ruling.__enter__()
"""
_NO_PROXIES = dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1")


class ProviderFunction(ABC):
    """A Lambda function; `timeout` is its time limit in seconds and can be changed between invocations."""

    timeout = FUNCTION_TIMEOUT

    @abstractmethod
    def invoke(self, event: Any, request_id: str) -> str:
        """Run the handler on one event; returns how it crashed or failed, nothing for success."""

    @abstractmethod
    def cold_start(self) -> None:
        """Make the next invocation import the handler anew, as a new container does."""


class Context:
    """What Lambda passes as the second argument; the time left is that of the driver's clock."""

    function_name = "provider"

    def __init__(self, clock: SteppedClock, request_id: str, timeout: float) -> None:
        self.aws_request_id = request_id
        self._clock = clock
        self._deadline = clock.now() + timeout

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left; 0 at the end."""
        return max(0, int((self._deadline - self._clock.now()) * 1000))


class InProcessFunction(ProviderFunction):
    """The handler, called in this process: a debugger and coverage see it.

    `environment` is set, and the clock ruled, while an invocation runs and not outside.
    """

    def __init__(self, clock: SteppedClock, environment: Mapping[str, str]) -> None:
        self._clock = clock
        self.environment = {**isolated_environment("us-east-1"), **_NO_PROXIES, **environment}
        self._module: ModuleType | None = None

    def cold_start(self) -> None:
        """Forget the handler's module."""
        self._module = None

    def invoke(self, event: Any, request_id: str) -> str:
        """Run the handler on one event; what it raises is a failure of the outcome."""
        with mock.patch.dict(os.environ, self.environment), self._clock.ruling():
            module = self._imported()
            try:
                module.handler(event, Context(self._clock, request_id, self.timeout))
            except Exception:  # noqa: BLE001 - whatever it is, Lambda reports it and delivers again
                return traceback.format_exc()
        return ""

    def _imported(self) -> ModuleType:
        if self._module is None:
            # As in a new container: the session reads the environment.
            boto3.setup_default_session()
            sys.modules.pop(_HANDLER, None)
            self._module = importlib.import_module(_HANDLER)
        return self._module


class RuntimeFunction(ProviderFunction):
    """The handler in awslambdaric, in a process of its own that shares the clock.

    `task_root` is the code, `directory` a place for the lines that the process runs before anything else: they make it
    use the clock. The process lives inside the with statement of `runtime`.
    """

    def __init__(self, clock: SteppedClock, environment: Mapping[str, str], task_root: Path, directory: Path) -> None:
        self._clock = clock
        boot = directory / "boot"
        boot.mkdir(exist_ok=True)
        self._boot_code = boot / "sitecustomize.py"
        self._boot_code.write_text(_USE_THE_CLOCK)
        python_path = os.pathsep.join(map(str, (task_root, boot, _DRIVER)))
        own = {
            "PYTHONPATH": python_path,
            "PROTOCOL_CLOCK": str(clock.path),
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            **environment,
        }
        self.runtime = LambdaRuntime(task_root, f"{_HANDLER}.handler", own, self.timeout)

    def add_boot_code(self, code: str) -> None:
        """Let each process that starts from now on run this too; its `clock` is the driver's."""
        with self._boot_code.open("a") as file:
            file.write(code)

    def cold_start(self) -> None:
        """End the process; the next invocation starts another."""
        self.runtime.restart()

    def invoke(self, event: Any, request_id: str) -> str:
        """Deliver one event and wait for the outcome."""
        self.runtime.timeout = self.timeout
        with self._clock.ruling():
            invocation = self.runtime.invoke(event, request_id)
        return "" if invocation.error is None else f"{invocation.error}"
