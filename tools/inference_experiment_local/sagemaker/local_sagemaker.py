"""A SageMaker without an account: moto, with inference experiments that moto does not have.

The status machine is ours and follows what AWS documents (aws-facts 1 and 2); it is a simulation, not
SageMaker. Assumptions that no source states are marked [INF] where they are made. The most important: an
endpoint that already has a live experiment answers ResourceInUse to the creation of another; stopping needs
Running; deletion needs Created, Completed or Cancelled.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.model import OperationModel

from inference_experiment_local.clock import Clock
from inference_experiment_local.errors import ServiceError
from inference_experiment_local.sagemaker.captures import REQUESTS, Sink, captured_data
from inference_experiment_local.sagemaker.experiment import SimulatedExperiment, Variants
from inference_experiment_local.sagemaker.journal import CAPTURE, Entry, Journal
from inference_experiment_local.sagemaker.operations import ExperimentOperations
from inference_experiment_local.sagemaker.shapes import operation_model, require_shape
from inference_experiment_local.service import AwsService, Members
from inference_experiment_local.sessions import isolated_session

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ACCOUNT = "123456789012"
"""moto's default account; ministack gets the same one."""
REGION = "us-east-1"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/local"


@dataclass(frozen=True)
class Traffic:
    """A time in epoch seconds in which a variant got requests: `share` of those to the endpoint, up to 1."""

    model_name: str
    since: float
    until: float
    share: float = 1.0


class LocalSageMaker(AwsService):
    """SageMaker; `operations` has the inference experiments, with settings of how long it takes to see changes.

    `on_capture` is called with each object that data capture would write, with the lock held: it must not wait.
    `journal` gets what has to be repeated to come to the same state.
    """

    def __init__(self, region: str = REGION, clock: Clock | None = None) -> None:
        super().__init__(clock or Clock())
        self._region = region
        self._session = isolated_session(region)
        self._lock = threading.RLock()
        self.on_capture: Sink | None = None
        self.journal: Journal | None = None
        self._begin()

    def _begin(self) -> None:
        """Begin without experiments, models and endpoints, and with the durations and lags of the beginning."""
        # moto takes half a second to import: only those who start it pay.
        from inference_experiment_local.sagemaker.moto_backend import MotoSageMaker  # noqa: PLC0415 - see above

        self._moto = MotoSageMaker(self._region, ACCOUNT, self.clock.now)
        arn_prefix = f"arn:aws:sagemaker:{self._region}:{ACCOUNT}:inference-experiment/"
        self.operations = ExperimentOperations(self._moto, self.clock, arn_prefix)
        self.operations.life.on_traffic = self._capture

    def _capture(self, experiment: SimulatedExperiment, begin: float, end: float) -> None:
        if self.on_capture is None:
            return
        for each in captured_data(experiment, begin, end, experiment.captured):
            self.on_capture(each)
        experiment.captured += REQUESTS
        if self.journal is not None:
            self.journal.add_capture(experiment.name, end, experiment.captured)

    def perform(self, operation: str, parameters: Members) -> Members:
        """Perform an operation, by moto where it is not about inference experiments; raises ServiceError."""
        model = operation_model(operation)
        with self._settled() as now:
            require_shape(model.input_shape, parameters)
            handler = self.operations.handler(operation, parameters)
            result = handler(parameters) if handler else self._moto.call(operation, parameters)
            if self.journal is not None:
                self.journal.add_call(operation, parameters, now)
        if handler is not None:
            _check_response(model, result)
        return result

    def restore(self, entries: Iterable[Entry]) -> list[str]:
        """Repeat what a journal holds, each at its time; returns a line for each entry that cannot be repeated."""
        problems: list[str] = []
        life = self.operations.life
        with self._lock:
            # What was captured then has been written.
            on_traffic, life.on_traffic = life.on_traffic, None
            for entry in entries:
                try:
                    with self.clock.held(entry.time):
                        self._repeat(entry)
                except ServiceError as error:
                    problems.append(f"{entry.operation} cannot be repeated: {error}")
            life.on_traffic = on_traffic
        return problems

    def _repeat(self, entry: Entry) -> None:
        if entry.operation != CAPTURE:
            self.perform(entry.operation, entry.parameters)
            return
        with self._settled():
            experiment = self.operations.experiments.get(entry.parameters["Name"])
            if experiment is not None:
                experiment.captured, experiment.captured_until = entry.parameters["Captured"], entry.time

    def statuses(self) -> dict[str, str]:
        """Return the true status of each experiment, by name."""
        with self._settled():
            return {name: each.status.value for name, each in self.operations.experiments.items()}

    def traffic(self, endpoint: str, variant: str) -> list[Traffic]:
        """Return when a variant has had requests, oldest first; what deleted experiments did is forgotten."""
        with self._settled() as now:
            deployment, since = self._moto.deployment(endpoint), self._moto.endpoint_since(endpoint)
            if deployment is None or since is None:
                return []
            present = deployment.variants.get(variant)
            found: list[Traffic] = []
            for experiment in self.operations.experiments.values():
                named = experiment.variants().get(variant) if experiment.endpoint_name == endpoint else None
                if named is None or experiment.ran_since is None:
                    continue
                until = experiment.completion_time or now
                if named.role == "shadow":
                    found.append(Traffic(named.model_name, experiment.ran_since, until, experiment.sampling))
                    since = until
                elif present is None:
                    found.append(Traffic(named.model_name, since, until))
                    since = until
            if present is not None and present.role == "production":
                found.append(Traffic(present.model_name, since, now))
            return found

    def model_environment(self, model_name: str) -> Members:
        """Return the environment variables of a model's first container."""
        with self._lock:
            return self._moto.model_environment(model_name)

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
            self.perform("CreateModel", members)

    def add_endpoint(self, endpoint_name: str, variant_name: str, model_name: str) -> None:
        """Make an endpoint with one production variant of one instance.

        Makes its configuration `<endpoint_name>-config` and, unless it exists, the model too.
        """
        self.add_model(model_name)
        variant: Members = {
            "VariantName": variant_name,
            "ModelName": model_name,
            "InstanceType": "ml.m5.xlarge",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": 1.0,
        }
        config = {"EndpointConfigName": f"{endpoint_name}-config"[-63:].lstrip("-")}
        self.perform("CreateEndpointConfig", {**config, "ProductionVariants": [variant]})
        self.perform("CreateEndpoint", {**config, "EndpointName": endpoint_name})

    @contextmanager
    def _settled(self) -> Iterator[float]:
        """Hold the lock and the clock, with everything brought up to the present time, which is given."""
        with self._lock, self.clock.held() as now:
            self.operations.settle()
            yield now

    def status(self, name: str) -> str | None:
        """Return the true status whatever Describe returns, None without an experiment; not a recorded call."""
        with self._settled():
            experiment = self.operations.experiments.get(name)
            return experiment.status.value if experiment else None

    def endpoint_variants(self, endpoint_name: str) -> Variants:
        """Return what the endpoint runs, by variant name; raises LookupError when there is no such endpoint."""
        with self._settled():
            deployment = self._moto.deployment(endpoint_name)
        if deployment is None:
            raise LookupError(f"no endpoint {endpoint_name}")
        return deployment.variants


def _check_response(model: OperationModel, result: Members) -> None:
    """Hold our own answer against the output shape: a violation is a bug of the simulation and must be loud."""
    try:
        require_shape(model.output_shape, result)
    except ServiceError as problem:
        text = f"BUG IN THE SIMULATION: the answer to {model.name} violates its shape: {problem.message}"
        raise ServiceError("InternalFailure", text, 500) from problem
