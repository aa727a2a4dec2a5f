"""A SageMaker without an account: moto, with inference experiments that moto does not have.

The status machine is ours and follows what AWS documents (aws-facts 1 and 2); it is a simulation, not
SageMaker. Assumptions that no source states are marked [INF] where they are made. The most important: an
endpoint that already has a live experiment answers ResourceInUse to the creation of another; stopping needs
Running; deletion needs Created, Completed or Cancelled.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from botocore.config import Config

from inference_experiment_local.clock import Clock
from inference_experiment_local.loopback import LoopbackServer
from inference_experiment_local.sagemaker.controls import SimulationControls
from inference_experiment_local.sagemaker.operations import ExperimentOperations
from inference_experiment_local.sagemaker.server import Call, SageMakerApplication
from inference_experiment_local.sessions import isolated_session

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from inference_experiment_local.sagemaker.experiment import Members

ACCOUNT = "123456789012"
"""moto's default account; ministack gets the same one."""
REGION = "us-east-1"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/local"


class LocalSageMaker(LoopbackServer, SimulationControls):
    """A SageMaker endpoint on the loopback, served from threads of this process.

    `clock` is its time, `durations` the seconds of each transitional status, `staleness` the seconds for
    which Describe and List return the old status after an action, `deletion_lag` the seconds for which they
    still find what is deleted.
    """

    def __init__(self, region: str = REGION, on_call: Callable[[Call], None] | None = None) -> None:
        self.clock = Clock()
        self._region = region
        self._on_call = on_call
        self._session = isolated_session(region)

    def __enter__(self) -> Self:
        """Start serving."""
        # moto takes half a second to import: only those who start it pay.
        from inference_experiment_local.sagemaker.moto_backend import MotoSageMaker  # noqa: PLC0415 - see above

        self._moto = MotoSageMaker(self._region, ACCOUNT)
        arn_prefix = f"arn:aws:sagemaker:{self._region}:{ACCOUNT}:inference-experiment/"
        self._operations = ExperimentOperations(self._moto, self.clock, arn_prefix, self._moto.model_exists)
        self._application = SageMakerApplication(self._operations, self._moto, self.clock)
        self._application.on_call = self._on_call
        self.serve(self._application)
        return self

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
