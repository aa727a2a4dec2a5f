"""The services of the local AWS in the hands of a test: a record of the calls, faults, and transitions that wait."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request

from inference_experiment_local.cloud import LocalCloud
from inference_experiment_local.errors import ServiceError
from inference_experiment_local.sagemaker.experiment import TRANSITIONAL
from inference_experiment_local.sagemaker.local_sagemaker import LocalSageMaker
from inference_experiment_local.sagemaker.metrics import LocalMetrics
from inference_experiment_local.service import AwsService, Call, Members
from protocol_driver.response_bucket import drop_connection


@dataclass
class Fault:
    """An error to answer `times` times to an operation (`*` for any); after the effect or instead of it."""

    operation: str
    error: ServiceError
    times: int
    after_effect: bool


class Controlled(AwsService):
    """A service that records its calls, one after the other, and answers with the faults that a test sets."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._requests = threading.RLock()
        self._calls: list[Call] = []
        self._faults: list[Fault] = []

    @property
    def calls(self) -> list[Call]:
        """The recorded calls, oldest first, as a copy."""
        with self._requests:
            return list(self._calls)

    def calls_of(self, *operations: str) -> list[Call]:
        """Return the recorded calls of these operations."""
        return [call for call in self.calls if call.operation in operations]

    def clear_calls(self) -> None:
        """Forget the recorded calls."""
        with self._requests:
            self._calls.clear()

    def fail_next(
        self,
        operation: str,
        code: str,
        message: str = "injected by the test",
        *,
        times: int = 1,
        status_code: int = 400,
        after_effect: bool = False,
    ) -> None:
        """Answer the next `times` calls of an operation with an error; the operation `*` means any.

        The error comes instead of the effect, or `after_effect`: done, but the caller gets the error. The code `drop`
        closes the connection.
        """
        with self._requests:
            self._faults.append(Fault(operation, ServiceError(code, message, status_code), times, after_effect))

    def reset(self) -> None:
        """Forget calls, faults and whom to call; the clock continues."""
        with self._requests:
            self._calls.clear()
            self._faults.clear()
            self.on_call = None

    def handle(self, operation: str, parameters: Members) -> Members:
        """Perform the operation of a request, record it and tell `on_call`; raises ServiceError."""
        result: Members = {}
        error: ServiceError | None = None
        with self._requests:
            now = self.clock.now()
            try:
                result = self._carried_out(operation, parameters)
            except ServiceError as refusal:
                error = refusal
            call = Call(operation, parameters, now, error.code if error else None)
            self._calls.append(call)
        if self.on_call is not None:
            self.on_call(call)
        if error is not None:
            raise error
        return result

    def _carried_out(self, operation: str, parameters: Members) -> Members:
        """Perform an operation, or raise the error of the first fault that applies to it."""
        fault = next((each for each in self._faults if each.operation in {operation, "*"}), None)
        if fault is None:
            return self.perform(operation, parameters)
        fault.times -= 1
        if fault.times <= 0:
            self._faults.remove(fault)
        if fault.after_effect:
            self.perform(operation, parameters)
        raise fault.error

    def encoded_error(self, request: Request, error: ServiceError) -> str:
        """Return the body that answers with an error; `drop` closes the connection before it is sent."""
        if error.code == "drop":
            drop_connection(request.environ)
        return super().encoded_error(request, error)


class ControlledSageMaker(Controlled, LocalSageMaker):
    """SageMaker, whose transitions a test can hold, release and let fail."""

    @property
    def durations(self) -> dict[str, float]:
        """Seconds that each transitional status lasts, by status; changes apply at once."""
        return self.operations.life.durations

    def reset(self) -> None:
        """Forget also experiments, models, endpoints, holds, durations and lags."""
        super().reset()
        with self._lock:
            self._begin()

    def end_in_cancelled(self, name: str, reason: str) -> None:
        """Make the transition under way end in Cancelled with this StatusReason; raises LookupError or ValueError."""
        with self._settled():
            experiment = self.operations.experiments[name]
            if experiment.status not in TRANSITIONAL:
                raise ValueError(f"{name} is in {experiment.status}, no transition is under way")
            experiment.failure = reason

    def hold(self, name: str, statuses: Iterable[str] = tuple(TRANSITIONAL)) -> None:
        """Freeze the experiment in these transitional statuses until released; it need not exist yet."""
        with self._settled():
            self.operations.life.held[name] = frozenset(str(status) for status in statuses)

    def release(self, name: str) -> None:
        """Let a held transition end: at once if its time is over."""
        with self._settled():
            self.operations.life.held.pop(name, None)
            if name in self.operations.experiments:
                self.operations.experiments[name].not_before = self.clock.now()

    def wait_for(self, name: str, *statuses: str | None, timeout: float = 10.0) -> str | None:
        """Wait in real time until the true status is one of these (None: gone); raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while (status := self.status(name)) not in statuses:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} is in {status} and not in {statuses} after {timeout} s")
            time.sleep(0.01)
        return status


class ControlledMetrics(Controlled, LocalMetrics):
    """CloudWatch."""


class ControlledCloud(LocalCloud):
    """The local AWS as a whole."""

    sagemaker: ControlledSageMaker

    def __init__(self, port: int | None = None) -> None:
        super().__init__(port)
        self.sagemaker = ControlledSageMaker()
