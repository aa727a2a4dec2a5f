"""What a test does to the simulated SageMaker besides calling it: time, faults, holds, a look behind the API."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inference_experiment_local.clock import Clock
from inference_experiment_local.sagemaker.experiment import TRANSITIONAL, Members
from inference_experiment_local.sagemaker.operations import ExperimentOperations
from inference_experiment_local.sagemaker.server import Call, Fault, SageMakerApplication
from inference_experiment_local.sagemaker.service_error import ServiceError

if TYPE_CHECKING:
    from inference_experiment_local.sagemaker.moto_backend import MotoSageMaker


class SimulationControls:
    """The controls of a running simulation; a base class of LocalSageMaker, which makes the parts."""

    clock: Clock
    _moto: "MotoSageMaker"
    _operations: ExperimentOperations
    _application: SageMakerApplication

    @contextmanager
    def _settled(self) -> Iterator[None]:
        """Hold the lock, with everything brought up to the present time."""
        with self._application.lock:
            self._operations.settle()
            yield

    @property
    def durations(self) -> dict[str, float]:
        """Seconds that each transitional status lasts, by status; changes apply at once."""
        return self._operations.life.durations

    @property
    def staleness(self) -> float:
        """Seconds for which Describe and List return the old status after an action."""
        return self._operations.staleness

    @staleness.setter
    def staleness(self, seconds: float) -> None:
        self._operations.staleness = seconds

    @property
    def deletion_lag(self) -> float:
        """Seconds for which a deleted experiment can still be read; 0 means that it is gone at once."""
        return self._operations.deletion_lag

    @deletion_lag.setter
    def deletion_lag(self, seconds: float) -> None:
        self._operations.deletion_lag = seconds

    @property
    def on_call(self) -> Callable[[Call], None] | None:
        """Called with each recorded call, in the thread that served it."""
        return self._application.on_call

    @on_call.setter
    def on_call(self, callback: Callable[[Call], None] | None) -> None:
        self._application.on_call = callback

    def reset(self) -> None:
        """Forget experiments, models, endpoints, faults, holds and calls.

        Set durations and lags back. The clock continues.
        """
        with self._application.lock:
            self._moto.reset()
            self._operations.forget()
            self._application.faults.clear()
            self._application.calls.clear()

    @property
    def calls(self) -> list[Call]:
        """The recorded calls, oldest first, as a copy."""
        with self._application.lock:
            return list(self._application.calls)

    def calls_of(self, *operations: str) -> list[Call]:
        """Return the recorded calls of these operations."""
        return [call for call in self.calls if call.operation in operations]

    def clear_calls(self) -> None:
        """Forget the recorded calls."""
        with self._application.lock:
            self._application.calls.clear()

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

        The error comes instead of the effect, or `after_effect`: done, but the caller gets the error.
        """
        error = ServiceError(code, message, status_code)
        with self._application.lock:
            self._application.faults.append(Fault(operation, error, times, after_effect))

    def end_in_cancelled(self, name: str, reason: str) -> None:
        """Make the transition that is under way end in Cancelled with this StatusReason.

        Raises LookupError or ValueError.
        """
        with self._settled():
            experiment = self._operations.experiments[name]
            if experiment.status not in TRANSITIONAL:
                raise ValueError(f"{name} is in {experiment.status}, no transition is under way")
            experiment.failure = reason

    def hold(self, name: str, statuses: Iterable[str] = tuple(TRANSITIONAL)) -> None:
        """Freeze the experiment in these transitional statuses until released.

        The experiment need not exist yet.
        """
        with self._settled():
            self._operations.life.held[name] = frozenset(str(status) for status in statuses)

    def release(self, name: str) -> None:
        """Let a held transition end: at once if its time is over."""
        with self._settled():
            self._operations.life.held.pop(name, None)
            if name in self._operations.experiments:
                self._operations.experiments[name].not_before = self.clock.now()

    def status(self, name: str) -> str | None:
        """Return the true status, whatever Describe returns.

        None for a missing experiment. Not a recorded call.
        """
        with self._settled():
            experiment = self._operations.experiments.get(name)
            return experiment.status.value if experiment else None

    def wait_for(self, name: str, *statuses: str | None, timeout: float = 10.0) -> str | None:
        """Wait in real time until the true status is one of these (None: gone); raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while (status := self.status(name)) not in statuses:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} is in {status} and not in {statuses} after {timeout} s")
            time.sleep(0.01)
        return status

    def endpoint_variants(self, endpoint_name: str) -> dict[str, Members]:
        """Return what the endpoint runs, by variant name.

        Each variant has ModelName, Role (production, shadow), InstanceType and InstanceCount.

        Raises LookupError when there is no such endpoint.
        """
        with self._settled():
            deployment = self._moto.deployment(endpoint_name)
        if deployment is None:
            raise LookupError(f"no endpoint {endpoint_name}")
        return {
            name: {
                "ModelName": variant.model_name,
                "Role": variant.role,
                "InstanceType": variant.instance_type,
                "InstanceCount": variant.instance_count,
            }
            for name, variant in deployment.variants.items()
        }
