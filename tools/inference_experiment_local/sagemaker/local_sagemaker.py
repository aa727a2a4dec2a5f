"""A SageMaker without an account: moto, with inference experiments that moto does not have.

The status machine is ours and follows what AWS documents (aws-facts 1 and 2); it is a simulation, not
SageMaker. Assumptions that no source states are marked [INF] where they are made. The most important: an
endpoint that already has a live experiment answers ResourceInUse to the creation of another; stopping needs
Running; deletion needs Created, Completed or Cancelled.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.config import Config

from inference_experiment_local.clock import Clock
from inference_experiment_local.errors import ServiceError
from inference_experiment_local.loopback import LoopbackServer
from inference_experiment_local.sagemaker.experiment import TRANSITIONAL, Members
from inference_experiment_local.sagemaker.operations import ExperimentOperations
from inference_experiment_local.sagemaker.server import Call, Fault, SageMakerApplication
from inference_experiment_local.sessions import isolated_session

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ACCOUNT = "123456789012"
"""moto's default account; ministack gets the same one."""
REGION = "us-east-1"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/local"


class LocalSageMaker(LoopbackServer):
    """A SageMaker endpoint on the loopback, served from threads of this process.

    `clock` is its time, `durations` the seconds of each transitional status, `staleness` the seconds for
    which Describe and List return the old status after an action, `deletion_lag` the seconds for which they
    still find what is deleted.
    """

    def __init__(self, region: str = REGION, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self._region = region
        self._session = isolated_session(region)

    def application(self) -> SageMakerApplication:
        """Return a new simulation."""
        # moto takes half a second to import: only those who start it pay.
        from inference_experiment_local.sagemaker.moto_backend import MotoSageMaker  # noqa: PLC0415 - see above

        self._moto = MotoSageMaker(self._region, ACCOUNT)
        arn_prefix = f"arn:aws:sagemaker:{self._region}:{ACCOUNT}:inference-experiment/"
        self._operations = ExperimentOperations(self._moto, self.clock, arn_prefix)
        self._application = SageMakerApplication(self._operations, self._moto, self.clock)
        return self._application

    def client(self) -> "SageMakerClient":
        """Return a boto3 client that talks to this simulation, without retries."""
        config = Config(retries={"total_max_attempts": 1}, proxies={})
        client: SageMakerClient = self._session.client("sagemaker", endpoint_url=self.url, config=config)
        return client

    def add_model(self, name: str) -> None:
        """Make a model, unless there is one of that name."""
        if not self._moto.model_exists(name):
            container = {"Image": f"{ACCOUNT}.dkr.ecr.{self._region}.amazonaws.com/model:1"}
            members = {"ModelName": name, "ExecutionRoleArn": ROLE_ARN, "PrimaryContainer": container}
            self._application.perform("CreateModel", members)

    def add_endpoint(
        self, endpoint_name: str, variant_name: str, model_name: str, instance_type: str = "ml.m5.xlarge"
    ) -> None:
        """Make an endpoint with one production variant of one instance.

        Makes its configuration `<endpoint_name>-config` and, unless it exists, the model too.
        """
        self.add_model(model_name)
        variant: Members = {
            "VariantName": variant_name,
            "ModelName": model_name,
            "InstanceType": instance_type,
            "InitialInstanceCount": 1,
            "InitialVariantWeight": 1.0,
        }
        config = {"EndpointConfigName": f"{endpoint_name}-config"[-63:].lstrip("-")}
        self._application.perform("CreateEndpointConfig", {**config, "ProductionVariants": [variant]})
        self._application.perform("CreateEndpoint", {**config, "EndpointName": endpoint_name})

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
        """Forget experiments, models, endpoints, faults, holds, calls, durations and lags; the clock continues."""
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
        """Make the transition under way end in Cancelled with this StatusReason; raises LookupError or ValueError."""
        with self._settled():
            experiment = self._operations.experiments[name]
            if experiment.status not in TRANSITIONAL:
                raise ValueError(f"{name} is in {experiment.status}, no transition is under way")
            experiment.failure = reason

    def hold(self, name: str, statuses: Iterable[str] = tuple(TRANSITIONAL)) -> None:
        """Freeze the experiment in these transitional statuses until released; it need not exist yet."""
        with self._settled():
            self._operations.life.held[name] = frozenset(str(status) for status in statuses)

    def release(self, name: str) -> None:
        """Let a held transition end: at once if its time is over."""
        with self._settled():
            self._operations.life.held.pop(name, None)
            if name in self._operations.experiments:
                self._operations.experiments[name].not_before = self.clock.now()

    def status(self, name: str) -> str | None:
        """Return the true status whatever Describe returns, None without an experiment; not a recorded call."""
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

        Each variant has ModelName, Role (production, shadow), InstanceType and InstanceCount. Raises LookupError when
        there is no such endpoint.
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
